//! Reports that the service cannot continue.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// Keeps the first failure that any thread or task reports. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Failure {
    first: Arc<Mutex<Option<anyhow::Error>>>,
    reported: CancellationToken,
}

impl Failure {
    /// Reports a failure after which the service must end.
    pub fn report(&self, error: anyhow::Error) {
        self.first.lock().get_or_insert(error);
        self.reported.cancel();
    }

    /// Waits until a failure is reported.
    pub async fn reported(&self) {
        self.reported.cancelled().await;
    }

    /// Takes the first failure out.
    pub fn take(&self) -> Option<anyhow::Error> {
        self.first.lock().take()
    }
}
