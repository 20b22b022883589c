//! Everything that the poll thread keeps about the member: its partitions, and the events that wait for room in the channel. Pure state,
//! tested here against a model of librdkafka, Kafka and the receiver.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::event::Event;
use super::outbox::{Flushed, Outbox};
use super::partitions::{Partitions, Verdict};
use crate::kafka::partition::Partition;
use crate::kafka::record::Record;

/// How long the poll thread waits for a full channel before it pauses all partitions and polls on. A pause throws away what librdkafka
/// has prefetched, so short jams are waited out; a member that does not poll for its poll interval is evicted from the group.
const JAM_AFTER: Duration = Duration::from_secs(2);

/// Owned by the poll thread: the rebalance callback, which runs in its `poll`, is the only other user.
#[derive(Debug)]
pub(super) struct MemberState {
    pub(super) partitions: Partitions,
    pub(super) outbox: Outbox,
}

/// What the poll thread does next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Resume these partitions in librdkafka, then poll for the next record.
    Fetch { resume: Vec<Partition> },
    /// The channel is full: wait for room, without polling.
    Wait,
    /// The channel has been full for long: pause these partitions in librdkafka, then poll, to stay in the group.
    PollPaused { pause: Vec<Partition> },
    /// The receiver is gone.
    End,
}

/// What a revocation means for others.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Revoked {
    /// Partitions that the receiver knows of.
    pub(super) announced: Vec<Partition>,
    /// Partitions that are part of librdkafka's assignment.
    pub(super) started: Vec<Partition>,
}

impl MemberState {
    pub(super) fn new(now: Instant) -> Self {
        Self { partitions: Partitions::new(now), outbox: Outbox::default() }
    }

    /// Puts what waits into the channel, and decides whether to poll for more.
    pub(super) fn step(&mut self, channel: &mpsc::Sender<Event>, now: Instant) -> Step {
        match self.outbox.flush(channel, now) {
            Flushed::Closed => Step::End,
            Flushed::All => Step::Fetch { resume: self.partitions.unjam() },
            Flushed::Full { since } if !self.partitions.is_jammed() && now.duration_since(since) < JAM_AFTER => {
                Step::Wait
            }
            Flushed::Full { .. } => Step::PollPaused { pause: self.partitions.jam() },
        }
    }

    /// Takes in a record that librdkafka returned. Returns true if the caller must pause its partition in librdkafka (again).
    pub(super) fn accept(&mut self, record: Record) -> bool {
        let verdict = self.partitions.accept(&record.partition, record.offset);
        if verdict != Verdict::Drop {
            self.outbox.push_record(record);
        }
        verdict == Verdict::DeliverAndPause
    }

    /// Removes partitions, and their records and assignments that wait.
    pub(super) fn revoke(&mut self, partitions: &[Partition], now: Instant) -> Revoked {
        let known: Vec<Partition> =
            partitions.iter().filter(|partition| self.partitions.flow(partition).is_some()).cloned().collect();
        let started = self.partitions.revoke(&known, now);
        Revoked { announced: self.outbox.withdraw(&known), started }
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
