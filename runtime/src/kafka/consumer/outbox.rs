//! Events on the poll thread that the channel to the receiver has no room for yet. First in, first out, so that rebalances and records
//! keep their order.

use std::collections::VecDeque;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::event::{Assignment, Event, Revocation};
use crate::kafka::partition::Partition;
use crate::kafka::record::Record;

/// How far [`Outbox::flush`] came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flushed {
    /// Every event is in the channel.
    All,
    /// The channel is full, and has taken nothing since then.
    Full { since: Instant },
    /// The receiver is gone.
    Closed,
}

/// Bounded, because the poll thread polls only while the outbox is empty or every partition is paused:
///
/// - one record; and, if librdkafka returned a record of a paused partition in spite of its contract, one more for each assigned partition
///   (it is paused again with that record),
/// - for each partition one `Revoked` and one `Assigned`: a further revocation removes that `Assigned` and adds nothing,
/// - one `Assigned` without partitions.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: VecDeque<Event>,
    full_since: Option<Instant>,
}

impl Outbox {
    pub(super) fn push_record(&mut self, record: Record) {
        self.waiting.push_back(Event::Record(record));
    }

    pub(super) fn push_assigned(&mut self, assignment: Assignment) {
        let assigned = |event: &Event| matches!(event, Event::Assigned(_));
        // A rebalance that brings nothing is no news after one that waits.
        if assignment.partitions.is_empty() && self.waiting.iter().any(assigned) {
            return;
        }
        self.waiting.push_back(Event::Assigned(assignment));
    }

    pub(super) fn push_revoked(&mut self, revocation: Revocation) {
        self.waiting.push_back(Event::Revoked(revocation));
    }

    /// Removes what concerns the partitions, except earlier revocations. Returns those partitions whose assignment has been sent to the
    /// receiver: only these need a revocation.
    pub(super) fn withdraw(&mut self, partitions: &[Partition]) -> Vec<Partition> {
        let mut announced = partitions.to_vec();
        self.waiting.retain_mut(|event| match event {
            Event::Record(record) => !partitions.contains(&record.partition),
            Event::Assigned(assignment) => {
                let before = assignment.partitions.len();
                announced.retain(|partition| !assignment.partitions.contains(partition));
                assignment.partitions.retain(|partition| !partitions.contains(partition));
                before == assignment.partitions.len() || !assignment.partitions.is_empty()
            }
            Event::Revoked(_) => true,
        });
        if self.waiting.is_empty() {
            self.full_since = None;
        }
        announced
    }

    /// Moves events into the channel until it is full.
    pub(super) fn flush(&mut self, channel: &mpsc::Sender<Event>, now: Instant) -> Flushed {
        while let Some(event) = self.waiting.pop_front() {
            match channel.try_send(event) {
                Ok(()) => self.full_since = None,
                Err(TrySendError::Full(event)) => {
                    self.waiting.push_front(event);
                    return Flushed::Full { since: *self.full_since.get_or_insert(now) };
                }
                Err(TrySendError::Closed(_)) => return Flushed::Closed,
            }
        }
        Flushed::All
    }

    /// The first event; for a member that has ended.
    pub(super) fn take(&mut self) -> Option<Event> {
        self.waiting.pop_front()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}
