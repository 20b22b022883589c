//! Runs one task for each configured camera.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use vru_proto::CameraId;
use vru_proto::v1::CameraConfig;
use vru_runtime::cameras::CameraEvent;
use vru_runtime::retry::Backoff;

use crate::camera::{self, CameraContext};
use crate::counts;

/// How long the new task of a changed camera waits for the old task to end. A change must take effect within 2 s, so a camera
/// that hangs while it is closed must not delay its new configuration longer.
const HAND_OVER: Duration = Duration::from_millis(1_500);
/// How often the metrics of cameras that are gone are removed.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);
/// How long the metrics of a camera stay after it was removed or moved: Prometheus must read the last counts, and a scrape may fail.
const SERIES_KEPT: Duration = Duration::from_mins(10);

struct RunningCamera {
    config: Arc<CameraConfig>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Applies camera events until they end or `soft` is cancelled. Then it stops every camera and waits for it.
pub(crate) async fn run(mut events: mpsc::Receiver<CameraEvent>, context: CameraContext, soft: CancellationToken) {
    let mut cameras: HashMap<CameraId, RunningCamera> = HashMap::new();
    // Removed cameras whose tasks have not ended.
    let mut ending: Vec<(CameraId, JoinHandle<()>)> = Vec::new();
    let mut removed_at: HashMap<CameraId, Instant> = HashMap::new();
    let mut sweep = tokio::time::interval(SWEEP_INTERVAL);
    loop {
        let event = tokio::select! {
            () = soft.cancelled() => break,
            _ = sweep.tick() => {
                ending.retain(|(_, task)| !task.is_finished());
                let is_ending = |camera: &str| ending.iter().any(|(id, _)| id.as_str() == camera);
                removed_at.retain(|_, at| at.elapsed() < SERIES_KEPT);
                counts::forget_absent(|camera| {
                    let is_known = |id: CameraId| cameras.contains_key(&id) || removed_at.contains_key(&id);
                    camera.parse().is_ok_and(is_known) || is_ending(camera) || context.shutdowns.hang(camera)
                });
                continue;
            }
            event = events.recv() => event,
        };
        match event {
            Some(CameraEvent::Upsert(id, config)) => upsert(&mut cameras, id, config, &context, &soft),
            Some(CameraEvent::Remove(id)) => {
                if let Some(running) = cameras.remove(&id) {
                    tracing::info!(camera = %id, "camera removed");
                    running.stop.cancel();
                    removed_at.insert(id.clone(), Instant::now());
                    ending.push((id, running.task));
                }
            }
            Some(CameraEvent::CaughtUp) => tracing::info!(cameras = cameras.len(), "camera configuration loaded"),
            None => break,
        }
    }
    for running in cameras.values() {
        running.stop.cancel();
    }
    let running = cameras.into_iter().map(|(id, running)| (id, running.task));
    for (id, task) in running.chain(ending) {
        if task.await.is_err() {
            tracing::error!(camera = %id, "camera task panicked");
        }
    }
}

fn upsert(
    cameras: &mut HashMap<CameraId, RunningCamera>,
    id: CameraId,
    config: Arc<CameraConfig>,
    context: &CameraContext,
    soft: &CancellationToken,
) {
    let previous = match cameras.remove(&id) {
        Some(running) if has_same_video(&running.config, &config) => {
            cameras.insert(id, RunningCamera { config, ..running });
            return;
        }
        Some(running) => {
            tracing::info!(camera = %id, "camera changed");
            running.stop.cancel();
            Some(running.task)
        }
        None => {
            tracing::info!(camera = %id, "camera added");
            None
        }
    };
    let stop = soft.child_token();
    let span = tracing::info_span!("camera", camera = %id);
    let running = run_camera(id.clone(), config.clone(), context.clone(), stop.clone(), previous);
    let task = tokio::spawn(running.instrument(span));
    cameras.insert(id, RunningCamera { config, stop, task });
}

/// Ingest uses only the source and the output of a camera, and ignores its name, zones and rules.
fn has_same_video(one: &CameraConfig, other: &CameraConfig) -> bool {
    one.source == other.source && one.output == other.output
}

/// Runs the camera, and starts it again after a panic: a fault in our code must not cost more than one connection.
async fn run_camera(
    id: CameraId,
    config: Arc<CameraConfig>,
    context: CameraContext,
    stop: CancellationToken,
    previous: Option<JoinHandle<()>>,
) {
    if let Some(previous) = previous
        && tokio::time::timeout(HAND_OVER, previous).await.is_err()
    {
        tracing::warn!(after = ?HAND_OVER, "the camera's old connection did not close in time, starting the new one");
    }
    let mut backoff = Backoff::new(context.config.live.backoff);
    while !stop.is_cancelled() {
        let running = camera::run(id.clone(), config.clone(), context.clone(), stop.clone());
        match tokio::spawn(running.in_current_span()).await {
            Ok(()) => return,
            Err(error) => tracing::error!(%error, "camera task panicked, starting it again"),
        }
        backoff.wait(&stop).await;
    }
}
