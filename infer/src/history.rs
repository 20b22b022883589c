//! What was published of a partition's cameras before it became ours: a worker that takes a camera over, or comes back
//! after a crash, replays it, so that tracks keep their ids and no alert is raised a second time.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use vru_proto::{CameraId, FrameKey, v1, validate};
use vru_runtime::kafka::{KafkaConfig, KafkaFailure, Partition, ReaderEvent, StartAt, TopicReader, watermarks};
use vru_runtime::report;

/// The rebalance waits for us, and so do live cameras: what cannot be read by then is done without.
const DEADLINE: Duration = Duration::from_secs(4);
/// Cameras that share a partition, as a guess of how far back to look for each one's last frames.
const CAMERAS_PER_PARTITION: usize = 8;

/// The last `frames` of each camera, oldest first. A failure is logged and gives nothing: tracks then start afresh.
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
        Ok(false) => tracing::warn!("published detections were not read to their end in time"),
        Err(error) => {
            tracing::warn!(error = %report::chain(&error), "published detections cannot be read, tracks start afresh");
        }
    }
    for seen in history.values_mut() {
        tidy(seen, frames);
    }
    history
}

/// False when the deadline came first.
async fn read_into(
    kafka: &KafkaConfig,
    partitions: &[Partition],
    frames: usize,
    history: &mut HashMap<CameraId, Vec<v1::FrameDetections>>,
) -> Result<bool, KafkaFailure> {
    let until = Instant::now() + DEADLINE;
    let topic = kafka.topics().detections;
    let (config, name) = (kafka.clone(), topic.clone());
    let marks = tokio::task::spawn_blocking(move || watermarks(&config, &name, DEADLINE));
    let Ok(Ok(marks)) = timeout_at(until, marks).await else { return Ok(false) };
    // The key decides the partition, so a camera has the same number in both topics where they have as many partitions;
    // where they have not, all are looked at.
    let ours = |number: i32| partitions.iter().any(|partition| partition.number == number);
    let marks = marks?;
    let same = partitions.iter().all(|partition| (partition.number as usize) < marks.len());
    let back = i64::try_from(frames.saturating_mul(CAMERAS_PER_PARTITION)).unwrap_or(i64::MAX);
    let starts: Vec<(i32, StartAt)> = marks
        .iter()
        .filter(|(partition, low, high)| low < high && (!same || ours(partition.number)))
        .map(|(partition, low, high)| (partition.number, StartAt::Offset((high - back).max(*low))))
        .collect();
    if starts.is_empty() {
        return Ok(true);
    }
    let mut reader = TopicReader::start(kafka, "vru-infer-history", &topic, &starts, 256)?;
    loop {
        match timeout_at(until, reader.next()).await {
            Ok(Some(ReaderEvent::Record(record))) => {
                let read = record.payload.map(validate::read_detections);
                if let Some(Ok((key, detections))) = read {
                    history.entry(key.camera).or_default().push(detections);
                }
            }
            Ok(Some(ReaderEvent::CaughtUp)) => return Ok(true),
            Ok(None) | Err(_) => return Ok(false),
        }
    }
}

/// In order, each frame once, and no more than asked for: the topic may hold a frame twice, after a crash.
fn tidy(seen: &mut Vec<v1::FrameDetections>, frames: usize) {
    let place = |detections: &v1::FrameDetections| {
        let key = detections.frame_id.as_ref().and_then(|id| FrameKey::try_from(id).ok());
        key.map(|key| (key.session, key.sequence))
    };
    seen.sort_by_key(place);
    seen.dedup_by_key(|detections| place(detections));
    let spare = seen.len().saturating_sub(frames);
    seen.drain(..spare);
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
        let mut seen: Vec<_> = [(1, 8), (2, 0), (2, 1), (2, 2), (2, 1), (2, 2), (2, 3)]
            .into_iter()
            .map(|(session, sequence)| published(session, sequence))
            .collect();
        tidy(&mut seen, 4);
        let places: Vec<_> =
            seen.iter().map(|d| d.frame_id.as_ref().map(|id| (id.session, id.sequence)).unwrap()).collect();
        assert_eq!(places, [(2, 0), (2, 1), (2, 2), (2, 3)]);
    }
}
