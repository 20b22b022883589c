use std::fmt;

use super::{Delivered, PublishError};

type Callback = Box<dyn FnOnce(Result<Delivered, PublishError>) + Send + Sync>;

/// Where a publisher sends the outcome of a frame. Dropped without an outcome, it sends [`PublishError::Closed`].
#[must_use = "the sender of the frame waits for its outcome"]
pub struct Reply(Option<Callback>);

impl Reply {
    /// `callback` must be short and must not panic: it runs on the thread of the Kafka client.
    pub fn new(callback: impl FnOnce(Result<Delivered, PublishError>) + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(callback)))
    }

    pub fn send(mut self, result: Result<Delivered, PublishError>) {
        if let Some(callback) = self.0.take() {
            callback(result);
        }
    }

    /// For a frame that `send` refuses: the returned error says all.
    pub fn discard(mut self) {
        self.0 = None;
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(callback) = self.0.take() {
            callback(Err(PublishError::Closed));
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}
