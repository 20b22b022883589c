use std::time::Duration;

/// Why Redis did not do it. None of them shows a key, a value or a secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RedisError {
    /// There is no connection; nobody waits for one.
    #[error("Redis is not available: {0}")]
    Unavailable(String),
    #[error("Redis did not answer within {0:?}")]
    Timeout(Duration),
    /// The connection was lost, or the server refused the command.
    #[error("Redis failed: {0}")]
    Failed(String),
}

impl RedisError {
    /// For the label `reason`.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "unavailable",
            Self::Timeout(_) => "timeout",
            Self::Failed(_) => "failed",
        }
    }
}

/// The kind and the server's words.
pub(super) fn words(error: &redis::RedisError) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.category()),
        None => error.to_string(),
    }
}
