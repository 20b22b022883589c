use std::time::Duration;

use tokio::sync::oneshot;

use crate::kafka::partition::{Partition, StartAt};
use crate::kafka::record::Record;

/// How a group member behaves.
#[derive(Debug, Clone)]
pub struct ConsumerOptions {
    /// Consumer group.
    pub group: String,
    /// Shows in the broker's logs and quotas.
    pub client_id: String,
    /// Topics to subscribe to.
    pub topics: Vec<String>,
    /// Bound of the channel, records.
    pub capacity: usize,
    /// True: the receiver of [`Event::Assigned`] answers where to start; false: at the committed offsets.
    pub choose_start: bool,
    /// How long a rebalance waits for the receiver: to choose a start, and to drain what is revoked.
    pub rebalance_deadline: Duration,
    /// Bound of librdkafka's prefetch queue, bytes.
    pub prefetch_bytes: usize,
}

impl ConsumerOptions {
    /// A member of `group` on `topics` with usual bounds.
    pub fn new(group: &str, topics: &[&str]) -> Self {
        Self {
            group: group.to_owned(),
            client_id: group.to_owned(),
            topics: topics.iter().map(|&topic| topic.to_owned()).collect(),
            capacity: 64,
            choose_start: false,
            rebalance_deadline: Duration::from_secs(5),
            prefetch_bytes: 16 * 1024 * 1024,
        }
    }
}

/// What a group member sees, in this order: a partition's records come between its `Assigned` and its `Revoked`, by rising offset and
/// each once.
#[derive(Debug)]
pub enum Event {
    /// Partitions are ours now.
    Assigned(Assignment),
    /// A record.
    Record(Record),
    /// Partitions are to be given up: finish what was taken from them and commit.
    Revoked(Revocation),
}

/// Partitions that are ours now.
#[derive(Debug)]
pub struct Assignment {
    /// Which.
    pub partitions: Vec<Partition>,
    pub(super) start: Option<oneshot::Sender<Vec<(Partition, StartAt)>>>,
}

impl Assignment {
    /// Answers where to start; a partition left out starts at its committed offset. Needed with
    /// [`ConsumerOptions::choose_start`]; dropped without an answer, the partitions are not read until the next rebalance.
    ///
    /// False when the answer came after the rebalance deadline: these partitions are not read until the next rebalance.
    pub fn start_at(mut self, starts: Vec<(Partition, StartAt)>) -> bool {
        if let Some(answer) = self.start.take()
            && answer.send(starts).is_err()
        {
            tracing::warn!("the answer where to start came after the rebalance deadline");
            return false;
        }
        true
    }
}

/// Partitions that are to be given up. The rebalance waits, to its deadline, until this is dropped.
#[derive(Debug)]
pub struct Revocation {
    /// Which.
    pub partitions: Vec<Partition>,
    /// They are somebody else's already: nothing of them may be committed.
    pub lost: bool,
    pub(super) _done: oneshot::Sender<()>,
}
