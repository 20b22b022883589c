//! Offset commits that nobody waits for: a thread of their own makes them, so that each failure is seen, counted and tried again.
//! (Librdkafka's own asynchronous commits report nothing through rdkafka.)

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use prometheus::IntCounterVec;
use rdkafka::consumer::{CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};

use super::client::Client;
use crate::kafka::partition::Partition;
use crate::metrics;
use crate::retry::{Backoff, BackoffConfig};

static FAILED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    metrics::counter_vec(
        "kafka_failed_commits_total",
        "Offset commits that Kafka did not accept, by topic and error. They are made again while the partition is assigned.",
        &["topic", "error"],
    )
});

const RETRY: BackoffConfig = BackoffConfig { initial: Duration::from_millis(100), max: Duration::from_secs(5) };
/// The longest wait before a retry while a revocation waits.
const RETRY_IN_REVOCATION: Duration = Duration::from_millis(50);

/// The newest offset of each partition that is to be committed. Bounded by the number of assigned partitions.
#[derive(Debug, Default)]
pub(super) struct Commits {
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

impl Commits {
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

    /// What was posted for these partitions is not made again: a later offset is committed in another way, or they are revoked.
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

    /// The thread's work, until [`Commits::close`].
    pub(super) fn run(&self, client: &Client) {
        let mut backoff = Backoff::new(RETRY);
        while let Some(offsets) = self.next() {
            match commit(client, &offsets) {
                Ok(()) => {
                    backoff.reset();
                    self.done();
                }
                Err(error) => {
                    tracing::warn!(%error, attempt = backoff.attempts(), "an offset commit failed");
                    self.failed(!lost_membership(&error));
                    self.pause(backoff.next_delay());
                }
            }
        }
    }

    fn next(&self) -> Option<Vec<(Partition, i64)>> {
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

    fn done(&self) {
        self.queue.lock().in_flight.clear();
        self.changed.notify_all();
    }

    fn failed(&self, again: bool) {
        let mut queue = self.queue.lock();
        for (partition, offset) in std::mem::take(&mut queue.in_flight) {
            if again {
                queue.waiting.entry(partition).or_insert(offset);
            }
        }
        self.changed.notify_all();
    }

    /// Waits before a retry.
    fn pause(&self, delay: Duration) {
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

/// Starts the thread.
pub(super) fn start(name: &str, commits: Arc<Commits>, client: Client) -> std::io::Result<()> {
    std::thread::Builder::new().name(format!("commit-{name}")).spawn(move || commits.run(&client)).map(drop)
}

/// Commits and waits for the broker's answer. A failure is counted.
pub(super) fn commit(client: &Client, next_offsets: &[(Partition, i64)]) -> Result<(), KafkaError> {
    let mut list = TopicPartitionList::new();
    for (partition, offset) in next_offsets {
        list.add_partition_offset(&partition.topic, partition.number, Offset::Offset(*offset))?;
    }
    commit_list(client, &list)
}

/// Like [`commit`].
pub(super) fn commit_list(client: &Client, list: &TopicPartitionList) -> Result<(), KafkaError> {
    let committed = client.current().commit(list, CommitMode::Sync);
    if let Err(error) = &committed {
        let code = error.rdkafka_error_code().map_or_else(|| "other".to_owned(), |code| format!("{code:?}"));
        let elements = list.elements();
        let topic = elements.first().map_or("-", |element| element.topic());
        FAILED.with_label_values(&[topic, &code]).inc();
    }
    committed
}

/// Whether the member cannot commit any more: another member may own the partitions.
fn lost_membership(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::IllegalGeneration
                | RDKafkaErrorCode::UnknownMemberId
                | RDKafkaErrorCode::FencedInstanceId
                | RDKafkaErrorCode::StaleMemberEpoch
                | RDKafkaErrorCode::NoOffset
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> Partition {
        Partition::new("topic", 1)
    }

    #[test]
    fn a_failed_commit_is_made_again_with_the_newest_offset() {
        let commits = Commits::default();
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
        let commits = Commits::default();
        commits.post(&[(one(), 5)]);
        assert!(commits.next().is_some());
        commits.forget(&[one()]);
        commits.failed(true);
        assert!(!commits.queue.lock().concerns(&[one()]));
    }

    #[test]
    fn a_revocation_waits_for_its_commits_and_not_longer_than_its_deadline() {
        let commits = Commits::default();
        commits.finish(&[one()], Duration::from_hours(1));
        commits.post(&[(one(), 5)]);
        commits.finish(&[one()], Duration::from_millis(20));
        assert!(!commits.queue.lock().concerns(&[one()]));
    }
}
