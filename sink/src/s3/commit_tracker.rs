use std::collections::{BTreeMap, BTreeSet};

use vru_runtime::kafka::Partition;

/// Tracks records that are handled concurrently. An offset may be committed when all records before it are done.
#[derive(Debug, Default)]
pub(crate) struct CommitTracker {
    in_flight: BTreeMap<Partition, BTreeSet<i64>>,
    /// The offset after the last record that was started.
    next: BTreeMap<Partition, i64>,
}

impl CommitTracker {
    pub(crate) fn start(&mut self, partition: &Partition, offset: i64) {
        self.in_flight.entry(partition.clone()).or_default().insert(offset);
        self.next.insert(partition.clone(), offset + 1);
    }

    /// The offset to commit now that the record is done; `None` if the partition was removed.
    pub(crate) fn done(&mut self, partition: &Partition, offset: i64) -> Option<i64> {
        let in_flight = self.in_flight.get_mut(partition)?;
        if !in_flight.remove(&offset) {
            return None;
        }
        in_flight.first().copied().or_else(|| self.next.get(partition).copied())
    }

    /// For a revoked partition.
    pub(crate) fn remove(&mut self, partition: &Partition) {
        self.in_flight.remove(partition);
        self.next.remove(partition);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_committed_when_all_records_before_it_are_done() {
        let partition = Partition::new("t", 0);
        let mut tracker = CommitTracker::default();
        for offset in [3, 4, 7] {
            tracker.start(&partition, offset);
        }
        assert_eq!(tracker.done(&partition, 4), Some(3));
        assert_eq!(tracker.done(&partition, 3), Some(7));
        assert_eq!(tracker.done(&partition, 7), Some(8));
        tracker.start(&partition, 8);
        tracker.remove(&partition);
        assert_eq!(tracker.done(&partition, 8), None);
    }
}
