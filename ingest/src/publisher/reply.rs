use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

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

    /// For a client that drops what it was given when it refuses a record: the callback stays here, and is not called by the drop.
    pub(super) fn keep(self) -> KeptReply {
        KeptReply(Arc::new(Mutex::new(Some(self))))
    }
}

/// A [`Reply`] that is in two places: with the client, and with the caller of the client.
#[derive(Clone)]
pub(super) struct KeptReply(Arc<Mutex<Option<Reply>>>);

impl KeptReply {
    pub(super) fn send(self, result: Result<Delivered, PublishError>) {
        // The lock is not held during the callback, which takes locks of its own.
        let reply = self.0.lock().take();
        if let Some(reply) = reply {
            reply.send(result);
        }
    }

    pub(super) fn discard(self) {
        if let Some(reply) = self.0.lock().take() {
            reply.discard();
        }
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
