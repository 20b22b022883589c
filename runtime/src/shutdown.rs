//! Shutdown in two steps. Soft: stop taking new work and drain. Hard: end now.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The cancellation tokens and the tasks of a process, or of one service in it. Cancelling `hard` also cancels `soft`.
#[derive(Debug, Clone)]
pub struct Shutdown {
    /// Take no new work; finish what is in flight.
    pub soft: CancellationToken,
    /// Stop waiting for anything.
    pub hard: CancellationToken,
    /// The tasks to wait for.
    pub tracker: TaskTracker,
}

impl Default for Shutdown {
    fn default() -> Self {
        let hard = CancellationToken::new();
        Self { soft: hard.child_token(), hard, tracker: TaskTracker::new() }
    }
}

impl Shutdown {
    /// For a part that can be stopped alone, and is stopped together with its parent.
    #[must_use]
    pub fn child(&self) -> Self {
        // Each token follows the parent's token of the same kind; the task makes soft follow hard within the child.
        let hard = self.hard.child_token();
        let soft = self.soft.child_token();
        let follow = (hard.clone(), soft.clone());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                follow.0.cancelled().await;
                follow.1.cancel();
            });
        }
        Self { soft, hard, tracker: TaskTracker::new() }
    }

    /// Cancels `soft` on the first SIGTERM or SIGINT; `hard` on the second, or when draining takes longer than `deadline`.
    pub fn on_signals(&self, deadline: Duration) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let this = self.clone();
        tokio::spawn(async move {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
                () = this.soft.cancelled() => "none",
            };
            tracing::info!(signal = name, deadline_s = deadline.as_secs_f64(), "shutting down");
            this.soft.cancel();
            tokio::select! {
                _ = terminate.recv() => tracing::warn!("second signal; stopping without draining"),
                _ = interrupt.recv() => tracing::warn!("second signal; stopping without draining"),
                () = tokio::time::sleep(deadline) => tracing::error!("draining exceeded its deadline; stopping without it"),
                () = this.hard.cancelled() => {}
            }
            this.hard.cancel();
        });
        Ok(())
    }
}
