//! Stopping in two steps. Soft: stop at the source and drain. Hard: leave now.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tokens and the tasks of one process or one service in it. Cancelling `hard` cancels `soft` too.
#[derive(Debug, Clone)]
pub struct Shutdown {
    /// Take nothing new; finish what is there.
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
    /// A part that can be stopped alone and is stopped with the whole.
    #[must_use]
    pub fn child(&self) -> Self {
        // A child's soft token must follow the parent's soft token, its hard token the parent's hard one.
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

    /// Cancels softly on the first SIGTERM or SIGINT; hard on the second, or when draining takes longer than `deadline`.
    pub fn on_signals(&self, deadline: Duration) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let this = self.clone();
        tokio::spawn(async move {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
                () = this.soft.cancelled() => "a request",
            };
            tracing::info!(signal = name, deadline_s = deadline.as_secs_f64(), "shutting down");
            this.soft.cancel();
            tokio::select! {
                _ = terminate.recv() => tracing::warn!("second signal, stopping without draining"),
                _ = interrupt.recv() => tracing::warn!("second signal, stopping without draining"),
                () = tokio::time::sleep(deadline) => tracing::error!("draining missed its deadline"),
                () = this.hard.cancelled() => {}
            }
            this.hard.cancel();
        });
        Ok(())
    }
}
