//! Reads the detections that were published before a partition was assigned to this worker. A worker that takes a camera over,
//! or restarts after a crash, replays them, so that tracks keep their ids and no alert is raised a second time.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use vru_proto::{FrameKey, v1, validate};
use vru_runtime::kafka::{
    KafkaConfig, KafkaFailure, Partition, ReaderEvent, Record, StartAt, TopicReader, Topics, describe_topics,
    partition_of, watermarks,
};
use vru_runtime::report;

use crate::feed::Feed;

/// The rebalance and live cameras wait while the history is read. Detections that are not read in time are not replayed.
const DEADLINE: Duration = Duration::from_secs(4);
/// How long the reading of older detections may take, which nobody waits for.
const OLDER_DEADLINE: Duration = Duration::from_mins(1);
/// The first reading further back covers so many times as many records, and so does each one after it.
const FURTHER: i64 = 8;
/// An estimate of how many cameras share a partition. It determines how far back to read for the last frames of each.
const CAMERAS_PER_PARTITION: usize = 8;

/// The ends of the partitions of detections, by number, when they were read.
pub type Marks = HashMap<i32, i64>;

/// The last `frames` published frames of each feed of these partitions, oldest first, and up to where they were read. A failure is logged; the tracks then start new.
pub async fn read(
    kafka: &KafkaConfig,
    partitions: &[Partition],
    frames: usize,
) -> (HashMap<Feed, Vec<v1::FrameDetections>>, Option<Marks>) {
    if frames == 0 || partitions.is_empty() {
        return (HashMap::new(), None);
    }
    let mut history: HashMap<Feed, Vec<v1::FrameDetections>> = HashMap::new();
    let keep = |published: Published<'_>| {
        if published.partition.is_some() {
            history.entry(published.feed).or_default().push(published.detections);
        }
    };
    let until = Instant::now() + DEADLINE;
    let marks = match read_back(kafka, partitions, records(frames), until, keep).await {
        Ok(Reading::Complete { marks, .. }) => Some(marks),
        Ok(Reading::CutOff) => {
            tracing::warn!("published detections not read completely within the deadline");
            None
        }
        Err(error) => {
            tracing::warn!(error = %report::chain(&error), "cannot read published detections, tracks start new");
            None
        }
    };
    for published in history.values_mut() {
        keep_last(published, frames);
    }
    (history, marks)
}

/// The last published frame of each feed of these partitions before `marks`, with its partition, if it is not older than `reach` before the
/// newest one of the partition of detections.
pub async fn last_frames(
    kafka: &KafkaConfig,
    partitions: &[Partition],
    marks: Option<&Marks>,
    reach: Duration,
) -> Result<HashMap<Feed, (Partition, v1::FrameDetections)>, LastFramesError> {
    let until = Instant::now() + OLDER_DEADLINE;
    let reach_ms = i64::try_from(reach.as_millis()).unwrap_or(i64::MAX);
    let mut back = records(1);
    loop {
        back = back.saturating_mul(FURTHER);
        let mut times: HashMap<i32, (i64, i64)> = HashMap::new();
        let mut last: HashMap<Feed, (Partition, v1::FrameDetections)> = HashMap::new();
        let keep = |published: Published<'_>| {
            let Published { record, feed, partition, detections } = published;
            let number = record.partition.number;
            if marks.and_then(|marks| marks.get(&number)).is_some_and(|end| record.offset >= *end) {
                return;
            }
            let at = record.timestamp_ms.unwrap_or(i64::MIN);
            let (first, newest) = times.entry(number).or_insert((at, at));
            (*first, *newest) = (at.min(*first), at.max(*newest));
            if let Some(partition) = partition {
                last.insert(feed, (partition.clone(), detections));
            }
        };
        match read_back(kafka, partitions, back, until, keep).await.map_err(LastFramesError::Kafka)? {
            Reading::Complete { whole, .. } => {
                if whole || times.values().all(|(first, newest)| newest.saturating_sub(*first) >= reach_ms) {
                    return Ok(last);
                }
            }
            Reading::CutOff => return Err(LastFramesError::CutOff),
        }
    }
}

/// Why the last frames are not known.
#[derive(Debug, thiserror::Error)]
pub enum LastFramesError {
    #[error("cannot read the published detections")]
    Kafka(#[source] KafkaFailure),
    #[error("the published detections were not read within the deadline, or their topic was recreated")]
    CutOff,
}

/// How many records to read for so many frames of each camera.
fn records(frames: usize) -> i64 {
    i64::try_from(frames.saturating_mul(CAMERAS_PER_PARTITION)).unwrap_or(i64::MAX)
}

enum Reading {
    Complete {
        /// Everything that the partitions hold was read.
        whole: bool,
        marks: Marks,
    },
    CutOff,
}

/// A published frame.
struct Published<'a> {
    record: &'a Record,
    feed: Feed,
    /// The one of the assigned partitions that the feed's frames are in; `None` if they are in none of them.
    partition: Option<&'a Partition>,
    detections: v1::FrameDetections,
}

/// Partitions of the topics of frames, and how many their topics have.
struct Assigned<'a> {
    partitions: &'a [Partition],
    topics: Topics,
    counts: HashMap<String, i32>,
}

impl Assigned<'_> {
    fn partition(&self, feed: &Feed) -> Option<&Partition> {
        let topic = feed.kind.topic(&self.topics);
        let number = partition_of(feed.camera.as_str().as_bytes(), *self.counts.get(topic)?);
        self.partitions.iter().find(|assigned| assigned.number == number && *assigned.topic == *topic)
    }
}

/// Reads the last `back` records of the partitions of detections that hold the cameras of these partitions of frames.
async fn read_back(
    kafka: &KafkaConfig,
    partitions: &[Partition],
    back: i64,
    until: Instant,
    mut keep: impl FnMut(Published<'_>),
) -> Result<Reading, KafkaFailure> {
    let topics = kafka.topics();
    let topic = topics.detections.clone();
    let names: BTreeSet<String> = partitions.iter().map(|partition| partition.topic.to_string()).collect();
    let (config, name) = (kafka.clone(), topic.clone());
    let look = tokio::task::spawn_blocking(move || {
        let names: Vec<&str> = names.iter().map(String::as_str).chain([&*name]).collect();
        let described = describe_topics(&config, &names, DEADLINE)?;
        Ok::<_, KafkaFailure>((described, watermarks(&config, &name, DEADLINE)?))
    });
    let Ok(Ok(look)) = timeout_at(until, look).await else { return Ok(Reading::CutOff) };
    let (described, marks) = look?;
    let id = described[&topic].id;
    let counts = described.into_iter().map(|(name, described)| (name, described.partitions)).collect();
    let assigned = Assigned { partitions, topics, counts };
    // The key decides the partition, so a camera has the same partition number in two topics that have equally many partitions. Otherwise
    // a camera may be in any partition of the detections: read all.
    let count_of = |partition: &Partition| assigned.counts.get(&*partition.topic).copied();
    let count = i32::try_from(marks.len()).ok();
    let same_numbers = partitions.iter().all(|partition| count_of(partition) == count);
    let is_assigned = |number: i32| partitions.iter().any(|partition| partition.number == number);
    let wanted = |number: i32| !same_numbers || is_assigned(number);
    let wanted: Vec<_> = marks.iter().filter(|(partition, low, high)| low < high && wanted(partition.number)).collect();
    let whole = wanted.iter().all(|(_, low, high)| high.saturating_sub(back) <= *low);
    let ends = || marks.iter().map(|(partition, _, high)| (partition.number, *high)).collect();
    let start = |low: i64, high: i64| StartAt::Offset(high.saturating_sub(back).max(low));
    let starts: Vec<(i32, StartAt)> =
        wanted.iter().map(|(partition, low, high)| (partition.number, start(*low, *high))).collect();
    if starts.is_empty() {
        return Ok(Reading::Complete { whole, marks: ends() });
    }
    let mut reader = TopicReader::start(kafka, "vru-infer-history", &topic, id, &starts, 256, TopicReader::FETCH_WAIT)?;
    loop {
        match timeout_at(until, reader.next()).await {
            Ok(Some(ReaderEvent::Record(record))) => {
                let read = record.payload.clone().map(validate::read_detections);
                if let Some(Ok((key, detections))) = read {
                    let feed = Feed::of_published(key.camera, &detections);
                    let partition = assigned.partition(&feed);
                    keep(Published { record: &record, feed, partition, detections });
                }
            }
            Ok(Some(ReaderEvent::CaughtUp)) => {
                return Ok(Reading::Complete { whole, marks: ends() });
            }
            // What was read of a deleted topic is still what was published.
            Ok(Some(ReaderEvent::Recreated) | None) | Err(_) => return Ok(Reading::CutOff),
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
