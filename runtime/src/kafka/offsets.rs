//! Offsets of a topic's partitions: their ends, and the offset of a time.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};

use super::config::KafkaConfig;
use super::context::LogContext;
use super::error::KafkaFailure;
use super::partition::Partition;

/// For each partition, the offset of the oldest record and the offset after the newest one. Blocks up to the deadline.
pub fn watermarks(
    config: &KafkaConfig,
    topic: &str,
    deadline: Duration,
) -> Result<Vec<(Partition, i64, i64)>, KafkaFailure> {
    let until = Instant::now() + deadline;
    let fail = |source| KafkaFailure::new("read offsets", topic, source);
    let consumer: BaseConsumer<LogContext> =
        config.client("vru-offsets", &[]).create_with_context(LogContext).map_err(fail)?;
    let count = super::admin::partition_count(config, topic, deadline)?;
    (0..count)
        .map(|number| {
            let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            let (low, high) = consumer.fetch_watermarks(topic, number, left).map_err(fail)?;
            Ok((Partition::new(topic, number), low, high))
        })
        .collect()
}

/// The first offset of the partition whose record is not older than `timestamp_ms` (Kafka's timestamp, in milliseconds since the Unix
/// epoch); `None` if there is no such record. Blocks up to the deadline.
pub(super) fn offset_of_time(
    consumer: &BaseConsumer<LogContext>,
    partition: &Partition,
    timestamp_ms: i64,
    deadline: Duration,
) -> Result<Option<i64>, KafkaFailure> {
    let fail = |source| KafkaFailure::new("find the offset of a time", &partition.topic, source);
    let mut times = TopicPartitionList::new();
    let time = Offset::Offset(timestamp_ms);
    times.add_partition_offset(&partition.topic, partition.number, time).map_err(fail)?;
    let found = consumer.offsets_for_times(times, deadline).map_err(fail)?;
    let found = found.elements().first().map(rdkafka::topic_partition_list::TopicPartitionListElem::offset);
    Ok(match found {
        Some(Offset::Offset(offset)) if offset >= 0 => Some(offset),
        _ => None,
    })
}
