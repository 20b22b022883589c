//! What may be committed: of each partition the unbroken run of records that are done with. A record is done with when its
//! results are acknowledged, or when it was dropped and counted; until then a restart must see it again. Where pictures
//! build on earlier ones, a restart must see these again too, from the key frame on.

mod progress;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use vru_proto::CameraId;
use vru_runtime::kafka::Partition;

use progress::Progress;

/// A record that is being worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    partition: Partition,
    epoch: u64,
    offset: i64,
}

impl Ticket {
    /// Where the record came from.
    pub fn partition(&self) -> &Partition {
        &self.partition
    }

    /// Its offset there.
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// Which time its partition was ours; a later time has a larger number.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
}

/// How a record is part of a stream of pictures that build on each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coded {
    /// Whose stream.
    pub camera: CameraId,
    /// A decoder can start here.
    pub key_frame: bool,
    /// Nothing builds on it any more.
    pub end_of_stream: bool,
}

/// The records of all partitions that are ours.
#[derive(Debug, Default)]
pub struct Offsets {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    partitions: HashMap<Partition, Progress>,
    epochs: u64,
}

impl Offsets {
    /// A partition is ours now. What was known of it is from an earlier time and counts no more.
    pub fn assigned(&self, partition: &Partition) {
        let mut state = self.state.lock();
        state.epochs += 1;
        let fresh = Progress::new(state.epochs);
        state.partitions.insert(partition.clone(), fresh);
    }

    /// Notes a record that is to be worked on; none when its partition is not ours. Offsets rise within a partition.
    pub fn register(&self, partition: &Partition, offset: i64) -> Option<Ticket> {
        let mut state = self.state.lock();
        let progress = state.partitions.get_mut(partition)?;
        progress.register(offset);
        Some(Ticket { partition: partition.clone(), epoch: progress.epoch, offset })
    }

    /// The record is part of a stream of pictures that build on each other.
    pub fn coded(&self, ticket: &Ticket, coded: Coded) {
        self.update(ticket, |progress| progress.coded(ticket.offset, coded));
    }

    /// The record is done with. One of a partition that is no longer ours is passed over.
    pub fn complete(&self, ticket: &Ticket) {
        self.update(ticket, |progress| progress.complete(ticket.offset));
        self.changed.notify_waiters();
    }

    fn update(&self, ticket: &Ticket, update: impl FnOnce(&mut Progress)) {
        let mut state = self.state.lock();
        let progress = state.partitions.get_mut(&ticket.partition);
        if let Some(progress) = progress.filter(|progress| progress.epoch == ticket.epoch) {
            update(progress);
        }
    }

    /// What may be committed and is not yet, of all partitions or of some. They count as committed from now on; if the
    /// commit fails the next one covers it.
    pub fn take_committable(&self, of: Option<&[Partition]>) -> Vec<(Partition, i64)> {
        let mut state = self.state.lock();
        let wanted = |partition: &Partition| of.is_none_or(|some| some.contains(partition));
        let fresh = state.partitions.iter_mut().filter(|(partition, _)| wanted(partition));
        fresh.filter_map(|(partition, progress)| Some((partition.clone(), progress.take_committable()?))).collect()
    }

    /// Where each partition stands for the group: what was committed last, or where reading began. Partitions without records
    /// are left out.
    pub fn committed(&self) -> Vec<(Partition, i64)> {
        let state = self.state.lock();
        let known = state.partitions.iter();
        known.filter_map(|(partition, progress)| Some((partition.clone(), progress.said()?))).collect()
    }

    /// Whether the record's partition is ours, and has been since the record was taken.
    pub fn holds(&self, ticket: &Ticket) -> bool {
        let state = self.state.lock();
        state.partitions.get(&ticket.partition).is_some_and(|progress| progress.epoch == ticket.epoch)
    }

    /// The commit of these failed: they are to be committed again.
    pub fn uncommitted(&self, failed: &[(Partition, i64)]) {
        let mut state = self.state.lock();
        for (partition, next) in failed {
            if let Some(progress) = state.partitions.get_mut(partition) {
                progress.uncommitted(*next);
            }
        }
    }

    /// How many records of these partitions are being worked on.
    pub fn open(&self, partitions: &[Partition]) -> usize {
        let state = self.state.lock();
        partitions.iter().filter_map(|partition| state.partitions.get(partition)).map(Progress::open).sum()
    }

    /// These records will not be worked on: whoever has their partition next is to see them. They are open no more, and hold
    /// back everything after them.
    pub fn leave(&self, ticket: &Ticket) {
        self.update(ticket, |progress| progress.leave(ticket.offset));
        self.changed.notify_waiters();
    }

    /// Waits until nothing of these partitions is being worked on; false when that took too long.
    pub async fn drained(&self, partitions: &[Partition], deadline: Duration) -> bool {
        let until = Instant::now() + deadline;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Registered before the look, or the last completion could slip in between.
            changed.as_mut().enable();
            if self.open(partitions) == 0 {
                return true;
            }
            if tokio::time::timeout_at(until, changed).await.is_err() {
                return self.open(partitions) == 0;
            }
        }
    }

    /// The partitions are not ours any more.
    pub fn revoked(&self, partitions: &[Partition]) {
        self.state.lock().partitions.retain(|partition, _| !partitions.contains(partition));
    }
}
