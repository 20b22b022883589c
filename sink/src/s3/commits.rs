//! Which offsets of the alerts may be committed: those before which everything is done.

use std::collections::{BTreeMap, BTreeSet};

use vru_runtime::kafka::Partition;

/// Records that are under way, by partition.
#[derive(Debug, Default)]
pub(crate) struct Commits {
    open: BTreeMap<Partition, BTreeSet<i64>>,
    /// The offset after the last record taken.
    next: BTreeMap<Partition, i64>,
}

impl Commits {
    pub(crate) fn start(&mut self, partition: &Partition, offset: i64) {
        self.open.entry(partition.clone()).or_default().insert(offset);
        self.next.insert(partition.clone(), offset + 1);
    }

    /// The offset to commit now that the record is done. None when the partition is no longer ours.
    pub(crate) fn done(&mut self, partition: &Partition, offset: i64) -> Option<i64> {
        let open = self.open.get_mut(partition)?;
        if !open.remove(&offset) {
            return None;
        }
        open.first().copied().or_else(|| self.next.get(partition).copied())
    }

    /// The partition is somebody else's.
    pub(crate) fn forget(&mut self, partition: &Partition) {
        self.open.remove(partition);
        self.next.remove(partition);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_unbroken_prefix_may_be_committed() {
        let partition = Partition::new("t", 0);
        let mut commits = Commits::default();
        for offset in [3, 4, 7] {
            commits.start(&partition, offset);
        }
        assert_eq!(commits.done(&partition, 4), Some(3));
        assert_eq!(commits.done(&partition, 3), Some(7));
        assert_eq!(commits.done(&partition, 7), Some(8));
        commits.start(&partition, 8);
        commits.forget(&partition);
        assert_eq!(commits.done(&partition, 8), None);
    }
}
