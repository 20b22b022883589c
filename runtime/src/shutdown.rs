//! Shutdown in two steps. Soft: stop taking new work and drain. Hard: end now. And the tasks of a service: one that fails ends the service.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::failure::Failure;

/// The cancellation tokens and the tasks of a process, or of one service in it. Cancelling `hard` also cancels `soft`.
#[derive(Debug, Clone)]
pub struct Shutdown {
    /// Take no new work; finish what is in flight.
    pub soft: CancellationToken,
    /// Stop waiting for anything.
    pub hard: CancellationToken,
    /// The tasks to wait for.
    pub tracker: TaskTracker,
    /// Reported by a part of the service that cannot continue: the service drains and ends with it.
    pub failure: Failure,
}

impl Default for Shutdown {
    fn default() -> Self {
        let hard = CancellationToken::new();
        Self { soft: hard.child_token(), hard, tracker: TaskTracker::new(), failure: Failure::default() }
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
        Self { soft, hard, tracker: TaskTracker::new(), failure: self.failure.clone() }
    }

    /// Starts a task without which the service does not do its work. If it panics, or ends before the soft stop, the service fails.
    pub fn spawn_essential(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> JoinHandle<()> {
        let (failure, soft) = (self.failure.clone(), self.soft.clone());
        self.spawn(name, async move {
            task.await;
            if !soft.is_cancelled() {
                failure.report(anyhow::anyhow!("{name} ended although nobody stopped it"));
            }
        })
    }

    /// Starts a task that may end at any time. If it panics, the service fails.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        let failure = self.failure.clone();
        self.tracker.spawn(async move {
            let _report = failure.on_panic(name);
            task.await;
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_or_ends_early_fails_the_service() {
        for (name, ends) in [("panics", false), ("ends", true)] {
            let shutdown = Shutdown::default();
            let service = shutdown.child();
            let task = service.spawn_essential(name, async move { assert!(ends, "as asked") });
            shutdown.failure.reported().await;
            assert_eq!(task.await.is_ok(), ends);
            let error = shutdown.failure.take().unwrap().to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }

    #[tokio::test]
    async fn a_task_that_was_stopped_or_may_end_is_no_failure() {
        let shutdown = Shutdown::default();
        shutdown.spawn("short", async {}).await.unwrap();
        let aborted = shutdown.spawn_essential("aborted", std::future::pending());
        aborted.abort();
        assert!(aborted.await.unwrap_err().is_cancelled());
        let stop = shutdown.soft.clone();
        let stopped = shutdown.spawn_essential("stopped", async move { stop.cancelled().await });
        shutdown.soft.cancel();
        stopped.await.unwrap();
        assert!(!shutdown.failure.is_reported());
    }
}
