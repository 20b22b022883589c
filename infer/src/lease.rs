//! Whether the partitions are still ours, after a time in which nothing of this process ran.
//!
//! A worker that was stopped (SIGSTOP, a frozen virtual machine, a host without memory) and let go does not know that another has
//! its cameras: it would publish what it had in hand behind newer frames. So before anything is published after a pause that may
//! have cost the membership, the group's coordinator is asked: it takes a commit from members only.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use vru_runtime::kafka::Committer;
use vru_runtime::report;
use vru_runtime::retry::{Backoff, BackoffConfig};

use crate::metrics::ERRORS;
use crate::offsets::Offsets;

/// How often the process proves to itself that it runs.
const TICK: Duration = Duration::from_millis(200);
/// How long the coordinator may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// Known to whoever publishes.
#[derive(Debug)]
pub struct Lease {
    started: Instant,
    /// Without running for so long, the membership may be gone.
    limit: Duration,
    /// Milliseconds from `started` to the last tick.
    ticked: AtomicU64,
    doubted: AtomicBool,
}

impl Lease {
    /// For a member whose session ends after `session_timeout` of silence. Heartbeats come before half of it is over, so a
    /// shorter pause costs nothing.
    pub fn new(session_timeout: Duration) -> Arc<Self> {
        let (ticked, doubted) = (AtomicU64::new(0), AtomicBool::new(false));
        Arc::new(Self { started: Instant::now(), limit: session_timeout / 2, ticked, doubted })
    }

    /// Notices pauses, until stopped.
    pub async fn watch(self: Arc<Self>, stop: CancellationToken) {
        loop {
            self.tick(self.started.elapsed());
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    fn tick(&self, now: Duration) {
        // The doubt first: whoever sees the new tick sees it too.
        if self.paused(now) {
            self.doubted.store(true, Ordering::SeqCst);
        }
        self.ticked.store(u64::try_from(now.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    fn paused(&self, now: Duration) -> bool {
        now.saturating_sub(Duration::from_millis(self.ticked.load(Ordering::SeqCst))) > self.limit
    }

    fn is_doubtful(&self) -> bool {
        self.paused(self.started.elapsed()) || self.doubted.load(Ordering::SeqCst)
    }

    /// Waits, after a pause, until the coordinator has said that we are a member, or until the partitions were taken from us;
    /// false when stopped before.
    pub async fn confirm(&self, committer: &Committer, offsets: &Offsets, stop: &CancellationToken) -> bool {
        let mut backoff =
            Backoff::new(BackoffConfig { initial: Duration::from_millis(100), max: Duration::from_secs(1) });
        while self.is_doubtful() {
            self.doubted.store(false, Ordering::SeqCst);
            // What is committed already says nothing new, but only a member may say it.
            let known = offsets.committed();
            if known.is_empty() {
                return true;
            }
            let committer = committer.clone();
            let asked = tokio::task::spawn_blocking(move || committer.commit(&known, true));
            match tokio::time::timeout(ANSWER, asked).await {
                Ok(Ok(Ok(()))) => {
                    tracing::info!("nothing ran for a while; the partitions are still ours");
                    return true;
                }
                Ok(Ok(Err(error))) => {
                    ERRORS.with_label_values(&["confirm"]).inc();
                    tracing::warn!(error = %report::chain(&error), "nothing ran for a while, and the partitions may be another's");
                }
                Ok(Err(_)) | Err(_) => tracing::warn!("the group's coordinator does not answer"),
            }
            self.doubted.store(true, Ordering::SeqCst);
            if !backoff.wait(stop).await {
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_of_half_a_session_raises_doubt_and_ticks_alone_do_not_end_it() {
        let lease = Lease::new(Duration::from_secs(6));
        for second in 1..5 {
            lease.tick(Duration::from_secs(second * 2));
        }
        assert!(!lease.doubted.load(Ordering::SeqCst));
        assert!(lease.paused(Duration::from_secs(12)));
        lease.tick(Duration::from_secs(12));
        lease.tick(Duration::from_secs(13));
        assert!(lease.doubted.load(Ordering::SeqCst));
    }
}
