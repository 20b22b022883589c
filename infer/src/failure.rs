//! How a thread says that the service cannot go on.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// Keeps the first failure and wakes who waits for one.
#[derive(Debug, Clone, Default)]
pub struct Failure {
    first: Arc<Mutex<Option<anyhow::Error>>>,
    reported: CancellationToken,
}

impl Failure {
    /// The service cannot go on.
    pub fn report(&self, error: anyhow::Error) {
        self.first.lock().get_or_insert(error);
        self.reported.cancel();
    }

    /// Waits for a failure.
    pub async fn reported(&self) {
        self.reported.cancelled().await;
    }

    /// The failure, once.
    pub fn take(&self) -> Option<anyhow::Error> {
        self.first.lock().take()
    }
}
