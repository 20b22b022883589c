//! Finds the last frame of a file that is already on Kafka, by reading its partition backwards from the end in growing steps.
//!
//! One idempotent producer writes a file's frames in order, so the last frame found proves that all frames before it are
//! there. When too many frames of other cameras follow, none is found: the file then starts from its beginning with the same
//! identities, and consumers recognise the frames that they have seen.

use std::time::Duration;

use prost::Message as _;
use vru_proto::CameraId;
use vru_proto::v1::Frame;
use vru_runtime::kafka::{KafkaConfig, KafkaFailure, Partition, RangeReader, Record, admin, partition_of};

use super::LastPublished;

/// How many of the partition's newest records are searched, step by step. The file's last frame is usually in the first.
const STEPS: [i64; 4] = [64, 512, 2_048, WHILE_THERE_IS_TIME];
/// What is searched within the deadline; with large frames it is not all of this.
const WHILE_THERE_IS_TIME: i64 = 16_384;
const DEADLINE: Duration = Duration::from_secs(20);

/// The last frame of a session that is on Kafka. Blocks up to some deadlines.
pub(super) fn last_published(
    kafka: &KafkaConfig,
    topic: &str,
    camera: &CameraId,
    session: u64,
) -> Result<Option<LastPublished>, KafkaFailure> {
    let count = admin::partition_count(kafka, topic, DEADLINE)?;
    let partition = Partition::new(topic, partition_of(camera.as_str().as_bytes(), count));
    let reader = RangeReader::open(kafka, "vru-ingest-resume", partition, DEADLINE)?;
    let offsets = reader.offsets();
    let mut searched_from = offsets.end;
    for step in STEPS {
        let from = (offsets.end - step).max(offsets.start);
        if from >= searched_from {
            break;
        }
        let mut newest: Option<LastPublished> = None;
        let read = reader.read(from..searched_from, |record| {
            if let Some(found) = frame_of_session(record, camera, session)
                && newest.is_none_or(|newest| newest.sequence <= found.sequence)
            {
                newest = Some(found);
            }
        });
        match read {
            Err(failure) if step == WHILE_THERE_IS_TIME && failure.is_timeout() => {
                tracing::warn!(%camera, session, records = offsets.end - from, "the end of the file's frames was not found in time");
                return Ok(None);
            }
            read => read?,
        }
        if newest.is_some() {
            return Ok(newest);
        }
        searched_from = from;
    }
    Ok(None)
}

fn frame_of_session(record: &Record, camera: &CameraId, session: u64) -> Option<LastPublished> {
    if record.key.as_deref() != Some(camera.as_str().as_bytes()) {
        return None;
    }
    let frame = Frame::decode(record.payload.clone()?).ok()?;
    let id = frame.id.as_ref().filter(|id| id.session == session)?;
    Some(LastPublished { sequence: id.sequence, end_of_stream: frame.end_of_stream })
}
