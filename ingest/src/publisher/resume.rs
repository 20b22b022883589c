//! Finds out how much of a file is on Kafka.
//!
//! One idempotent producer writes a file's frames in order, so the last frame found proves that all frames before it are there. It is the
//! one that the file's position names ([`file_position`]), or one that was acknowledged after the position was written
//! ([`FrameSearch::forward`]). A file without a position was published by an earlier version, or its topic was created again: then the
//! newest records of its partition are searched ([`FrameSearch::backwards`]). When none is found, the file starts from its beginning with
//! the same identities, and consumers recognise the frames that they have seen.
//!
//! A topic that is missing, cannot be read or may not be read is an error, and the file waits: to start without an answer could publish
//! all of it again.

use std::time::Duration;

use vru_proto::CameraId;
use vru_proto::names::FILE_POSITIONS_PARTITION;
use vru_runtime::kafka::{KafkaConfig, KafkaFailure, Partition, RangeReader, Topics, describe_topic, partition_of};

use super::frame_search::FrameSearch;
use super::{Published, file_position};
use crate::metrics;

/// Bounds each of the steps: describing the topic, reading the positions, and each search.
const DEADLINE: Duration = Duration::from_secs(20);

/// Blocks up to some deadlines.
pub(super) fn last_published(
    kafka: &KafkaConfig,
    topics: &Topics,
    camera: &CameraId,
    session: u64,
) -> Result<Published, KafkaFailure> {
    // First of all: of a topic that is created again meanwhile, nothing is taken for the present one.
    let frames = describe_topic(kafka, &topics.file_frames, DEADLINE)?;
    let published = |last| Ok(Published { topic: frames.id, last });
    let topic = &topics.file_frames;
    let search = FrameSearch { kafka, topic, described: frames, camera, session, deadline: DEADLINE };
    let here = partition_of(camera.as_str().as_bytes(), frames.partitions);
    let partition = Partition::new(&topics.file_positions, FILE_POSITIONS_PARTITION);
    let positions = RangeReader::open(kafka, "vru-ingest-resume", partition, DEADLINE)?;
    let Some(position) = file_position::furthest(&positions, camera, session, frames.id)? else {
        return published(search.backwards(here)?);
    };
    let Some(found) = search.forward(&position)? else {
        metrics::position_fault(camera.as_str(), metrics::ELSEWHERE);
        tracing::warn!(%camera, session, ?position, "the topic does not have the frame that the file's position names, so the position is not used");
        return published(search.backwards(here)?);
    };
    // Partitions were added to the topic, and later frames are in another one.
    let later =
        if position.delivered.partition == here || found.end_of_stream { None } else { search.backwards(here)? };
    published(Some(later.filter(|later| later.sequence > found.sequence).unwrap_or(found)))
}
