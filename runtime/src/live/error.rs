use crate::redis::RedisError;

/// Live states cannot be written or read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LiveError {
    #[error(transparent)]
    Redis(#[from] RedisError),
    #[error("what Redis has is no live state: {0}")]
    Unreadable(String),
}
