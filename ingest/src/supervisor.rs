//! Runs one task for each camera that this process watches: those that it connects to, by its share of them, and those that connect to it,
//! whichever they are.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use vru_proto::CameraId;
use vru_proto::v1::CameraConfig;
use vru_proto::v1::camera_config::Source;
use vru_runtime::cameras::CameraEvent;
use vru_runtime::retry::Backoff;

use crate::camera::{self, CameraContext};
use crate::counts;
use crate::removed_cameras::RemovedCameras;

/// How long the new task of a changed camera waits for the old task to end. A change must take effect within 2 s, so a camera
/// that hangs while it is closed must not delay its new configuration longer.
const HAND_OVER: Duration = Duration::from_millis(1_500);
/// How often the metrics of cameras that are gone are removed.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);

/// How a camera comes to this process. A camera whose source changes has a task of each kind for a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Way {
    /// Kafka assigns it: it is pulled, or a file.
    Assigned,
    /// It connects to a pod that the load balancer chooses, so every pod knows it.
    Pushed,
}

/// The changes of the cameras, by the way that they come.
pub(crate) struct CameraChanges {
    /// This pod's share of all cameras.
    pub(crate) assigned: mpsc::Receiver<CameraEvent>,
    /// All cameras. `None`: `assigned` has all.
    pub(crate) all: Option<mpsc::Receiver<CameraEvent>>,
}

impl CameraChanges {
    /// The next change. What a camera is that comes another way is its removal.
    async fn next(&mut self) -> Option<(Way, CameraEvent)> {
        let Some(all) = &mut self.all else { return Some((Way::Assigned, self.assigned.recv().await?)) };
        let (way, event) = tokio::select! {
            event = self.assigned.recv() => (Way::Assigned, event?),
            event = all.recv() => (Way::Pushed, event?),
        };
        Some(match event {
            CameraEvent::Upsert(id, config) if way != way_of(&config) => (way, CameraEvent::Remove(id)),
            event => (way, event),
        })
    }
}

fn way_of(config: &CameraConfig) -> Way {
    if matches!(config.source, Some(Source::Push(_))) { Way::Pushed } else { Way::Assigned }
}

struct RunningCamera {
    config: Arc<CameraConfig>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Applies camera events until they end or `soft` is cancelled. Then it stops every camera and waits for it.
pub(crate) async fn run(mut changes: CameraChanges, context: CameraContext, soft: CancellationToken) {
    let mut cameras: HashMap<(CameraId, Way), RunningCamera> = HashMap::new();
    // Removed cameras whose tasks have not ended.
    let mut ending: Vec<(CameraId, JoinHandle<()>)> = Vec::new();
    let mut removed = RemovedCameras::default();
    let mut sweep = tokio::time::interval(SWEEP_INTERVAL);
    loop {
        let event = tokio::select! {
            () = soft.cancelled() => break,
            _ = sweep.tick() => {
                ending.retain(|(_, task)| !task.is_finished());
                let is_here = |id: &CameraId| {
                    [Way::Assigned, Way::Pushed].iter().any(|way| cameras.contains_key(&(id.clone(), *way)))
                };
                let is_ending = |id: &CameraId| ending.iter().any(|(camera, _)| camera == id);
                let gone = removed.gone(
                    Instant::now(),
                    is_here,
                    |id| is_ending(id) || context.shutdowns.hang(id.as_str()),
                );
                if !gone.is_empty() {
                    counts::forget(&gone.iter().map(CameraId::to_string).collect());
                }
                continue;
            }
            change = changes.next() => change,
        };
        match event {
            Some((way, CameraEvent::Upsert(id, config))) => upsert(&mut cameras, (id, way), config, &context, &soft),
            Some((way, CameraEvent::Remove(id))) => {
                if let Some(running) = cameras.remove(&(id.clone(), way)) {
                    tracing::info!(camera = %id, "camera removed");
                    running.stop.cancel();
                    removed.insert(id.clone(), Instant::now());
                    ending.push((id, running.task));
                }
            }
            Some((way, CameraEvent::CaughtUp)) => {
                let cameras = cameras.keys().filter(|(_, of)| *of == way).count();
                tracing::info!(?way, cameras, "camera configuration loaded");
            }
            None => break,
        }
    }
    for running in cameras.values() {
        running.stop.cancel();
    }
    let running = cameras.into_iter().map(|((id, _), running)| (id, running.task));
    for (id, task) in running.chain(ending) {
        if task.await.is_err() {
            tracing::error!(camera = %id, "camera task panicked");
        }
    }
}

fn upsert(
    cameras: &mut HashMap<(CameraId, Way), RunningCamera>,
    key: (CameraId, Way),
    config: Arc<CameraConfig>,
    context: &CameraContext,
    soft: &CancellationToken,
) {
    let id = key.0.clone();
    let previous = match cameras.remove(&key) {
        Some(running) if has_same_video(&running.config, &config) => {
            cameras.insert(key, RunningCamera { config, ..running });
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
    cameras.insert(key, RunningCamera { config, stop, task });
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
