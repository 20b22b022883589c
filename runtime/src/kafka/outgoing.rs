//! Publishing for the stages, without librdkafka's types: a record, the future of its acknowledgement, and why it failed.

use std::pin::Pin;
use std::task::{Context, Poll};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::FutureRecord;
use thiserror::Error;

use super::error::{is_permanent, is_unauthorised};
use super::producer::{Delivered, DeliveryReport, Producer};
use crate::retry::Retryable;

/// A record to publish. It borrows everything: librdkafka copies key and payload once, into its own queue.
#[derive(Debug, Clone, Copy)]
pub struct OutgoingRecord<'a> {
    pub topic: &'a str,
    /// Chooses the partition, unless one is given; without a key, librdkafka chooses one at random.
    pub key: Option<&'a [u8]>,
    pub partition: Option<i32>,
    /// `None` is a tombstone.
    pub payload: Option<&'a [u8]>,
    /// Names and values.
    pub headers: &'a [(&'a str, &'a str)],
    /// Milliseconds since the Unix epoch; the time of the call when `None`.
    pub timestamp_ms: Option<i64>,
}

impl<'a> OutgoingRecord<'a> {
    /// A record with a key and a payload, without headers.
    pub fn new(topic: &'a str, key: &'a str, payload: &'a [u8]) -> Self {
        Self {
            topic,
            key: Some(key.as_bytes()),
            partition: None,
            payload: Some(payload),
            headers: &[],
            timestamp_ms: None,
        }
    }

    /// The same record to this partition, whatever its key.
    #[must_use]
    pub fn partition(self, number: i32) -> Self {
        Self { partition: Some(number), ..self }
    }

    /// The same record with headers.
    #[must_use]
    pub fn headers(self, headers: &'a [(&'a str, &'a str)]) -> Self {
        Self { headers, ..self }
    }

    fn into_future_record(self) -> FutureRecord<'a, [u8], [u8]> {
        // Without headers, librdkafka needs no list for them.
        let headers = (!self.headers.is_empty()).then(|| {
            self.headers.iter().fold(OwnedHeaders::new_with_capacity(self.headers.len()), |headers, &(key, value)| {
                headers.insert(Header { key, value: Some(value) })
            })
        });
        FutureRecord {
            topic: self.topic,
            partition: self.partition,
            payload: self.payload,
            key: self.key,
            timestamp: self.timestamp_ms,
            headers,
        }
    }
}

/// Why the client refused a record, or Kafka did not acknowledge it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SendError {
    /// The client's queue is full because Kafka is away or slow. The record can be sent again later.
    #[error("the producer's queue is full")]
    QueueFull,
    /// The record is larger than `message.max.bytes` of the client or `max.message.bytes` of the topic.
    #[error("the record is larger than Kafka accepts")]
    TooLarge,
    /// The producer was dropped, or its queue was purged, before the acknowledgement came.
    #[error("the producer was closed before Kafka acknowledged the record")]
    Closed,
    /// Kafka refused the record, and sending it again would not help: no authorization, an invalid topic, or a fatal error
    /// of the producer (see [`Producer::fatal_error`]).
    #[error("Kafka refused the record")]
    Rejected(#[source] KafkaError),
    /// Any other failure. The record can be sent again.
    #[error("the record was not acknowledged")]
    Failed(#[source] KafkaError),
}

impl From<KafkaError> for SendError {
    fn from(error: KafkaError) -> Self {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::QueueFull) => Self::QueueFull,
            Some(
                RDKafkaErrorCode::MessageSizeTooLarge
                | RDKafkaErrorCode::InvalidMessageSize
                | RDKafkaErrorCode::MessageBatchTooLarge,
            ) => Self::TooLarge,
            Some(RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight) => Self::Closed,
            _ if error == KafkaError::Canceled => Self::Closed,
            _ if is_permanent(&error) => Self::Rejected(error),
            _ => Self::Failed(error),
        }
    }
}

impl SendError {
    /// Whether the record can be sent again once an operator has granted a permission, or with a new producer.
    pub(crate) fn can_be_repaired(&self) -> bool {
        match self {
            Self::Rejected(error) => {
                is_unauthorised(error) || error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal)
            }
            Self::QueueFull | Self::Failed(_) | Self::Closed => true,
            Self::TooLarge => false,
        }
    }
}

impl Retryable for SendError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::QueueFull | Self::Failed(_))
    }
}

/// Resolves when Kafka has acknowledged the record, or when the client has given it up.
#[derive(Debug)]
#[must_use = "only this future says whether the record arrived"]
pub struct Acknowledgement(DeliveryReport);

impl Future for Acknowledgement {
    type Output = Result<Delivered, SendError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map_err(SendError::from)
    }
}

impl Producer {
    /// Queues a record; never waits. Records with the same key are delivered in the order of the calls.
    pub fn publish(&self, record: OutgoingRecord<'_>) -> Result<Acknowledgement, SendError> {
        self.send(record.into_future_record()).map(Acknowledgement).map_err(|(error, _)| error.into())
    }

    /// Like [`Producer::publish`], and calls `report` with the outcome on the producer's thread, once. It saves the hand-over to a task, so
    /// it suits many small records. `report` must be short and must not panic. It is not called when this returns an error.
    pub fn publish_with(
        &self,
        record: OutgoingRecord<'_>,
        report: impl FnOnce(Result<Delivered, SendError>) + Send + Sync + 'static,
    ) -> Result<(), SendError> {
        self.send_with(record.into_future_record(), move |delivered| report(delivered.map_err(SendError::from)))
            .map_err(|(error, _)| error.into())
    }

    /// The error after which this producer accepts no record any more; a new producer must take its place.
    pub fn fatal_error(&self) -> Option<String> {
        self.client().fatal_error().map(|(code, reason)| format!("{code}: {reason}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_classified_by_what_the_sender_can_do() {
        let produce = KafkaError::MessageProduction;
        assert_eq!(SendError::from(produce(RDKafkaErrorCode::QueueFull)), SendError::QueueFull);
        assert_eq!(SendError::from(produce(RDKafkaErrorCode::MessageSizeTooLarge)), SendError::TooLarge);
        assert_eq!(SendError::from(produce(RDKafkaErrorCode::PurgeInflight)), SendError::Closed);
        assert_eq!(SendError::from(KafkaError::Canceled), SendError::Closed);
        for code in [RDKafkaErrorCode::Fatal, RDKafkaErrorCode::TopicAuthorizationFailed] {
            assert!(matches!(SendError::from(produce(code)), SendError::Rejected(_)), "{code:?}");
        }
        let timed_out = SendError::from(produce(RDKafkaErrorCode::MessageTimedOut));
        assert!(matches!(timed_out, SendError::Failed(_)) && timed_out.is_retryable());
    }
}
