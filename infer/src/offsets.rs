//! Which offsets may be committed: in each partition, those of the unbroken run of complete records. A record is complete
//! when its results are acknowledged, or when it was dropped and counted. A restart must read all other records again. For
//! H.264 and H.265, where pictures depend on earlier ones, it must read again from the key frame on.

mod progress;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use vru_runtime::kafka::Partition;

pub use progress::GopInfo;
use progress::Progress;

/// Identifies a record in progress. Pass it to [`Offsets::complete`] or [`Offsets::abandon`] in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    partition: Partition,
    epoch: u64,
    offset: i64,
}

/// Identifies one assignment of a partition to this worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    partition: Partition,
    epoch: u64,
}

impl Assigned {
    pub fn partition(&self) -> &Partition {
        &self.partition
    }
}

impl Ticket {
    pub fn partition(&self) -> &Partition {
        &self.partition
    }

    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// The assignment of the partition in which the record was read.
    pub fn assigned(&self) -> Assigned {
        Assigned { partition: self.partition.clone(), epoch: self.epoch }
    }
}

/// The progress of all assigned partitions.
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
    /// Starts a new assignment of a partition. The state of an earlier assignment is discarded.
    pub fn assigned(&self, partition: &Partition) {
        let mut state = self.state.lock();
        state.epochs += 1;
        let fresh = Progress::new(state.epochs);
        state.partitions.insert(partition.clone(), fresh);
    }

    /// Registers a record to be processed; `None` if its partition is not assigned. Offsets must rise within a partition.
    pub fn register(&self, partition: &Partition, offset: i64) -> Option<Ticket> {
        let mut state = self.state.lock();
        let progress = state.partitions.get_mut(partition)?;
        progress.register(offset);
        Some(Ticket { partition: partition.clone(), epoch: progress.epoch, offset })
    }

    /// Marks the record as a picture of an H.264 or H.265 stream.
    pub fn set_gop(&self, ticket: &Ticket, gop: GopInfo) {
        self.update(ticket, |progress| progress.set_gop(ticket.offset, gop));
    }

    /// The record is complete. Ignored if the assignment in which the record was read has ended.
    pub fn complete(&self, ticket: &Ticket) {
        self.update(ticket, |progress| progress.complete(ticket.offset));
        self.changed.notify_waiters();
    }

    /// The record will not be processed here; the next owner of the partition must read it. It is not in progress any more,
    /// and no offset after it is committed.
    pub fn abandon(&self, ticket: &Ticket) {
        self.update(ticket, |progress| progress.abandon(ticket.offset));
        self.changed.notify_waiters();
    }

    fn update(&self, ticket: &Ticket, update: impl FnOnce(&mut Progress)) {
        let mut state = self.state.lock();
        let progress = state.partitions.get_mut(&ticket.partition);
        if let Some(progress) = progress.filter(|progress| progress.epoch == ticket.epoch) {
            update(progress);
        }
    }

    /// The offsets that may be committed and are not yet, of all partitions or of some. They count as committed from now on;
    /// report a failed commit with [`Offsets::commit_failed`].
    pub fn take_committable(&self, of: Option<&[Partition]>) -> Vec<(Partition, i64)> {
        let mut state = self.state.lock();
        let wanted = |partition: &Partition| of.is_none_or(|some| some.contains(partition));
        let selected = state.partitions.iter_mut().filter(|(partition, _)| wanted(partition));
        selected.filter_map(|(partition, progress)| Some((partition.clone(), progress.take_committable()?))).collect()
    }

    /// The commit of these offsets failed: [`Offsets::take_committable`] returns them again, or later ones.
    pub fn commit_failed(&self, failed: &[(Partition, i64)]) {
        let mut state = self.state.lock();
        for (partition, next) in failed {
            if let Some(progress) = state.partitions.get_mut(partition) {
                progress.commit_failed(*next);
            }
        }
    }

    /// The position of each partition: the offset that was committed last, or the first that was read. Partitions without
    /// records are left out.
    pub fn committed(&self) -> Vec<(Partition, i64)> {
        let state = self.state.lock();
        let partitions = state.partitions.iter();
        partitions.filter_map(|(partition, progress)| Some((partition.clone(), progress.committed()?))).collect()
    }

    /// Whether the assignment in which the record was read still lasts.
    pub fn is_current(&self, ticket: &Ticket) -> bool {
        self.epoch(&ticket.partition) == Some(ticket.epoch)
    }

    /// The present assignment of a partition, if there is one.
    pub fn assignment(&self, partition: &Partition) -> Option<Assigned> {
        Some(Assigned { partition: partition.clone(), epoch: self.epoch(partition)? })
    }

    /// Whether the assignment still lasts.
    pub fn lasts(&self, assigned: &Assigned) -> bool {
        self.epoch(&assigned.partition) == Some(assigned.epoch)
    }

    fn epoch(&self, partition: &Partition) -> Option<u64> {
        self.state.lock().partitions.get(partition).map(|progress| progress.epoch)
    }

    /// How many records of these partitions are in progress.
    pub fn in_progress(&self, partitions: &[Partition]) -> usize {
        let state = self.state.lock();
        partitions.iter().filter_map(|partition| state.partitions.get(partition)).map(Progress::in_progress).sum()
    }

    /// Waits until no record of these partitions is in progress; false if the deadline comes first.
    pub async fn drained(&self, partitions: &[Partition], deadline: Duration) -> bool {
        let until = Instant::now() + deadline;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Register before the check, or the last completion could come in between and be missed.
            changed.as_mut().enable();
            if self.in_progress(partitions) == 0 {
                return true;
            }
            if tokio::time::timeout_at(until, changed).await.is_err() {
                return self.in_progress(partitions) == 0;
            }
        }
    }

    /// Ends the assignment of these partitions.
    pub fn revoked(&self, partitions: &[Partition]) {
        self.state.lock().partitions.retain(|partition, _| !partitions.contains(partition));
    }
}
