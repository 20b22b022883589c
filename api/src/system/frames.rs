use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use vru_runtime::live::{self, LIVE_WITHIN, LiveStore, WORKER_ALIVE};
use vru_runtime::report::chain;

use super::Sources;

/// The most cameras that are looked at.
const MOST_CAMERAS: usize = 20_000;
/// How many are read at once.
const AT_ONCE: usize = 500;
/// The most silent cameras that are named.
const NAMED: usize = 100;

/// The workers of inference.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Workers {
    items: Vec<Worker>,
    /// Frames that the workers here have not analysed since each started, by reason.
    dropped_frames: Vec<Dropped>,
    /// Why there is nothing in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown_because: Option<String>,
}

/// A worker of inference that has written in the last 30 seconds.
#[derive(Debug, Serialize, ToSchema)]
struct Worker {
    name: String,
    /// It has written in the last seconds.
    alive: bool,
    age_seconds: f64,
    /// Cameras of which it has analysed a frame within the last minute.
    cameras: u64,
    #[schema(format = DateTime)]
    started_at: String,
    version: String,
}

/// Frames that were not analysed.
#[derive(Debug, Serialize, ToSchema)]
struct Dropped {
    reason: String,
    frames: u64,
}

/// The newest analysed frames.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Frames {
    /// How many seconds ago the newest frame of any camera or file was analysed; absent if none is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    newest_age_seconds: Option<f64>,
    /// Video files of which a frame was analysed in the last seconds. Files are no cameras: one that is at its end is not silent.
    files: u64,
    /// Cameras of which a frame was analysed in the last seconds.
    live_cameras: u64,
    /// Cameras of which one was analysed in the last ten minutes, and none in the last seconds.
    silent_cameras: u64,
    /// Those that have been silent for the longest, 100 at most.
    silent: Vec<SilentCamera>,
    /// Why there is nothing in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown_because: Option<String>,
}

/// A camera of which no frame is analysed.
#[derive(Debug, Serialize, ToSchema)]
struct SilentCamera {
    camera_id: String,
    age_seconds: f64,
}

pub(super) fn seconds(age: Duration) -> f64 {
    (age.as_secs_f64() * 10.0).round() / 10.0
}

impl Sources {
    pub(super) async fn frames(&self) -> (Workers, Frames) {
        let Some(store) = &self.live else {
            let why = Some("`redis.url` is not configured".to_owned());
            let workers = Workers { unknown_because: why.clone(), ..Workers::default() };
            return (workers, Frames { unknown_because: why, ..Frames::default() });
        };
        let (workers, frames) = futures::join!(self.in_time(workers(store)), self.in_time(frames(store)));
        (
            workers.unwrap_or_else(|why| Workers { unknown_because: Some(why), ..Workers::default() }),
            frames.unwrap_or_else(|why| Frames { unknown_because: Some(why), ..Frames::default() }),
        )
    }
}

async fn workers(store: &LiveStore) -> Result<Workers, String> {
    let known = store.workers().await.map_err(|error| chain(&error).to_string())?;
    let mut dropped: BTreeMap<String, u64> = BTreeMap::new();
    for (worker, _) in &known {
        for (reason, frames) in &worker.dropped_frames {
            *dropped.entry(reason.clone()).or_default() += frames;
        }
    }
    let worker = |(worker, age): (live::Worker, Duration)| Worker {
        name: worker.name,
        alive: age <= WORKER_ALIVE,
        age_seconds: seconds(age),
        cameras: worker.cameras,
        started_at: Timestamp::from_microsecond(worker.started_at_us).unwrap_or_default().to_string(),
        version: worker.version,
    };
    Ok(Workers {
        items: known.into_iter().map(worker).collect(),
        dropped_frames: dropped.into_iter().map(|(reason, frames)| Dropped { reason, frames }).collect(),
        unknown_because: None,
    })
}

async fn frames(store: &LiveStore) -> Result<Frames, String> {
    let cameras = store.cameras("", MOST_CAMERAS).await.map_err(|error| chain(&error).to_string())?;
    let (mut ages, mut of_files) = (Vec::with_capacity(cameras.len()), Vec::new());
    for some in cameras.chunks(AT_ONCE) {
        let seen = store.read(some).await.map_err(|error| chain(&error).to_string())?;
        for (camera, seen) in some.iter().zip(seen) {
            match seen {
                Some(seen) if seen.state.file => of_files.push(seen.age),
                Some(seen) => ages.push((seen.age, camera)),
                None => {}
            }
        }
    }
    ages.sort_unstable();
    let live = ages.partition_point(|(age, _)| *age <= LIVE_WITHIN);
    let silent = ages[live..].iter().rev().take(NAMED);
    let silent = silent.map(|(age, camera)| SilentCamera { camera_id: (*camera).clone(), age_seconds: seconds(*age) });
    Ok(Frames {
        newest_age_seconds: ages.iter().map(|(age, _)| age).chain(&of_files).min().map(|age| seconds(*age)),
        files: of_files.iter().filter(|age| **age <= LIVE_WITHIN).count() as u64,
        live_cameras: live as u64,
        silent_cameras: (ages.len() - live) as u64,
        silent: silent.collect(),
        unknown_because: None,
    })
}
