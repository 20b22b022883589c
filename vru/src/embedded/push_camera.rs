//! A camera that pushes: ffmpeg sends a clip in a loop to ingest's RTSP server, and is restarted when the connection breaks.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vru_runtime::report::chain;
use vru_runtime::retry::{Backoff, BackoffConfig};

use super::child_process::Program;

/// A camera that pushes.
#[derive(Debug, Clone)]
pub struct PushCamera {
    /// The file that it sends without encoding.
    pub clip: PathBuf,
    /// `rtsp://user:password@host:port/path`.
    pub url: String,
    /// File for the output of ffmpeg.
    pub log: PathBuf,
}

/// A run that lasts longer than this resets the backoff.
const WORKED: Duration = Duration::from_secs(10);

impl PushCamera {
    /// Sends until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut backoff =
            Backoff::new(BackoffConfig { initial: Duration::from_millis(500), max: Duration::from_secs(5) });
        let program = program(&self.clip, &self.url, &self.log);
        while !stop.is_cancelled() {
            let started = std::time::Instant::now();
            match program.start() {
                Ok(mut running) => {
                    while running.ended().is_none() && !stop.is_cancelled() {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                    // Dropping it kills it, so that it ends without TEARDOWN, like a camera that loses its power.
                }
                Err(error) => tracing::warn!(error = %chain(&error), "cannot start the camera that pushes"),
            }
            if stop.is_cancelled() {
                return;
            }
            if started.elapsed() > WORKED {
                backoff.reset();
            }
            tracing::warn!(log = %self.log.display(), "the camera that pushes has ended; it is restarted");
            if !backoff.wait(&stop).await {
                return;
            }
        }
    }
}

fn program(clip: &Path, url: &str, log: &Path) -> Program {
    Program::new("ffmpeg", log)
        .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i"])
        .args([clip])
        .args(["-an", "-c:v", "copy", "-f", "rtsp", "-rtsp_transport", "tcp", url])
}
