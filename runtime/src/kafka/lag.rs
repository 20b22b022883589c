//! How far consumer groups are behind, asked from outside of the groups.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};

use super::config::KafkaConfig;
use super::context::LogContext;
use super::error::KafkaFailure;
use super::offsets::watermarks;

/// The offsets of a topic's records: of each partition the oldest, and the one after the newest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TopicEnds {
    pub topic: String,
    pub partitions: BTreeMap<i32, (i64, i64)>,
}

impl TopicEnds {
    /// Blocks up to the deadline.
    pub fn read(config: &KafkaConfig, topic: &str, deadline: Duration) -> Result<Self, KafkaFailure> {
        let marks = watermarks(config, topic, deadline)?;
        let partitions = marks.into_iter().map(|(partition, low, high)| (partition.number, (low, high))).collect();
        Ok(Self { topic: topic.to_owned(), partitions })
    }

    /// How many records are there behind these positions, the next offsets to read. A partition without a position has not been read; what
    /// was deleted unread cannot be read any more.
    pub fn behind(&self, positions: &BTreeMap<i32, i64>) -> u64 {
        let lag = |(partition, (low, high)): (&i32, &(i64, i64))| {
            let next = positions.get(partition).map_or(*low, |next| (*next).clamp(*low, *high));
            u64::try_from(high - next).unwrap_or(0)
        };
        self.partitions.iter().map(lag).sum()
    }

    /// The offsets that a group has committed; empty if it has committed nothing here. Blocks up to the deadline.
    pub fn committed(
        &self,
        config: &KafkaConfig,
        group: &str,
        deadline: Duration,
    ) -> Result<BTreeMap<i32, i64>, KafkaFailure> {
        let fail = |source| KafkaFailure::new("read committed offsets", &self.topic, source);
        let settings = [("group.id", group), ("enable.auto.commit", "false")];
        let consumer: BaseConsumer<LogContext> =
            config.client("vru-lag", &settings).create_with_context(LogContext).map_err(fail)?;
        let mut list = TopicPartitionList::new();
        for partition in self.partitions.keys() {
            list.add_partition(&self.topic, *partition);
        }
        let committed = consumer.committed_offsets(list, deadline).map_err(fail)?;
        let mut positions = BTreeMap::new();
        for element in committed.elements() {
            element.error().map_err(fail)?;
            if let Offset::Offset(next) = element.offset() {
                positions.insert(element.partition(), next);
            }
        }
        Ok(positions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_read_is_behind_and_what_was_deleted_is_not() {
        let partitions = BTreeMap::from([(0, (10, 20)), (1, (0, 5)), (2, (7, 7))]);
        let ends = TopicEnds { topic: "t".to_owned(), partitions };
        assert_eq!(ends.behind(&BTreeMap::new()), 15);
        assert_eq!(ends.behind(&BTreeMap::from([(0, 15), (1, 5), (2, 7)])), 5);
        assert_eq!(ends.behind(&BTreeMap::from([(0, 2), (1, 0)])), 15);
        // Of a topic that was created again, whose positions are those of the old one.
        assert_eq!(ends.behind(&BTreeMap::from([(0, 99), (1, 99)])), 0);
    }
}
