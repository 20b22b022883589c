use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use thiserror::Error;

use crate::retry::Retryable;

/// A Kafka operation that failed.
#[derive(Debug, Error)]
#[error("cannot {operation} (topic {topic})")]
pub struct KafkaFailure {
    /// What was tried, as a verb: `create a consumer`.
    pub operation: &'static str,
    /// On which topic; `-` where on none.
    pub topic: String,
    /// What librdkafka said.
    #[source]
    pub source: KafkaError,
}

impl KafkaFailure {
    pub(crate) fn new(operation: &'static str, topic: &str, source: KafkaError) -> Self {
        Self { operation, topic: topic.to_owned(), source }
    }
}

impl Retryable for KafkaFailure {
    fn is_retryable(&self) -> bool {
        if matches!(self.source, KafkaError::ClientConfig(..) | KafkaError::ClientCreation(_)) {
            return false;
        }
        !matches!(
            self.source.rdkafka_error_code(),
            Some(
                RDKafkaErrorCode::MessageSizeTooLarge
                    | RDKafkaErrorCode::InvalidMessageSize
                    | RDKafkaErrorCode::TopicAuthorizationFailed
                    | RDKafkaErrorCode::GroupAuthorizationFailed
                    | RDKafkaErrorCode::ClusterAuthorizationFailed
                    | RDKafkaErrorCode::SaslAuthenticationFailed
                    | RDKafkaErrorCode::InvalidTopic
                    | RDKafkaErrorCode::Fatal
            )
        )
    }
}
