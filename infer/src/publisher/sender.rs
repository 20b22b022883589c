//! One record, until it is acknowledged.

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::FutureRecord;
use tokio_util::sync::CancellationToken;
use vru_runtime::kafka::{self, Producer};
use vru_runtime::retry::{Backoff, BackoffConfig};

use crate::metrics::{ERRORS, SNAPSHOTS_LOST};

/// A record to send.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub topic: String,
    pub key: String,
    pub payload: Bytes,
    pub headers: OwnedHeaders,
}

/// A record that was sent and is not acknowledged yet.
pub(super) struct Sent {
    letter: Letter,
    /// The payload to send where the first one is too large.
    smaller: Option<Bytes>,
    /// None: it could not be handed to the client before the stop.
    acknowledgement: Option<kafka::Delivery>,
}

#[derive(Clone)]
pub(super) struct Delivery {
    producer: Producer,
    hard: CancellationToken,
}

impl Delivery {
    pub fn new(producer: Producer, hard: CancellationToken) -> Self {
        Self { producer, hard }
    }

    /// Hands a record to the client, in order; waits where its queue is full.
    pub async fn enqueue(&self, letter: Letter, smaller: Option<Bytes>) -> Sent {
        let mut backoff =
            Backoff::new(BackoffConfig { initial: Duration::from_millis(5), max: Duration::from_millis(200) });
        loop {
            let refused = match self.producer.send(record(&letter)) {
                Ok(acknowledgement) => return Sent { letter, smaller, acknowledgement: Some(acknowledgement) },
                Err((error, _)) => error,
            };
            if is_too_large(&refused) && smaller.is_some() {
                // Refused before it was sent; the same place handles that and the broker's refusal.
                return Sent { letter, smaller, acknowledgement: None };
            }
            ERRORS.with_label_values(&["enqueue"]).inc();
            tracing::debug!(error = %refused, topic = letter.topic, "record has to wait");
            if !backoff.wait(&self.hard).await {
                return Sent { letter, smaller: None, acknowledgement: None };
            }
        }
    }

    /// Waits for the acknowledgement, sending again where the client gave up; false when stopped, an error where sending
    /// again cannot help.
    pub async fn acknowledged(&self, sent: Sent) -> anyhow::Result<bool> {
        let Sent { mut letter, mut smaller, mut acknowledgement } = sent;
        let mut backoff = Backoff::default();
        loop {
            let error = match acknowledgement {
                None => KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge),
                Some(acknowledgement) => {
                    let result = tokio::select! {
                        result = acknowledgement => result,
                        () = self.hard.cancelled() => return Ok(false),
                    };
                    match result {
                        Ok(_) => return Ok(true),
                        // The producer was dropped, which happens at the end only.
                        Err(KafkaError::Canceled) => return Ok(false),
                        Err(error) => error,
                    }
                }
            };
            if self.hard.is_cancelled() {
                return Ok(false);
            }
            ERRORS.with_label_values(&["publish"]).inc();
            if is_too_large(&error)
                && let Some(payload) = smaller.take()
            {
                tracing::warn!(
                    topic = letter.topic,
                    bytes = letter.payload.len(),
                    "alert is sent without its snapshot"
                );
                SNAPSHOTS_LOST.with_label_values(&[letter.key.as_str(), "refused"]).inc();
                letter.payload = payload;
            } else if is_final(&error) {
                let Letter { topic, key, .. } = letter;
                return Err(error).with_context(|| format!("publish to {topic} (camera {key})"));
            } else {
                tracing::warn!(%error, topic = letter.topic, "record not acknowledged, sending again");
                if !backoff.wait(&self.hard).await {
                    return Ok(false);
                }
            }
            acknowledgement = self.enqueue(letter.clone(), None).await.acknowledgement;
            if acknowledgement.is_none() {
                return Ok(false);
            }
        }
    }
}

fn record(letter: &Letter) -> FutureRecord<'_, str, [u8]> {
    FutureRecord::to(&letter.topic)
        .key(letter.key.as_str())
        .payload(letter.payload.as_ref())
        .headers(letter.headers.clone())
}

fn is_too_large(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessageSize)
    )
}

fn is_final(error: &KafkaError) -> bool {
    is_too_large(error)
        || matches!(
            error.rdkafka_error_code(),
            Some(
                RDKafkaErrorCode::Fatal
                    | RDKafkaErrorCode::TopicAuthorizationFailed
                    | RDKafkaErrorCode::ClusterAuthorizationFailed
                    | RDKafkaErrorCode::InvalidTopic
            )
        )
}
