//! Confirms that the partitions are still assigned to this worker, after a pause of the whole process.
//!
//! A process may be paused (SIGSTOP, a frozen virtual machine, a host without memory) for so long that its partitions are assigned
//! to another worker. When it continues it does not notice this at first, and would publish old results behind newer ones. So
//! after a long pause the publisher first sends a commit to the group's coordinator, which accepts commits from members only.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use vru_runtime::kafka::{Committer, Partition};
use vru_runtime::report;
use vru_runtime::retry::{Backoff, BackoffConfig};

use crate::metrics::ERRORS;
use crate::offsets::Offsets;

/// How often [`Lease::watch`] records that the process runs.
const TICK: Duration = Duration::from_millis(200);
/// How long the coordinator may take to answer a commit.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(5);

/// A member of the group.
#[derive(Debug, Clone)]
pub struct Member {
    /// The topic that it reads.
    pub topic: String,
    pub committer: Committer,
}

/// The right to publish. It is in doubt after a long pause of the process, until [`Lease::confirm`] has asked the coordinator.
#[derive(Debug)]
pub struct Lease {
    started: Instant,
    /// After a pause longer than this, the group membership may be lost.
    max_pause: Duration,
    /// Milliseconds from `started` to the last tick.
    last_tick: AtomicU64,
    in_doubt: AtomicBool,
}

impl Lease {
    /// A lease of a group member whose session ends after `session_timeout` without heartbeats. Heartbeats are sent before half
    /// of it has passed, so a pause of less than half does not lose the membership.
    pub fn new(session_timeout: Duration) -> Arc<Self> {
        let (last_tick, in_doubt) = (AtomicU64::new(0), AtomicBool::new(false));
        Arc::new(Self { started: Instant::now(), max_pause: session_timeout / 2, last_tick, in_doubt })
    }

    /// Detects pauses. Runs until stopped.
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
        // Store the doubt first, so that a thread that sees the new tick also sees the doubt.
        if self.paused(now) {
            self.in_doubt.store(true, Ordering::SeqCst);
        }
        self.last_tick.store(u64::try_from(now.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    fn paused(&self, now: Duration) -> bool {
        now.saturating_sub(Duration::from_millis(self.last_tick.load(Ordering::SeqCst))) > self.max_pause
    }

    fn is_doubtful(&self) -> bool {
        self.paused(self.started.elapsed()) || self.in_doubt.load(Ordering::SeqCst)
    }

    /// After a pause, waits until the coordinator confirms each membership, or until all its partitions are revoked. Returns at once
    /// if there was no pause. False if stopped before.
    pub async fn confirm(&self, members: &[Member], offsets: &Offsets, stop: &CancellationToken) -> bool {
        let mut backoff =
            Backoff::new(BackoffConfig { initial: Duration::from_millis(100), max: Duration::from_secs(1) });
        while self.is_doubtful() {
            self.in_doubt.store(false, Ordering::SeqCst);
            // Commit the offsets that are committed already: this changes nothing, but succeeds only for a member.
            let committed = offsets.committed();
            if committed.is_empty() {
                return true;
            }
            let members = members.to_vec();
            let commit = tokio::task::spawn_blocking(move || {
                members.iter().try_for_each(|member| {
                    let of_member = |(partition, _): &&(Partition, i64)| *partition.topic == *member.topic;
                    let committed: Vec<_> = committed.iter().filter(of_member).cloned().collect();
                    member.committer.commit(&committed, true)
                })
            });
            match tokio::time::timeout(COMMIT_TIMEOUT, commit).await {
                Ok(Ok(Ok(()))) => {
                    tracing::info!("process was paused, partitions are still assigned");
                    return true;
                }
                Ok(Ok(Err(error))) => {
                    ERRORS.with_label_values(&["confirm"]).inc();
                    tracing::warn!(error = %report::chain(&error), "process was paused, partitions may be assigned to another worker");
                }
                Ok(Err(_)) | Err(_) => tracing::warn!("process was paused, and the group coordinator does not answer"),
            }
            self.in_doubt.store(true, Ordering::SeqCst);
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
    fn a_pause_of_half_a_session_puts_the_lease_in_doubt_and_later_ticks_do_not_clear_it() {
        let lease = Lease::new(Duration::from_secs(6));
        for second in 1..5 {
            lease.tick(Duration::from_secs(second * 2));
        }
        assert!(!lease.in_doubt.load(Ordering::SeqCst));
        assert!(lease.paused(Duration::from_secs(12)));
        lease.tick(Duration::from_secs(12));
        lease.tick(Duration::from_secs(13));
        assert!(lease.in_doubt.load(Ordering::SeqCst));
    }
}
