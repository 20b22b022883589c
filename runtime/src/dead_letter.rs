//! Publishes records that cannot be decoded to the dead-letter topic, so that the stream goes on and nothing is lost.
//!
//! What Kafka can accept after a repair (a missing topic, a missing permission, an outage) is sent until it does; `/ready` names the cause.
//! What it can never accept is cut, and in the end given up and counted: a dead letter must not block the records behind it for ever.

use std::sync::{Arc, LazyLock};

use prometheus::IntCounterVec;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use vru_proto::names;

use crate::kafka::{KafkaConfig, KafkaFailure, OutgoingRecord, ProducerOptions, Record, RenewableProducer, SendError};
use crate::metrics;
use crate::report::chain;
use crate::retry::Backoff;

static SENT: LazyLock<IntCounterVec> = LazyLock::new(|| {
    metrics::counter_vec(
        "dead_letters_sent_records_total",
        "Records that could not be decoded and were published to the dead-letter topic, by source topic and reason.",
        &["topic", "reason"],
    )
});
static CUT: LazyLock<IntCounterVec> = LazyLock::new(|| {
    metrics::counter_vec(
        "dead_letters_cut_records_total",
        "Dead letters that were published without a part of their payload, because Kafka does not accept it whole, by source topic and reason.",
        &["topic", "reason"],
    )
});
static LOST: LazyLock<IntCounterVec> = LazyLock::new(|| {
    metrics::counter_vec(
        "dead_letters_lost_records_total",
        "Dead letters that Kafka never accepts and that were given up, by source topic and cause: too-large or refused.",
        &["topic", "cause"],
    )
});

/// What is kept of a payload that is too large whole.
const CUT_PAYLOAD: usize = 16 * 1024;
/// Bounds of the other parts of a letter. A key of ours is a camera's id.
const MAX_KEY: usize = 1024;
const MAX_REASON: usize = 1024;
/// For the key, the headers, and what Kafka's format adds.
const OVERHEAD: usize = MAX_KEY + MAX_REASON + 2048;

/// Publishes rejected records with the reason and their topic, partition and offset as headers.
#[derive(Clone)]
pub struct DeadLetters {
    producer: Arc<RenewableProducer>,
    topic: Arc<str>,
    max_payload: usize,
    /// One letter at a time: Kafka's limit is that of a batch, and two letters in one would be refused although each fits.
    sending: Arc<Mutex<()>>,
}

impl std::fmt::Debug for DeadLetters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeadLetters({})", self.topic)
    }
}

impl DeadLetters {
    /// Makes a producer for the configured topic.
    pub fn new(config: &KafkaConfig, client_id: &str) -> Result<Self, KafkaFailure> {
        let options = ProducerOptions {
            client_id: format!("{client_id}-dead-letters"),
            // A record that was compressed when it was read may be too large for the topic otherwise.
            compression: "lz4",
            ..Default::default()
        };
        Ok(Self {
            producer: Arc::new(RenewableProducer::new(config, options)?),
            topic: config.topics().dead_letters.into(),
            sending: Arc::default(),
            max_payload: (config.message_max_bytes as usize).saturating_sub(OVERHEAD),
        })
    }

    /// Publishes one record and waits for the acknowledgement. False if `cancel` ended it: then the record's offset must not be committed.
    /// True if the letter is published, or can never be. `kind` is the metric's label, from a small fixed set; `reason` is the text for
    /// the header.
    pub async fn send(&self, record: &Record, kind: &'static str, reason: &str, cancel: &CancellationToken) -> bool {
        let reason = start_of(reason, MAX_REASON);
        tracing::warn!(partition = %record.partition, offset = record.offset, reason, "record cannot be decoded; publishing it to the dead-letter topic");
        let topic = &*record.partition.topic;
        let size = record.payload.as_ref().map_or(0, bytes::Bytes::len);
        let mut kept = if size > self.max_payload { CUT_PAYLOAD.min(self.max_payload) } else { size };
        let mut backoff = Backoff::default();
        loop {
            let error = tokio::select! {
                published = self.publish(record, reason, kept) => match published {
                    Ok(()) => {
                        SENT.with_label_values(&[topic, kind]).inc();
                        if kept < size {
                            CUT.with_label_values(&[topic, kind]).inc();
                        }
                        return true;
                    }
                    Err(error) => error,
                },
                () = cancel.cancelled() => return false,
            };
            if error == SendError::TooLarge && kept > 0 {
                kept = if kept > CUT_PAYLOAD { CUT_PAYLOAD } else { 0 };
                tracing::warn!(partition = %record.partition, offset = record.offset, size, kept, "dead letter is too large; its payload is cut");
            } else if error.can_be_repaired() {
                tracing::warn!(error = %chain(&error), topic = &*self.topic, "cannot publish a dead letter; retrying");
                if !backoff.wait(cancel).await {
                    return false;
                }
            } else {
                let cause = if error == SendError::TooLarge { "too-large" } else { "refused" };
                LOST.with_label_values(&[topic, cause]).inc();
                tracing::error!(error = %chain(&error), partition = %record.partition, offset = record.offset, topic = &*self.topic, "Kafka never accepts this dead letter; it is given up");
                return true;
            }
        }
    }

    /// Publishes the letter with so many bytes of the payload.
    async fn publish(&self, record: &Record, reason: &str, kept: usize) -> Result<(), SendError> {
        let partition = record.partition.number.to_string();
        let offset = record.offset.to_string();
        let payload = record.payload.as_deref();
        let size = payload.map_or(0, <[u8]>::len);
        let original = (kept < size).then(|| (size.to_string(), hex(&Sha256::digest(payload.unwrap_or_default()))));
        let mut headers = vec![
            (names::HEADER_REASON, reason),
            (names::HEADER_SOURCE_TOPIC, &*record.partition.topic),
            (names::HEADER_SOURCE_PARTITION, &partition),
            (names::HEADER_SOURCE_OFFSET, &offset),
        ];
        if let Some((size, hash)) = &original {
            headers.extend([(names::HEADER_ORIGINAL_BYTES, &**size), (names::HEADER_ORIGINAL_SHA256, hash)]);
        }
        let letter = OutgoingRecord {
            topic: &self.topic,
            key: record.key.as_deref().map(|key| &key[..key.len().min(MAX_KEY)]),
            partition: None,
            payload: payload.map(|payload| &payload[..kept]),
            headers: &headers,
            timestamp_ms: None,
        };
        let _sending = self.sending.lock().await;
        self.producer.current().publish(letter)?.await.map(drop)
    }
}

/// At most so many bytes of the text.
fn start_of(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |text, byte| format!("{text}{byte:02x}"))
}
