use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::KeyError;

/// How long a fetch may take: look-up, connection and answer together.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// Where a key set comes from.
pub trait KeySource: Send + Sync {
    /// For errors and logs.
    fn place(&self) -> &str;

    /// The newest set. Ends within some seconds.
    fn fetch(&self) -> BoxFuture<'_, Result<Bytes, KeyError>>;
}

/// How often a source is asked.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// At most this long after the last success.
    pub every: Duration,
    /// At most so often because tokens have unknown keys.
    pub unknown_key: Duration,
}
