//! Reads the detections that were published before a partition was assigned to this worker. A worker that takes a camera over,
//! or restarts after a crash, replays them, so that tracks keep their ids and no alert is raised a second time.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use vru_proto::{CameraId, FrameKey, v1, validate};
use vru_runtime::kafka::{
    KafkaConfig, KafkaFailure, Partition, ReaderEvent, StartAt, TopicReader, describe_topic, watermarks,
};
use vru_runtime::report;

/// The rebalance and live cameras wait while the history is read. Detections that are not read in time are not replayed.
const DEADLINE: Duration = Duration::from_secs(4);
/// An estimate of how many cameras share a partition. It determines how far back to read for the last frames of each.
const CAMERAS_PER_PARTITION: usize = 8;

/// The last `frames` published frames of each camera, oldest first. A failure is logged; the tracks then start new.
pub async fn read(
    kafka: &KafkaConfig,
    partitions: &[Partition],
    frames: usize,
) -> HashMap<CameraId, Vec<v1::FrameDetections>> {
    if frames == 0 || partitions.is_empty() {
        return HashMap::new();
    }
    let mut history = HashMap::new();
    match read_into(kafka, partitions, frames, &mut history).await {
        Ok(true) => {}
        Ok(false) => tracing::warn!("published detections not read completely within the deadline"),
        Err(error) => {
            tracing::warn!(error = %report::chain(&error), "cannot read published detections, tracks start new");
        }
    }
    for published in history.values_mut() {
        keep_last(published, frames);
    }
    history
}

/// False if the deadline came first.
async fn read_into(
    kafka: &KafkaConfig,
    partitions: &[Partition],
    frames: usize,
    history: &mut HashMap<CameraId, Vec<v1::FrameDetections>>,
) -> Result<bool, KafkaFailure> {
    let until = Instant::now() + DEADLINE;
    let topic = kafka.topics().detections;
    let (config, name) = (kafka.clone(), topic.clone());
    let look = tokio::task::spawn_blocking(move || {
        let id = describe_topic(&config, &name, DEADLINE)?.id;
        Ok::<_, KafkaFailure>((id, watermarks(&config, &name, DEADLINE)?))
    });
    let Ok(Ok(look)) = timeout_at(until, look).await else { return Ok(false) };
    // The key decides the partition, so a camera has the same partition number in both topics if they have equally many
    // partitions. If the topic of detections lacks one of these numbers, its cameras may be in any partition: read all.
    let is_assigned = |number: i32| partitions.iter().any(|partition| partition.number == number);
    let (id, marks) = look?;
    let same_numbers = partitions.iter().all(|partition| (partition.number as usize) < marks.len());
    let back = i64::try_from(frames.saturating_mul(CAMERAS_PER_PARTITION)).unwrap_or(i64::MAX);
    let starts: Vec<(i32, StartAt)> = marks
        .iter()
        .filter(|(partition, low, high)| low < high && (!same_numbers || is_assigned(partition.number)))
        .map(|(partition, low, high)| (partition.number, StartAt::Offset((high - back).max(*low))))
        .collect();
    if starts.is_empty() {
        return Ok(true);
    }
    let mut reader = TopicReader::start(kafka, "vru-infer-history", &topic, id, &starts, 256)?;
    loop {
        match timeout_at(until, reader.next()).await {
            Ok(Some(ReaderEvent::Record(record))) => {
                let read = record.payload.map(validate::read_detections);
                if let Some(Ok((key, detections))) = read {
                    history.entry(key.camera).or_default().push(detections);
                }
            }
            Ok(Some(ReaderEvent::CaughtUp)) => return Ok(true),
            // What was read of a deleted topic is still what was published.
            Ok(Some(ReaderEvent::Recreated) | None) | Err(_) => return Ok(false),
        }
    }
}

/// Sorts the frames, removes duplicates (after a crash a frame may be in the topic twice), and keeps the last `frames`.
fn keep_last(published: &mut Vec<v1::FrameDetections>, frames: usize) {
    let id = |detections: &v1::FrameDetections| {
        let key = detections.frame_id.as_ref().and_then(|id| FrameKey::try_from(id).ok());
        key.map(|key| (key.session, key.sequence))
    };
    published.sort_by_key(id);
    published.dedup_by_key(|detections| id(detections));
    let excess = published.len().saturating_sub(frames);
    published.drain(..excess);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(session: u64, sequence: u64) -> v1::FrameDetections {
        v1::FrameDetections {
            frame_id: Some(v1::FrameId { camera_id: "cam".to_owned(), session, sequence }),
            ..Default::default()
        }
    }

    #[test]
    fn frames_that_were_published_twice_are_replayed_once_and_in_order() {
        let mut history: Vec<_> = [(1, 8), (2, 0), (2, 1), (2, 2), (2, 1), (2, 2), (2, 3)]
            .into_iter()
            .map(|(session, sequence)| published(session, sequence))
            .collect();
        keep_last(&mut history, 4);
        let ids: Vec<_> =
            history.iter().map(|d| d.frame_id.as_ref().map(|id| (id.session, id.sequence)).unwrap()).collect();
        assert_eq!(ids, [(2, 0), (2, 1), (2, 2), (2, 3)]);
    }
}
