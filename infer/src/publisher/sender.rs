//! Sends one record until Kafka acknowledges it.

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use vru_proto::names::HEADER_TRACEPARENT;
use vru_runtime::kafka::{Acknowledgement, OutgoingRecord, Producer, SendError};
use vru_runtime::report;
use vru_runtime::retry::{Backoff, BackoffConfig, Retryable as _};

use crate::metrics::{ERRORS, SNAPSHOTS_LOST};

/// A record to send. The payload is shared, not copied, when the record is sent again.
#[derive(Debug)]
pub(super) struct ResultRecord {
    pub topic: String,
    /// The camera's id.
    pub key: String,
    pub payload: Bytes,
    /// The payload to send instead if the record is too large.
    pub smaller_payload: Option<Bytes>,
    pub traceparent: Option<String>,
}

/// A record that was handed to the producer and is not acknowledged yet.
pub(super) struct InFlight {
    record: ResultRecord,
    state: State,
}

enum State {
    Sent(Acknowledgement),
    /// The producer refused the record, and would refuse it again.
    Refused(SendError),
    /// The hard stop came first.
    Stopped,
}

#[derive(Clone)]
pub(super) struct RecordSender {
    producer: Producer,
    hard: CancellationToken,
}

impl RecordSender {
    pub fn new(producer: Producer, hard: CancellationToken) -> Self {
        Self { producer, hard }
    }

    /// Hands a record to the producer, in call order. Waits while the producer's queue is full.
    pub async fn send(&self, record: ResultRecord) -> InFlight {
        let state = self.enqueue(&record).await;
        InFlight { record, state }
    }

    async fn enqueue(&self, record: &ResultRecord) -> State {
        let mut backoff =
            Backoff::new(BackoffConfig { initial: Duration::from_millis(5), max: Duration::from_millis(200) });
        loop {
            let header = record.traceparent.as_deref().map(|traceparent| (HEADER_TRACEPARENT, traceparent));
            let outgoing = OutgoingRecord::new(&record.topic, &record.key, &record.payload).headers(header.as_slice());
            let error = match self.producer.publish(outgoing) {
                Ok(acknowledgement) => return State::Sent(acknowledgement),
                Err(error) if error.is_retryable() => error,
                // `acknowledged` handles this like a refusal by the broker.
                Err(error) => return State::Refused(error),
            };
            ERRORS.with_label_values(&["enqueue"]).inc();
            tracing::debug!(error = %report::chain(&error), topic = record.topic, "record not queued, retrying");
            if !backoff.wait(&self.hard).await {
                return State::Stopped;
            }
        }
    }

    /// Waits for the acknowledgement, and sends the record again if the producer gave it up. `Ok(false)` after the hard
    /// stop; an error if sending again cannot succeed.
    pub async fn acknowledged(&self, in_flight: InFlight) -> anyhow::Result<bool> {
        let InFlight { mut record, mut state } = in_flight;
        let mut backoff = Backoff::default();
        loop {
            let error = match state {
                State::Stopped => return Ok(false),
                State::Refused(error) => error,
                State::Sent(acknowledgement) => {
                    let result = tokio::select! {
                        result = acknowledgement => result,
                        () = self.hard.cancelled() => return Ok(false),
                    };
                    match result {
                        Ok(_) => return Ok(true),
                        // The producer is closed only at the end of the service.
                        Err(SendError::Closed) => return Ok(false),
                        Err(error) => error,
                    }
                }
            };
            if self.hard.is_cancelled() {
                return Ok(false);
            }
            ERRORS.with_label_values(&["publish"]).inc();
            if error == SendError::TooLarge
                && let Some(payload) = record.smaller_payload.take()
            {
                let bytes = record.payload.len();
                tracing::warn!(topic = record.topic, bytes, "alert too large, sending it without its snapshot");
                SNAPSHOTS_LOST.with_label_values(&[record.key.as_str(), "refused"]).inc();
                record.payload = payload;
            } else if error.is_retryable() {
                tracing::warn!(
                    error = %report::chain(&error),
                    topic = record.topic,
                    "record not acknowledged, sending it again"
                );
                if !backoff.wait(&self.hard).await {
                    return Ok(false);
                }
            } else {
                let ResultRecord { topic, key, .. } = record;
                return Err(error).with_context(|| format!("publish to {topic} (camera {key})"));
            }
            state = self.enqueue(&record).await;
        }
    }
}
