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
        Self { operation, topic: topic.to_owned(), source: without_value(source) }
    }

    /// Whether Kafka did not do it in time.
    pub fn is_timeout(&self) -> bool {
        self.source.rdkafka_error_code() == Some(RDKafkaErrorCode::OperationTimedOut)
    }
}

/// The error of a refused setting without its value, which may be a secret.
pub(super) fn without_value(error: KafkaError) -> KafkaError {
    match error {
        KafkaError::ClientConfig(result, reason, name, value) => {
            let reason = if value.is_empty() { reason } else { reason.replace(&value, "***") };
            KafkaError::ClientConfig(result, reason, name, "***".to_owned())
        }
        other => other,
    }
}

impl Retryable for KafkaFailure {
    fn is_retryable(&self) -> bool {
        !is_permanent(&self.source)
    }
}

/// Whether Kafka refuses for lack of a permission: an operator can grant it while the service runs.
pub(crate) fn is_unauthorised(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::GroupAuthorizationFailed
                | RDKafkaErrorCode::ClusterAuthorizationFailed
                | RDKafkaErrorCode::SaslAuthenticationFailed
        )
    )
}

/// Whether a retry cannot help until the configuration, the topic or the permissions are changed.
pub(super) fn is_permanent(error: &KafkaError) -> bool {
    if matches!(error, KafkaError::ClientConfig(..) | KafkaError::ClientCreation(_)) {
        return true;
    }
    is_unauthorised(error)
        || matches!(
            error.rdkafka_error_code(),
            Some(
                RDKafkaErrorCode::MessageSizeTooLarge
                    | RDKafkaErrorCode::InvalidMessageSize
                    | RDKafkaErrorCode::InvalidTopic
                    | RDKafkaErrorCode::InvalidRecord
                    | RDKafkaErrorCode::InvalidTimestamp
                    | RDKafkaErrorCode::PolicyViolation
                    | RDKafkaErrorCode::UnsupportedCompressionType
                    | RDKafkaErrorCode::Fatal
            )
        )
}
