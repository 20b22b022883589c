use std::sync::Arc;

use tokio::sync::oneshot;

use super::requests::{Request, Requests};
use crate::kafka::partition::{Partition, StartAt};
use crate::kafka::record::Record;

/// What a group member receives. A partition's records come between its `Assigned` and its `Revoked`, by rising offset and each once.
#[derive(Debug)]
pub enum Event {
    /// Partitions were assigned to this member; the list may be empty.
    Assigned(Assignment),
    Record(Record),
    /// Partitions are taken from this member: finish what was received of them and commit.
    Revoked(Revocation),
}

/// Partitions that were assigned to this member.
#[derive(Debug)]
pub struct Assignment {
    pub partitions: Vec<Partition>,
    /// Number of the assignment; rises.
    pub(super) epoch: u64,
    /// Where the choice of the start goes; `None` without [`ConsumerOptions::choose_start`](super::ConsumerOptions::choose_start).
    pub(super) start: Option<Arc<Requests>>,
}

impl Assignment {
    /// Chooses where to start; a partition left out starts at its committed offset, whatever topic that is of. Needed with
    /// [`ConsumerOptions::choose_start`](super::ConsumerOptions::choose_start), and may come at any time: until then the partitions are
    /// assigned to this member but not read. What was revoked in the meantime is ignored.
    ///
    /// False if the member has ended.
    pub fn start_at(self, starts: Vec<(Partition, StartAt)>) -> bool {
        self.start.is_none_or(|requests| requests.post(Request::Start { epoch: self.epoch, starts }))
    }
}

/// Partitions that are taken from this member. The rebalance waits, to its deadline, until this is dropped.
#[derive(Debug)]
pub struct Revocation {
    pub partitions: Vec<Partition>,
    /// Another member may have them already: their offsets must not be committed.
    pub lost: bool,
    /// The topic was deleted and created again. There is no next owner that reads the records again: those that were received are the
    /// only ones.
    pub recreated: bool,
    pub(super) _done: oneshot::Sender<()>,
}
