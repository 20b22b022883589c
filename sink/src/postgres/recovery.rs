//! What a restored database can still get from Kafka, and what is lost: for each partition of the topics, and for each camera in it from which
//! time to which. Meant to be asked before the sinks start, because they move the positions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;
use vru_proto::validate::read_detections;
use vru_runtime::kafka::{
    KafkaConfig, KafkaFailure, Partition, RangeReader, ReadKeys, TopicId, Visited, describe_topic, partition_of,
    watermarks,
};
use vru_storage::postgres::{DatabaseError, check_schema, connect};

use super::APPLICATION;
use super::config::PostgresConfig;
use crate::error::SinkError;
use crate::supervise::{blocking, cluster_id};

const DEADLINE: Duration = Duration::from_secs(20);
/// How long a partition is searched for the first frames of its cameras.
const SEARCH: Duration = Duration::from_mins(2);

/// What the database says of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stored {
    cluster_id: String,
    topic_id: String,
    next_offset: Option<i64>,
}

/// What Kafka has of a partition, and of which topic.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Present {
    cluster_id: String,
    topic_id: TopicId,
    offsets: Range<i64>,
}

/// How the two fit.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    /// All that is not stored is there; so many records.
    Whole { waiting: i64 },
    /// Kafka has deleted so many records that were not stored.
    Expired { missing: i64 },
    /// The records behind the position were those of another topic or cluster, or of one that lost them.
    AnotherTopic,
}

impl Standing {
    fn of(stored: &[Stored], present: &Present) -> Self {
        let Range { start, end } = present.offsets;
        let topic = present.topic_id.to_string();
        let same = |stored: &&Stored| stored.cluster_id == present.cluster_id && stored.topic_id == topic;
        let next = stored.iter().find(same).and_then(|stored| stored.next_offset);
        match next {
            Some(next) if next > end => Self::AnotherTopic,
            Some(next) if next < start => Self::Expired { missing: start - next },
            Some(next) => Self::Whole { waiting: end - next },
            None if stored.iter().any(|stored| stored.next_offset.is_some()) => Self::AnotherTopic,
            // Nothing of the partition was ever stored.
            None if start > 0 => Self::Expired { missing: start },
            None => Self::Whole { waiting: end - start },
        }
    }

    fn is_whole(&self) -> bool {
        matches!(self, Self::Whole { .. })
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole { waiting } => write!(f, "nothing is lost; {waiting} records are to be stored"),
            Self::Expired { missing } => write!(f, "lost: Kafka has deleted {missing} records that are not stored"),
            Self::AnotherTopic => {
                f.write_str("lost: what followed the stored position was in another topic, which is gone")
            }
        }
    }
}

/// Reads where things stand, and says it in lines of text.
pub(crate) async fn report(config: &PostgresConfig, kafka: &KafkaConfig) -> anyhow::Result<String> {
    let cluster_id = cluster_id(kafka).await?;
    let client = connect(&config.database, APPLICATION).await?;
    check_schema(&client).await?.log();
    let stored = stored(&client, &config.group).await?;
    let topics = kafka.topics();
    let mut text = String::new();
    let mut lost = 0;
    let mut seen = BTreeSet::new();
    for topic in [&topics.detections, &topics.alerts] {
        let partitions = present(kafka, topic, &cluster_id).await?;
        let count = partitions.len() as i32;
        for (partition, present) in partitions {
            let positions = stored.get(&partition).map_or(&[][..], Vec::as_slice);
            let standing = Standing::of(positions, &present);
            writeln!(text, "{partition}: {standing}")?;
            lost += usize::from(!standing.is_whole());
            if !standing.is_whole() && *topic == topics.detections {
                text.push_str(&cameras(&client, kafka, &partition, count, present.offsets).await?);
            }
            seen.insert(partition);
        }
    }
    for partition in stored.keys().filter(|partition| !seen.contains(partition)) {
        lost += 1;
        writeln!(text, "{partition}: lost: the partition does not exist any more")?;
    }
    match lost {
        0 => text.push_str("nothing is lost: the sinks store all that the database does not have\n"),
        lost => writeln!(text, "something is lost in {lost} partitions")?,
    }
    Ok(text)
}

async fn stored(client: &Client, consumer: &str) -> Result<BTreeMap<Partition, Vec<Stored>>, DatabaseError> {
    let failed = DatabaseError::statement("read the positions of the sink");
    let sql =
        "SELECT topic, kafka_partition, cluster_id, topic_id, next_offset FROM sink_positions WHERE consumer = $1";
    let mut found: BTreeMap<Partition, Vec<Stored>> = BTreeMap::new();
    for row in client.query(sql, &[&consumer]).await.map_err(failed)? {
        let stored = Stored { cluster_id: row.get(2), topic_id: row.get(3), next_offset: row.get(4) };
        found.entry(Partition::new(row.get(0), row.get(1))).or_default().push(stored);
    }
    Ok(found)
}

async fn present(
    kafka: &KafkaConfig,
    topic: &str,
    cluster_id: &str,
) -> Result<BTreeMap<Partition, Present>, SinkError> {
    let (kafka, topic, cluster_id) = (kafka.clone(), topic.to_owned(), cluster_id.to_owned());
    let read = blocking(move || -> Result<_, KafkaFailure> {
        let topic_id = describe_topic(&kafka, &topic, DEADLINE)?.id;
        let marks = watermarks(&kafka, &topic, DEADLINE)?;
        let present = |low, high| Present { cluster_id: cluster_id.clone(), topic_id, offsets: low..high };
        Ok(marks.into_iter().map(|(partition, low, high)| (partition, present(low, high))).collect())
    });
    Ok(read.await??)
}

/// A line for each camera of the partition.
async fn cameras(
    client: &Client,
    kafka: &KafkaConfig,
    partition: &Partition,
    partitions: i32,
    offsets: Range<i64>,
) -> anyhow::Result<String> {
    let last = last_stored(client).await?;
    let last: BTreeMap<String, i64> = last
        .into_iter()
        .filter(|(camera, _)| partition_of(camera.as_bytes(), partitions) == partition.number)
        .collect();
    let wanted: BTreeSet<String> = last.keys().cloned().collect();
    let (kafka, here) = (kafka.clone(), partition.clone());
    let first = blocking(move || first_there(&kafka, here, offsets, wanted)).await??;
    let mut text = String::new();
    for (camera, from) in last {
        let from = time(from);
        match first.get(&camera) {
            Some(until) => writeln!(text, "  camera {camera}: from {from} to {}", time(*until))?,
            None => writeln!(text, "  camera {camera}: from {from}; Kafka has nothing newer of it")?,
        }
    }
    Ok(text)
}

/// The newest capture time of each camera that has rows.
async fn last_stored(client: &Client) -> Result<BTreeMap<String, i64>, DatabaseError> {
    let failed = DatabaseError::statement("look for the newest frames");
    // The key of `frames` begins with the camera: one step for each camera and day, however many frames there are.
    let sql = "WITH RECURSIVE known (camera_id) AS ( \
                 (SELECT min(camera_id) FROM frames) \
                 UNION ALL SELECT (SELECT min(f.camera_id) FROM frames f WHERE f.camera_id > k.camera_id) FROM known k \
                 WHERE k.camera_id IS NOT NULL) \
               SELECT k.camera_id, (extract(epoch FROM (SELECT max(captured_at) FROM frames f WHERE f.camera_id = k.camera_id)) \
                 * 1000000)::bigint FROM known k WHERE k.camera_id IS NOT NULL";
    let rows = client.query(sql, &[]).await.map_err(failed)?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The capture time of the first record of each of these cameras. Those that have none in the time of the search are left out.
fn first_there(
    kafka: &KafkaConfig,
    partition: Partition,
    offsets: Range<i64>,
    mut wanted: BTreeSet<String>,
) -> Result<BTreeMap<String, i64>, KafkaFailure> {
    let mut first = BTreeMap::new();
    if wanted.is_empty() || offsets.is_empty() {
        return Ok(first);
    }
    let reader = RangeReader::open(kafka, "vru-recovery", partition, SEARCH)?;
    let started = Instant::now();
    let read = ReadKeys { offsets, wanted: &|_| true, follow_until: Instant::now(), cancel: &CancellationToken::new() };
    reader.read_keys(&read, |visited| {
        if let Visited::Wanted(record) = visited
            && let Some(Ok((key, frame))) = record.payload.map(read_detections)
            && wanted.remove(key.camera.as_str())
        {
            first.insert(key.camera.as_str().to_owned(), frame.captured_at_us);
        }
        if wanted.is_empty() || started.elapsed() > SEARCH / 2 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    Ok(first)
}

fn time(unix_micros: i64) -> String {
    Timestamp::from_microsecond(unix_micros).map_or_else(|_| unix_micros.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(cluster: &str, topic: u8, next_offset: Option<i64>) -> Stored {
        let topic_id = TopicId::from_bytes([topic; 16]).to_string();
        Stored { cluster_id: cluster.to_owned(), topic_id, next_offset }
    }

    fn present(offsets: Range<i64>) -> Present {
        Present { cluster_id: "a".to_owned(), topic_id: TopicId::from_bytes([1; 16]), offsets }
    }

    #[test]
    fn what_is_lost_follows_from_positions_and_offsets() {
        let whole = |waiting| Standing::Whole { waiting };
        let cases = [
            (vec![stored("a", 1, Some(7))], 3..10, whole(3)),
            (vec![stored("a", 1, Some(10))], 10..10, whole(0)),
            (vec![stored("a", 1, Some(3))], 3..10, whole(7)),
            (vec![stored("a", 1, Some(2))], 3..10, Standing::Expired { missing: 1 }),
            (vec![stored("a", 1, Some(11))], 3..10, Standing::AnotherTopic),
            (vec![stored("a", 2, Some(7))], 0..10, Standing::AnotherTopic),
            (vec![stored("b", 1, Some(7))], 0..10, Standing::AnotherTopic),
            // Positions in an earlier cluster stay in the table, and say nothing when there is one in this cluster.
            (vec![stored("b", 1, Some(99)), stored("a", 1, Some(7))], 3..10, whole(3)),
            (vec![stored("a", 1, None)], 0..10, whole(10)),
            (vec![], 0..10, whole(10)),
            (vec![], 4..10, Standing::Expired { missing: 4 }),
        ];
        for (stored, offsets, expected) in cases {
            assert_eq!(Standing::of(&stored, &present(offsets.clone())), expected, "{stored:?} {offsets:?}");
        }
    }
}
