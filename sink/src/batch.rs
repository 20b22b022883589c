//! Batches of records, bounded by count, bytes and age.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};
use vru_runtime::kafka::Partition;

/// When a batch is full: at the first of these limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatchConfig {
    /// Records (default 2000).
    pub max_records: usize,
    /// Bytes of records (default 4 MiB).
    pub max_bytes: usize,
    /// Age of the oldest record (default 100 ms).
    #[serde(with = "humantime_serde")]
    pub max_age: Duration,
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self { max_records: 2_000, max_bytes: 4 * 1024 * 1024, max_age: Duration::from_millis(100) }
    }
}

impl Validate for BatchConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require((1..=100_000).contains(&self.max_records), "max_records", "is not between 1 and 100000");
        let valid = (1_024..=256 * 1024 * 1024).contains(&self.max_bytes);
        problems.require(valid, "max_bytes", "is not between 1 KiB and 256 MiB");
        let valid = self.max_age <= Duration::from_mins(1);
        problems.require(valid, "max_age", "is more than 1m");
    }
}

/// One record of a batch. A record with nothing to write is in the batch too, because it advances the position.
#[derive(Debug, Clone)]
pub(crate) struct Item<T> {
    pub(crate) partition: Partition,
    pub(crate) offset: i64,
    pub(crate) value: T,
}

/// Records in the order in which they arrived.
#[derive(Debug)]
pub(crate) struct Batch<T> {
    config: BatchConfig,
    items: Vec<Item<T>>,
    bytes: usize,
    started: Option<Instant>,
}

impl<T> Batch<T> {
    pub(crate) fn new(config: BatchConfig) -> Self {
        Self { config, items: Vec::new(), bytes: 0, started: None }
    }

    /// Adds a record; true when the batch is full.
    pub(crate) fn push(&mut self, item: Item<T>, bytes: usize) -> bool {
        self.started.get_or_insert_with(Instant::now);
        self.items.push(item);
        self.bytes += bytes;
        self.items.len() >= self.config.max_records || self.bytes >= self.config.max_bytes
    }

    /// When the oldest record reaches its maximum age; `None` while the batch is empty.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        Some(self.started? + self.config.max_age)
    }

    /// Takes the records and starts an empty batch.
    pub(crate) fn take(&mut self) -> Vec<Item<T>> {
        self.bytes = 0;
        self.started = None;
        std::mem::take(&mut self.items)
    }
}

/// The offset after the last record of each partition.
pub(crate) fn next_offsets<T>(items: &[Item<T>]) -> BTreeMap<Partition, i64> {
    items.iter().map(|item| (item.partition.clone(), item.offset + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(partition: i32, offset: i64) -> Item<()> {
        Item { partition: Partition::new("t", partition), offset, value: () }
    }

    #[test]
    fn a_batch_is_full_by_count_or_bytes() {
        let config = BatchConfig { max_records: 3, max_bytes: 100, ..BatchConfig::default() };
        let mut batch = Batch::new(config);
        assert!(batch.deadline().is_none());
        assert!(!batch.push(item(0, 1), 10));
        assert!(batch.push(item(0, 2), 90));
        assert_eq!(batch.take().len(), 2);
        assert!(batch.deadline().is_none());
        for offset in 3..5 {
            assert!(!batch.push(item(0, offset), 1));
        }
        assert!(batch.push(item(0, 5), 1));
    }

    #[test]
    fn age_counts_from_the_oldest_record() {
        let mut batch = Batch::new(BatchConfig { max_age: Duration::from_secs(5), ..BatchConfig::default() });
        batch.push(item(0, 1), 1);
        let deadline = batch.deadline().unwrap();
        batch.push(item(0, 2), 1);
        assert_eq!(batch.deadline(), Some(deadline));
    }

    #[test]
    fn next_offsets_follow_the_last_record_of_each_partition() {
        let next = next_offsets(&[item(0, 4), item(1, 9), item(0, 6)]);
        assert_eq!(next[&Partition::new("t", 0)], 7);
        assert_eq!(next[&Partition::new("t", 1)], 10);
    }
}
