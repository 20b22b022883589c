use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use thiserror::Error;

use crate::retry::Retryable;

/// A Kafka operation that failed.
#[derive(Debug, Error)]
#[error("cannot {operation} (topic {topic})")]
pub struct KafkaFailure {
    /// As a verb: `create a consumer`.
    pub operation: &'static str,
    /// `-` if the operation concerns no topic.
    pub topic: String,
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
        !is_permanent(&self.source)
    }
}

/// Whether a retry cannot help until the configuration, the topic or the permissions are changed.
pub(super) fn is_permanent(error: &KafkaError) -> bool {
    if matches!(error, KafkaError::ClientConfig(..) | KafkaError::ClientCreation(_)) {
        return true;
    }
    matches!(
        error.rdkafka_error_code(),
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
