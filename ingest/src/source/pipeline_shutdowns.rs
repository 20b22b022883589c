//! Shuts pipelines down, and accounts for those that hang.
//!
//! TEARDOWN may take a moment; and when a camera stopped in the middle of a response, GStreamer 1.22 waits until that camera closes the
//! connection. Each pipeline that hangs costs a thread and a socket. So a camera whose pipelines hang is not connected again until some of
//! them have ended, and when the process has too many of them, it ends in an orderly way: only a restart gets rid of them.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, oneshot};
use vru_proto::CameraId;
use vru_runtime::admin::ReadyFlag;
use vru_runtime::failure::Failure;

use crate::error::SourceError;
use crate::metrics::HUNG_PIPELINES;

/// When pipelines that hang matter.
#[derive(Debug, Clone, Copy)]
pub struct HangLimits {
    /// A pipeline that has not shut down after this long hangs; its camera waits no longer for it.
    pub deadline: Duration,
    /// A camera with so many of them is not connected again.
    pub per_camera: usize,
    /// From so many on, `/ready` reports them.
    pub report: usize,
    /// At so many, the service ends.
    pub total: usize,
}

impl Default for HangLimits {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(3), per_camera: 4, report: 16, total: 128 }
    }
}

/// How many pipelines may shut down at the same time beside those that hang. Further ones wait.
const MAX_CONCURRENT: usize = 128;

/// The pipelines of the process that shut down.
#[derive(Debug)]
pub struct PipelineShutdowns {
    limits: HangLimits,
    concurrent: Arc<Semaphore>,
    hung: Mutex<BTreeMap<CameraId, usize>>,
    ready: ReadyFlag,
    failure: Failure,
}

/// How one shutdown stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    Hung,
    Ended,
}

impl PipelineShutdowns {
    pub fn new(limits: HangLimits, ready: ReadyFlag, failure: Failure) -> Arc<Self> {
        let concurrent = Arc::new(Semaphore::new(MAX_CONCURRENT + limits.total));
        let this = Self { limits, concurrent, hung: Mutex::default(), ready, failure };
        this.report(&this.hung.lock());
        Arc::new(this)
    }

    /// An error when too many of the camera's pipelines hang for another one.
    pub fn check(&self, camera: &CameraId) -> Result<(), SourceError> {
        let hung = self.hung.lock().get(camera).copied().unwrap_or(0);
        if hung >= self.limits.per_camera { Err(SourceError::PipelinesHang { hung }) } else { Ok(()) }
    }

    /// Whether a pipeline of the camera hangs.
    pub fn hang(&self, camera: &str) -> bool {
        self.hung.lock().keys().any(|hung| hung.as_str() == camera)
    }

    /// Runs `shut_down` on a thread of its own, and waits for it only up to the deadline.
    pub(super) async fn run(self: &Arc<Self>, camera: &CameraId, shut_down: impl FnOnce() + Send + 'static) {
        let Ok(permit) = self.concurrent.clone().acquire_owned().await else { return };
        let (ended_tx, ended) = oneshot::channel();
        let phase = Arc::new(Mutex::new(Phase::Running));
        let thread = {
            let (this, camera, phase) = (self.clone(), camera.clone(), phase.clone());
            move || {
                shut_down();
                let before = std::mem::replace(&mut *phase.lock(), Phase::Ended);
                if before == Phase::Hung {
                    this.ended(&camera);
                }
                drop(permit);
                // Nobody waits after the deadline.
                ended_tx.send(()).ok();
            }
        };
        if let Err(error) = std::thread::Builder::new().name("pipeline-stop".to_owned()).spawn(thread) {
            tracing::error!(%error, "cannot start a thread, the pipeline was shut down on a worker of the runtime");
            return;
        }
        // Also when the camera's own task is gone.
        let (this, camera) = (self.clone(), camera.clone());
        let watch = tokio::spawn(async move {
            if tokio::time::timeout(this.limits.deadline, ended).await.is_err() {
                let mut phase = phase.lock();
                if *phase == Phase::Running {
                    *phase = Phase::Hung;
                    this.hangs(&camera);
                }
            }
        });
        if watch.await.is_err() {
            tracing::error!("watching a pipeline that shuts down panicked");
        }
    }

    fn hangs(&self, camera: &CameraId) {
        let mut hung = self.hung.lock();
        let of_camera = hung.entry(camera.clone()).or_default();
        *of_camera += 1;
        tracing::warn!(camera = %camera, of_camera, deadline = ?self.limits.deadline, "pipeline hangs while it shuts down, no longer waiting for it");
        HUNG_PIPELINES.with_label_values(&[camera.as_str()]).set(*of_camera as i64);
        self.report(&hung);
    }

    fn ended(&self, camera: &CameraId) {
        let mut hung = self.hung.lock();
        let Some(of_camera) = hung.get_mut(camera) else { return };
        *of_camera -= 1;
        tracing::info!(camera = %camera, of_camera, "a pipeline that hung has shut down");
        if *of_camera == 0 {
            hung.remove(camera);
            // Fails when the series of the camera is gone already.
            HUNG_PIPELINES.remove_label_values(&[camera.as_str()]).ok();
        } else {
            HUNG_PIPELINES.with_label_values(&[camera.as_str()]).set(*of_camera as i64);
        }
        self.report(&hung);
    }

    fn report(&self, hung: &BTreeMap<CameraId, usize>) {
        let total: usize = hung.values().sum();
        let HangLimits { report, total: most, .. } = self.limits;
        if total < report {
            self.ready.ready();
            return;
        }
        let cameras = hung.iter().map(|(camera, count)| format!("{camera} ({count})")).collect::<Vec<_>>().join(", ");
        let why = format!("{total} pipelines hang while they shut down, at {most} the service ends: {cameras}");
        self.ready.not_ready(&why);
        if total >= most {
            self.failure.report(anyhow::anyhow!(
                "{why}; each of them keeps a thread and a socket, which only a restart of the process gives back"
            ));
        }
    }
}
