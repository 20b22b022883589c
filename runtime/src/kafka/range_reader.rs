//! Reads chosen ranges of one partition, for example its newest records.

use std::fmt;
use std::ops::Range;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Message as _, Offset, TopicPartitionList};

use super::config::KafkaConfig;
use super::context::LogContext;
use super::error::KafkaFailure;
use super::partition::Partition;
use super::record::Record;

/// Reads ranges of offsets of one partition, without a group. Every call blocks; all calls together end at one deadline.
pub struct RangeReader {
    consumer: BaseConsumer<LogContext>,
    partition: Partition,
    offsets: Range<i64>,
    until: Instant,
}

impl fmt::Debug for RangeReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RangeReader").field("partition", &self.partition).finish_non_exhaustive()
    }
}

impl RangeReader {
    /// Connects and asks for the partition's offsets. `deadline` also bounds the reads that follow.
    pub fn open(
        config: &KafkaConfig,
        client_id: &str,
        partition: Partition,
        deadline: Duration,
    ) -> Result<Self, KafkaFailure> {
        let until = Instant::now() + deadline;
        let fail = |operation, source| KafkaFailure::new(operation, &partition.topic, source);
        let consumer: BaseConsumer<LogContext> = config
            .client(
                client_id,
                &[
                    // librdkafka requires a group even where none is joined.
                    ("group.id", &format!("{client_id}-unused")),
                    ("enable.auto.commit", "false"),
                    ("enable.partition.eof", "true"),
                    ("fetch.wait.max.ms", "50"),
                    ("queued.max.messages.kbytes", "8192"),
                    ("fetch.message.max.bytes", &config.message_max_bytes.to_string()),
                ],
            )
            .create_with_context(LogContext)
            .map_err(|source| fail("create a reader", source))?;
        let (low, high) = consumer
            .fetch_watermarks(&partition.topic, partition.number, deadline)
            .map_err(|source| fail("read the offsets of a partition", source))?;
        Ok(Self { consumer, partition, offsets: low..high, until })
    }

    /// From the oldest offset to the one after the newest record, at the time of [`RangeReader::open`].
    pub fn offsets(&self) -> Range<i64> {
        self.offsets.clone()
    }

    /// Calls `visit` for each record in the range, in order. Offsets without a record are passed over.
    pub fn read(&self, offsets: Range<i64>, mut visit: impl FnMut(&Record)) -> Result<(), KafkaFailure> {
        let Partition { topic, number } = &self.partition;
        let fail = |source| KafkaFailure::new("read a partition", topic, source);
        if offsets.is_empty() {
            return Ok(());
        }
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, *number, Offset::Offset(offsets.start)).map_err(fail)?;
        self.consumer.assign(&list).map_err(fail)?;
        loop {
            let message = match self.consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => message,
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(()),
                // No group is used: it is only a name that librdkafka requires, and asks the brokers for.
                Some(Err(error)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::GroupAuthorizationFailed) => {
                    continue;
                }
                Some(Err(error)) => return Err(fail(error)),
                None if Instant::now() > self.until => {
                    return Err(fail(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut)));
                }
                None => continue,
            };
            let offset = message.offset();
            if offset < offsets.end {
                visit(&Record::read(topic, &message));
            }
            if offset + 1 >= offsets.end {
                return Ok(());
            }
        }
    }
}
