//! Sends one record until Kafka acknowledges it.

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use vru_proto::names::HEADER_TRACEPARENT;
use vru_runtime::kafka::{Acknowledgement, OutgoingRecord, Producer, SendError};
use vru_runtime::report;
use vru_runtime::retry::{Backoff, BackoffConfig, Retryable as _};

use super::shrink::{ResultKind, Smaller, smaller};
use crate::metrics::{CUT_OBJECTS, ERRORS, RULE_STATES_LOST, SNAPSHOTS_LOST, TRACKER_STATES_LOST};

/// How often Kafka may refuse a record of which nothing can be left out before that is an error.
const MAX_REFUSALS_OF_LEAST: u32 = 6;

/// A record to send. The payload is shared, not copied, when the record is sent again.
#[derive(Debug)]
pub(super) struct ResultRecord {
    pub topic: String,
    /// The camera's id.
    pub key: String,
    pub payload: Bytes,
    pub kind: ResultKind,
    /// How many objects were left out because Kafka does not accept so many.
    pub cut_objects: u64,
    pub traceparent: Option<String>,
}

impl ResultRecord {
    /// Leaves something out of a payload that Kafka does not accept. False if nothing is left to leave out.
    fn shrink(&mut self) -> bool {
        let bytes = self.payload.len();
        match smaller(self.kind, &self.payload) {
            Some(Smaller::TrackerState { payload }) => {
                tracing::warn!(
                    camera = self.key,
                    bytes,
                    "detections of a frame are too large; they are sent without the tracker's state"
                );
                TRACKER_STATES_LOST.with_label_values(&[self.key.as_str(), "refused"]).inc();
                self.payload = payload;
                true
            }
            Some(Smaller::RuleState { payload }) => {
                tracing::warn!(
                    camera = self.key,
                    bytes,
                    "detections of a frame are too large; they are sent without the rules' state"
                );
                RULE_STATES_LOST.with_label_values(&[self.key.as_str(), "refused"]).inc();
                self.payload = payload;
                true
            }
            Some(Smaller::Objects { payload, cut }) => {
                tracing::warn!(
                    camera = self.key,
                    bytes,
                    cut,
                    "detections of a frame are too large; the objects with the lowest scores are left out"
                );
                CUT_OBJECTS.with_label_values(&[self.key.as_str()]).inc_by(cut);
                self.cut_objects += cut;
                self.payload = payload;
                true
            }
            Some(Smaller::Snapshot { payload }) => {
                tracing::warn!(camera = self.key, bytes, "alert is too large; it is sent without its snapshot");
                SNAPSHOTS_LOST.with_label_values(&[self.key.as_str(), "refused"]).inc();
                self.payload = payload;
                true
            }
            None => false,
        }
    }
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// Kafka has it, without so many of its objects.
    Acknowledged { cut_objects: u64 },
    /// The hard stop came first.
    Stopped,
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
    pub async fn send(&self, mut record: ResultRecord) -> InFlight {
        let state = self.enqueue(&mut record).await;
        InFlight { record, state }
    }

    async fn enqueue(&self, record: &mut ResultRecord) -> State {
        let mut backoff =
            Backoff::new(BackoffConfig { initial: Duration::from_millis(5), max: Duration::from_millis(200) });
        loop {
            let header = record.traceparent.as_deref().map(|traceparent| (HEADER_TRACEPARENT, traceparent));
            let outgoing = OutgoingRecord::new(&record.topic, &record.key, &record.payload).headers(header.as_slice());
            let error = match self.producer.publish(outgoing) {
                Ok(acknowledgement) => return State::Sent(acknowledgement),
                Err(error) if error.is_retryable() => error,
                // At once, before later records: the camera's order stays.
                Err(SendError::TooLarge) if record.shrink() => continue,
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

    /// Waits for the acknowledgement, and sends the record again if the producer gave it up. An error if sending again
    /// cannot succeed.
    pub async fn acknowledged(&self, in_flight: InFlight) -> anyhow::Result<Sent> {
        let InFlight { mut record, mut state } = in_flight;
        let mut backoff = Backoff::default();
        let (mut refusals, mut refusals_of_least) = (0, 0);
        loop {
            let by_kafka = matches!(state, State::Sent(_));
            let error = match state {
                State::Stopped => return Ok(Sent::Stopped),
                State::Refused(error) => error,
                State::Sent(acknowledgement) => {
                    let result = tokio::select! {
                        result = acknowledgement => result,
                        () = self.hard.cancelled() => return Ok(Sent::Stopped),
                    };
                    match result {
                        Ok(_) => return Ok(Sent::Acknowledged { cut_objects: record.cut_objects }),
                        // The producer is closed only at the end of the service.
                        Err(SendError::Closed) => return Ok(Sent::Stopped),
                        Err(error) => error,
                    }
                }
            };
            if self.hard.is_cancelled() {
                return Ok(Sent::Stopped);
            }
            ERRORS.with_label_values(&["publish"]).inc();
            // Kafka's limit is that of a batch: alone, the record may fit. So it is sent again as it is, later than others of its batch,
            // before something is left out, and some more times when nothing is left to leave out.
            let mut may_fit = false;
            if error == SendError::TooLarge && by_kafka {
                refusals += 1;
                may_fit = true;
                if refusals > 1 {
                    if record.shrink() {
                        backoff.reset();
                    } else {
                        refusals_of_least += 1;
                        may_fit = refusals_of_least <= MAX_REFUSALS_OF_LEAST;
                    }
                }
            }
            if may_fit {
                tracing::debug!(
                    topic = record.topic,
                    bytes = record.payload.len(),
                    refusals,
                    "record or its batch is too large"
                );
                if !backoff.wait(&self.hard).await {
                    return Ok(Sent::Stopped);
                }
            } else if error.is_retryable() {
                tracing::warn!(
                    error = %report::chain(&error),
                    topic = record.topic,
                    "record not acknowledged, sending it again"
                );
                if !backoff.wait(&self.hard).await {
                    return Ok(Sent::Stopped);
                }
            } else {
                let ResultRecord { topic, key, .. } = record;
                return Err(error).with_context(|| format!("publish to {topic} (camera {key})"));
            }
            state = self.enqueue(&mut record).await;
        }
    }
}
