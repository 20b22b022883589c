//! One task a camera, as the configuration says.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use vru_proto::CameraId;
use vru_proto::v1::CameraConfig;
use vru_runtime::cameras::CameraEvent;
use vru_runtime::retry::Backoff;

use crate::camera::{self, Shared};

/// How long a new task of a camera waits for the one before to end. A change must take effect within 2 s; a camera that hangs
/// while it is closed must not hold up its successor.
const HAND_OVER: Duration = Duration::from_millis(1_500);

struct Running {
    config: Arc<CameraConfig>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Follows the events until they end or the soft token; then stops every camera and waits for them.
pub(crate) async fn run(mut events: mpsc::Receiver<CameraEvent>, shared: Shared, soft: CancellationToken) {
    let mut cameras: HashMap<CameraId, Running> = HashMap::new();
    loop {
        let event = tokio::select! {
            () = soft.cancelled() => break,
            event = events.recv() => event,
        };
        match event {
            Some(CameraEvent::Upsert(id, config)) => upsert(&mut cameras, id, config, &shared, &soft),
            Some(CameraEvent::Remove(id)) => {
                if let Some(running) = cameras.remove(&id) {
                    tracing::info!(camera = %id, "camera removed");
                    running.stop.cancel();
                }
            }
            Some(CameraEvent::CaughtUp) => tracing::info!(cameras = cameras.len(), "cameras known"),
            None => break,
        }
    }
    for running in cameras.values() {
        running.stop.cancel();
    }
    for (id, running) in cameras {
        if running.task.await.is_err() {
            tracing::error!(camera = %id, "the camera's task panicked");
        }
    }
}

fn upsert(
    cameras: &mut HashMap<CameraId, Running>,
    id: CameraId,
    config: Arc<CameraConfig>,
    shared: &Shared,
    soft: &CancellationToken,
) {
    let before = match cameras.remove(&id) {
        Some(running) if same(&running.config, &config) => {
            cameras.insert(id, Running { config, ..running });
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
    let task = tokio::spawn(keep(id.clone(), config.clone(), shared.clone(), stop.clone(), before).instrument(span));
    cameras.insert(id, Running { config, stop, task });
}

/// Whether ingest would do the same: zones, rules and the name are not its business.
fn same(one: &CameraConfig, other: &CameraConfig) -> bool {
    one.source == other.source && one.output == other.output
}

/// Runs the camera; a panic in it is an error in our code, and must not cost more than this connection.
async fn keep(
    id: CameraId,
    config: Arc<CameraConfig>,
    shared: Shared,
    stop: CancellationToken,
    before: Option<JoinHandle<()>>,
) {
    if let Some(before) = before
        && tokio::time::timeout(HAND_OVER, before).await.is_err()
    {
        tracing::warn!("the connection before did not end in time");
    }
    let mut backoff = Backoff::new(shared.config.live.backoff);
    while !stop.is_cancelled() {
        let running = camera::run(id.clone(), config.clone(), shared.clone(), stop.clone());
        match tokio::spawn(running.in_current_span()).await {
            Ok(()) => return,
            Err(error) => tracing::error!(%error, "the camera's task panicked, starting it again"),
        }
        backoff.wait(&stop).await;
    }
}
