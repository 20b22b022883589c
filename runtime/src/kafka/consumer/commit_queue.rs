//! What is to be committed by the commit thread.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::kafka::partition::Partition;

/// The longest wait before a retry while a revocation waits.
const RETRY_IN_REVOCATION: Duration = Duration::from_millis(50);

/// The newest offset of each partition that is to be committed. Bounded by the number of assigned partitions.
#[derive(Debug, Default)]
pub(super) struct CommitQueue {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: HashMap<Partition, i64>,
    /// What the thread commits at present.
    in_flight: HashMap<Partition, i64>,
    /// Revocations that wait for the thread.
    revocations: usize,
    closed: bool,
}

impl Queue {
    fn forget<'a>(&mut self, partitions: impl IntoIterator<Item = &'a Partition>) {
        for partition in partitions {
            self.waiting.remove(partition);
            self.in_flight.remove(partition);
        }
    }

    fn concerns(&self, partitions: &[Partition]) -> bool {
        partitions
            .iter()
            .any(|partition| self.waiting.contains_key(partition) || self.in_flight.contains_key(partition))
    }
}

impl CommitQueue {
    /// Commits these offsets soon. False if the member has ended.
    pub(super) fn post(&self, next_offsets: &[(Partition, i64)]) -> bool {
        let mut queue = self.queue.lock();
        if queue.closed {
            return false;
        }
        queue.waiting.extend(next_offsets.iter().cloned());
        self.changed.notify_all();
        true
    }

    /// These offsets are committed in another way: what was posted before is not committed (again), unless it is newer.
    pub(super) fn supersede(&self, next_offsets: &[(Partition, i64)]) {
        let mut guard = self.queue.lock();
        let queue = &mut *guard;
        for (partition, offset) in next_offsets {
            for posted in [&mut queue.waiting, &mut queue.in_flight] {
                if posted.get(partition).is_some_and(|posted| posted <= offset) {
                    posted.remove(partition);
                }
            }
        }
        self.changed.notify_all();
    }

    /// What was posted for these partitions is not committed (again): they are lost.
    pub(super) fn forget<'a>(&self, partitions: impl IntoIterator<Item = &'a Partition>) {
        self.queue.lock().forget(partitions);
        self.changed.notify_all();
    }

    /// Waits until everything that was posted for the partitions is committed, or until the deadline; then it is forgotten.
    pub(super) fn finish(&self, partitions: &[Partition], deadline: Duration) {
        let until = Instant::now() + deadline;
        let mut queue = self.queue.lock();
        queue.revocations += 1;
        self.changed.notify_all();
        while queue.concerns(partitions) && !queue.closed {
            if self.changed.wait_until(&mut queue, until).timed_out() {
                tracing::warn!(
                    "offsets of revoked partitions were not committed in time; their records are read again"
                );
                break;
            }
        }
        queue.revocations -= 1;
        queue.forget(partitions);
    }

    /// The member has ended.
    pub(super) fn close(&self) {
        self.queue.lock().closed = true;
        self.changed.notify_all();
    }

    /// The thread's next commit; none after [`CommitQueue::close`]. Blocks. [`CommitQueue::done`] or [`CommitQueue::failed`] follows.
    pub(super) fn next(&self) -> Option<Vec<(Partition, i64)>> {
        let mut queue = self.queue.lock();
        while queue.waiting.is_empty() && !queue.closed {
            self.changed.wait(&mut queue);
        }
        if queue.closed {
            return None;
        }
        queue.in_flight = std::mem::take(&mut queue.waiting);
        Some(queue.in_flight.iter().map(|(partition, offset)| (partition.clone(), *offset)).collect())
    }

    /// The commit was accepted.
    pub(super) fn done(&self) {
        self.queue.lock().in_flight.clear();
        self.changed.notify_all();
    }

    /// The commit failed; with `again`, what was not replaced meanwhile is committed again.
    pub(super) fn failed(&self, again: bool) {
        let mut queue = self.queue.lock();
        for (partition, offset) in std::mem::take(&mut queue.in_flight) {
            if again {
                queue.waiting.entry(partition).or_insert(offset);
            }
        }
        self.changed.notify_all();
    }

    /// Waits before a retry.
    pub(super) fn pause(&self, delay: Duration) {
        let started = Instant::now();
        let mut queue = self.queue.lock();
        loop {
            let delay = if queue.revocations > 0 { delay.min(RETRY_IN_REVOCATION) } else { delay };
            if queue.closed || started.elapsed() >= delay {
                return;
            }
            self.changed.wait_until(&mut queue, started + delay);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> Partition {
        Partition::new("topic", 1)
    }

    #[test]
    fn a_failed_commit_is_made_again_with_the_newest_offset() {
        let commits = CommitQueue::default();
        assert!(commits.post(&[(one(), 5)]));
        assert_eq!(commits.next(), Some(vec![(one(), 5)]));
        assert!(commits.post(&[(one(), 7)]));
        commits.failed(true);
        assert_eq!(commits.next(), Some(vec![(one(), 7)]));
        commits.failed(true);
        assert_eq!(commits.next(), Some(vec![(one(), 7)]));
        commits.done();
        commits.close();
        assert_eq!(commits.next(), None);
        assert!(!commits.post(&[(one(), 9)]));
    }

    #[test]
    fn what_was_revoked_or_committed_in_another_way_is_not_made_again() {
        let commits = CommitQueue::default();
        commits.post(&[(one(), 5)]);
        assert!(commits.next().is_some());
        commits.forget(&[one()]);
        commits.failed(true);
        assert!(!commits.queue.lock().concerns(&[one()]));
        commits.post(&[(one(), 5)]);
        commits.supersede(&[(one(), 4)]);
        assert_eq!(commits.next(), Some(vec![(one(), 5)]), "it is newer");
        commits.supersede(&[(one(), 5)]);
        commits.failed(true);
        assert!(!commits.queue.lock().concerns(&[one()]));
    }

    #[test]
    fn a_revocation_waits_for_its_commits_and_not_longer_than_its_deadline() {
        let commits = CommitQueue::default();
        commits.finish(&[one()], Duration::from_hours(1));
        commits.post(&[(one(), 5)]);
        commits.finish(&[one()], Duration::from_millis(20));
        assert!(!commits.queue.lock().concerns(&[one()]));
    }
}
