//! Publishes records that cannot be decoded to the dead-letter topic, so that the stream goes on and nothing is lost.

use std::sync::LazyLock;

use prometheus::IntCounterVec;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::FutureRecord;
use tokio_util::sync::CancellationToken;
use vru_proto::names;

use crate::kafka::{KafkaConfig, KafkaFailure, Producer, ProducerOptions, Record};
use crate::metrics;
use crate::retry::Backoff;

static SENT: LazyLock<IntCounterVec> = LazyLock::new(|| {
    metrics::counter_vec(
        "dead_letters_sent_records_total",
        "Records that could not be decoded and were published to the dead-letter topic, by source topic and reason.",
        &["topic", "reason"],
    )
});

/// Publishes rejected records unchanged, with the reason and their topic, partition and offset as headers.
#[derive(Clone)]
pub struct DeadLetters {
    producer: Producer,
    topic: String,
}

impl std::fmt::Debug for DeadLetters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeadLetters({})", self.topic)
    }
}

impl DeadLetters {
    /// Makes a producer for the configured topic.
    pub fn new(config: &KafkaConfig, client_id: &str) -> Result<Self, KafkaFailure> {
        let options = ProducerOptions { client_id: format!("{client_id}-dead-letters"), ..Default::default() };
        Ok(Self { producer: config.producer(&options)?, topic: config.topics().dead_letters })
    }

    /// Publishes one record and waits for the acknowledgement; retries until `cancel`. False if it was cancelled: then the record's offset
    /// must not be committed. `kind` is the metric's label, from a small fixed set; `reason` is the text for the header.
    pub async fn send(&self, record: &Record, kind: &'static str, reason: &str, cancel: &CancellationToken) -> bool {
        tracing::warn!(partition = %record.partition, offset = record.offset, reason, "record cannot be decoded; publishing it to the dead-letter topic");
        let partition = record.partition.number.to_string();
        let offset = record.offset.to_string();
        let headers = [
            (names::HEADER_REASON, reason),
            (names::HEADER_SOURCE_TOPIC, &record.partition.topic),
            (names::HEADER_SOURCE_PARTITION, &partition),
            (names::HEADER_SOURCE_OFFSET, &offset),
        ]
        .into_iter()
        .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }));
        let mut backoff = Backoff::default();
        loop {
            let mut letter: FutureRecord<'_, [u8], [u8]> = FutureRecord::to(&self.topic).headers(headers.clone());
            if let Some(key) = &record.key {
                letter = letter.key(key);
            }
            if let Some(payload) = &record.payload {
                letter = letter.payload(payload);
            }
            // A full queue is retried like any other failure.
            let sent = match self.producer.send(letter) {
                Err((error, _)) => Err(error),
                Ok(delivery) => tokio::select! {
                    delivered = delivery => delivered,
                    () = cancel.cancelled() => return false,
                },
            };
            match sent {
                Ok(_) => {
                    SENT.with_label_values(&[&*record.partition.topic, kind]).inc();
                    return true;
                }
                Err(error) => {
                    tracing::warn!(%error, topic = self.topic, "cannot publish a dead letter; retrying");
                }
            }
            if !backoff.wait(cancel).await {
                return false;
            }
        }
    }
}
