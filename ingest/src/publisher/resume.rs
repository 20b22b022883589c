//! How far a file is on Kafka already, found by reading the end of its partition backwards in growing steps.
//!
//! One idempotent producer writes a file's frames, in order, so the last one that is there stands for all before it. Without
//! an answer (too many other cameras' frames since) the file starts from its beginning, under the same identities: the
//! consumers then see frames again that they know.

use std::time::{Duration, Instant};

use prost::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::{Message as _, Offset, TopicPartitionList};
use vru_proto::CameraId;
use vru_proto::v1::Frame;
use vru_runtime::kafka::{KafkaConfig, KafkaFailure, admin, partition_of};

use super::Published;

/// Records to look at, from the end: the file's last frame is usually among the first.
const STEPS: [i64; 3] = [64, 512, 2_048];
const DEADLINE: Duration = Duration::from_secs(20);

pub(super) fn last_published(
    kafka: &KafkaConfig,
    topic: &str,
    camera: &CameraId,
    session: u64,
) -> Result<Option<Published>, KafkaFailure> {
    let fail = |source| KafkaFailure { operation: "look for published frames", topic: topic.to_owned(), source };
    let until = Instant::now() + DEADLINE;
    let count = admin::partition_count(kafka, topic, DEADLINE)?;
    let partition = partition_of(camera.as_str().as_bytes(), count);
    let consumer: BaseConsumer = kafka
        .client("vru-ingest-resume")
        .set("group.id", "vru-ingest-resume-unused")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("fetch.wait.max.ms", "50")
        .set("queued.max.messages.kbytes", "8192")
        .set("fetch.message.max.bytes", kafka.message_max_bytes.to_string())
        .create()
        .map_err(fail)?;
    let (low, high) = consumer.fetch_watermarks(topic, partition, DEADLINE).map_err(fail)?;
    let mut searched_from = high;
    for step in STEPS {
        let from = (high - step).max(low);
        if from >= searched_from {
            break;
        }
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Offset(from)).map_err(fail)?;
        consumer.assign(&list).map_err(fail)?;
        let found = search(&consumer, searched_from, camera, session, until).map_err(fail)?;
        if found.is_some() {
            return Ok(found);
        }
        searched_from = from;
    }
    Ok(None)
}

/// The newest frame of the session from the assigned offset up to `end`.
fn search(
    consumer: &BaseConsumer,
    end: i64,
    camera: &CameraId,
    session: u64,
    until: Instant,
) -> Result<Option<Published>, KafkaError> {
    let mut found: Option<Published> = None;
    loop {
        let message = match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => message,
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(found),
            Some(Err(error)) => return Err(error),
            None if Instant::now() > until => {
                return Err(KafkaError::MessageConsumption(rdkafka::error::RDKafkaErrorCode::OperationTimedOut));
            }
            None => continue,
        };
        if message.offset() >= end {
            return Ok(found);
        }
        let last = message.offset() + 1 >= end;
        if message.key() == Some(camera.as_str().as_bytes())
            && let Some(frame) = message.payload().and_then(|payload| Frame::decode(payload).ok())
            && let Some(id) = frame.id.as_ref().filter(|id| id.session == session)
            && found.is_none_or(|found| found.sequence <= id.sequence)
        {
            found = Some(Published { sequence: id.sequence, end_of_stream: frame.end_of_stream });
        }
        if last {
            return Ok(found);
        }
    }
}
