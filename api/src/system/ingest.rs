use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use vru_runtime::live::{IngestPod, LiveStore, WORKER_ALIVE};
use vru_runtime::report::chain;

use super::Sources;
use super::frames::seconds;

/// The most cameras and reasons that are named.
const NAMED: usize = 200;

/// The pods of ingest.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Ingest {
    items: Vec<Pod>,
    /// Frames that the pods here have dropped before Kafka since each started, of all cameras.
    dropped_frames: u64,
    /// The same by camera and reason, the most first, 200 at most.
    dropped: Vec<DroppedOfCamera>,
    /// Why there is nothing in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown_because: Option<String>,
}

/// A pod of ingest that has written in the last 30 seconds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IngestPod)]
struct Pod {
    name: String,
    /// It has written in the last seconds.
    alive: bool,
    age_seconds: f64,
    #[schema(format = DateTime)]
    started_at: String,
    version: String,
}

/// Frames of a camera that did not reach Kafka.
#[derive(Debug, Serialize, ToSchema)]
struct DroppedOfCamera {
    camera_id: String,
    reason: String,
    frames: u64,
}

impl Sources {
    pub(super) async fn ingest(&self) -> Ingest {
        let Some(store) = &self.live else {
            return Ingest { unknown_because: Some("`redis.url` is not configured".to_owned()), ..Ingest::default() };
        };
        let known = self.in_time(ingest(store)).await;
        known.unwrap_or_else(|why| Ingest { unknown_because: Some(why), ..Ingest::default() })
    }
}

async fn ingest(store: &LiveStore) -> Result<Ingest, String> {
    let known = store.pods().await.map_err(|error| chain(&error).to_string())?;
    let mut sums: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for (pod, _) in &known {
        for (camera, reasons) in &pod.dropped_frames {
            for (reason, frames) in reasons {
                *sums.entry((camera, reason)).or_default() += frames;
            }
        }
    }
    let dropped_frames = sums.values().sum();
    let of_camera = |((camera, reason), frames): ((&str, &str), u64)| DroppedOfCamera {
        camera_id: camera.to_owned(),
        reason: reason.to_owned(),
        frames,
    };
    let mut dropped: Vec<DroppedOfCamera> = sums.into_iter().map(of_camera).collect();
    dropped.sort_by_key(|dropped| std::cmp::Reverse(dropped.frames));
    dropped.truncate(NAMED);
    let pod = |(pod, age): (IngestPod, Duration)| Pod {
        name: pod.name,
        alive: age <= WORKER_ALIVE,
        age_seconds: seconds(age),
        started_at: Timestamp::from_microsecond(pod.started_at_us).unwrap_or_default().to_string(),
        version: pod.version,
    };
    Ok(Ingest { items: known.into_iter().map(pod).collect(), dropped_frames, dropped, unknown_because: None })
}
