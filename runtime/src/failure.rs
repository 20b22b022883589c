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
        tracing::error!(error = format!("{error:#}"), "a part of the service failed, the service ends");
        self.first.lock().get_or_insert(error);
        self.reported.cancel();
    }

    /// Waits until a failure is reported.
    pub async fn reported(&self) {
        self.reported.cancelled().await;
    }

    pub fn is_reported(&self) -> bool {
        self.reported.is_cancelled()
    }

    /// Takes the first failure out.
    pub fn take(&self) -> Option<anyhow::Error> {
        self.first.lock().take()
    }

    /// Reports a panic of the present thread or task, if it panics before the guard is dropped.
    #[must_use]
    pub fn on_panic(&self, name: impl Into<String>) -> PanicGuard {
        PanicGuard { failure: self.clone(), name: name.into() }
    }
}

/// See [`Failure::on_panic`].
#[derive(Debug)]
pub struct PanicGuard {
    failure: Failure,
    name: String,
}

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.failure.report(anyhow::anyhow!("{} panicked: this is a fault in the program; see the log", self.name));
        }
    }
}
