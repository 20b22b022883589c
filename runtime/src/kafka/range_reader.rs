//! Reads chosen ranges of one partition, for example its newest records.

use std::fmt;
use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Message as _, Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;

use super::config::KafkaConfig;
use super::context::LogContext;
use super::error::KafkaFailure;
use super::offsets::offset_of_time;
use super::partition::Partition;
use super::record::Record;

/// The broker returns about this much for one request, and one record at least.
const FETCH_BYTES: u32 = 1024 * 1024;

/// A broker that does not answer a small request in this time is not available.
const METADATA_DEADLINE: Duration = Duration::from_secs(10);

/// Reads ranges of offsets of one partition, without a group. Every call blocks; all calls together end at one deadline.
pub struct RangeReader {
    consumer: BaseConsumer<LogContext>,
    partition: Partition,
    offsets: Range<i64>,
    until: Instant,
}

/// A record that [`RangeReader::read_keys`] came to.
#[derive(Debug)]
pub enum Visited {
    /// Its key is wanted.
    Wanted(Record),
    /// It has another key; its content was not copied.
    Other {
        /// Kafka's timestamp, in milliseconds since the Unix epoch.
        timestamp_ms: Option<i64>,
    },
}

/// How [`RangeReader::read_keys`] reads.
pub struct ReadKeys<'a> {
    pub offsets: Range<i64>,
    pub wanted: &'a dyn Fn(&[u8]) -> bool,
    /// At the partition's end, wait for more records until then.
    pub follow_until: Instant,
    /// Ends the read early.
    pub cancel: &'a CancellationToken,
}

impl fmt::Debug for ReadKeys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadKeys").field("offsets", &self.offsets).finish_non_exhaustive()
    }
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
                    // What is fetched ahead of the end of a range is read for nothing. A larger record is fetched all the same.
                    ("queued.max.messages.kbytes", "1024"),
                    ("fetch.message.max.bytes", &FETCH_BYTES.to_string()),
                    // One response fills the queue. By default librdkafka then waits a second before the next request.
                    ("fetch.queue.backoff.ms", "10"),
                ],
            )
            .create_with_context(LogContext)
            .map_err(|source| fail("create a reader", source))?;
        let (low, high) = consumer
            .fetch_watermarks(&partition.topic, partition.number, deadline.min(METADATA_DEADLINE))
            .map_err(|source| fail("read the offsets of a partition", source))?;
        Ok(Self { consumer, partition, offsets: low..high, until })
    }

    /// From the oldest offset to the one after the newest record, at the time of [`RangeReader::open`].
    pub fn offsets(&self) -> Range<i64> {
        self.offsets.clone()
    }

    /// The first offset whose record is not older than `timestamp_ms` (Kafka's timestamp); `None` if there is no such record, or if the
    /// broker cannot search by time.
    pub fn offset_at(&self, timestamp_ms: i64) -> Result<Option<i64>, KafkaFailure> {
        let left = self.until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        offset_of_time(&self.consumer, &self.partition, timestamp_ms, left)
    }

    /// Calls `visit` for each record in the range, in order. Offsets without a record are passed over.
    pub fn read(&self, offsets: Range<i64>, mut visit: impl FnMut(&Record)) -> Result<(), KafkaFailure> {
        let read =
            ReadKeys { offsets, wanted: &|_| true, follow_until: Instant::now(), cancel: &CancellationToken::new() };
        let visited = self.read_keys(&read, |visited| {
            if let Visited::Wanted(record) = visited {
                visit(&record);
            }
            ControlFlow::Continue(())
        });
        visited.map(drop)
    }

    /// Calls `visit` for each record in the range, in order, until it breaks. Returns the bytes of all records that were read.
    pub fn read_keys(
        &self,
        read: &ReadKeys<'_>,
        mut visit: impl FnMut(Visited) -> ControlFlow<()>,
    ) -> Result<u64, KafkaFailure> {
        let Partition { topic, number } = &self.partition;
        let fail = |source| KafkaFailure::new("read a partition", topic, source);
        let mut bytes = 0;
        if read.offsets.is_empty() {
            return Ok(bytes);
        }
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, *number, Offset::Offset(read.offsets.start)).map_err(fail)?;
        self.consumer.assign(&list).map_err(fail)?;
        // The end is reported once, when it is reached.
        let mut at_end = false;
        while !read.cancel.is_cancelled() {
            let message = match self.consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) if Instant::now() <= self.until => message,
                // No group is used: it is only a name that librdkafka requires, and asks the brokers for.
                Some(Err(error)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::GroupAuthorizationFailed) => {
                    continue;
                }
                Some(Err(KafkaError::PartitionEOF(_))) => {
                    at_end = true;
                    if Instant::now() < read.follow_until {
                        continue;
                    }
                    break;
                }
                Some(Err(error)) => return Err(fail(error)),
                None if at_end && Instant::now() >= read.follow_until => break,
                None if Instant::now() <= self.until => continue,
                Some(Ok(_)) | None => {
                    return Err(fail(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut)));
                }
            };
            at_end = false;
            let offset = message.offset();
            if offset < read.offsets.end {
                bytes += (message.payload_len() + message.key_len()) as u64;
                let wanted = message.key().is_some_and(read.wanted);
                let visited = if wanted {
                    Visited::Wanted(Record::read(topic, &message))
                } else {
                    Visited::Other { timestamp_ms: message.timestamp().to_millis() }
                };
                if visit(visited).is_break() {
                    break;
                }
            }
            if offset + 1 >= read.offsets.end {
                break;
            }
        }
        Ok(bytes)
    }
}
