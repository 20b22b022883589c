//! The camera configuration: which cameras exist and how to watch them. Read from the compacted topic `vru.cameras`, or from a TOML
//! file.

mod config;
mod current;
mod event;
mod file;
mod metrics;
mod parse;
mod references;
mod schema;
mod topic;
mod watcher;

use tokio::sync::mpsc;

pub use config::CamerasConfig;
pub use event::CameraEvent;
pub use parse::{CameraFileError, parse as parse_file, parse_text};
pub use references::{Login, LoginError, References};
pub use topic::Share;

use crate::admin::ReadyFlag;
use crate::kafka::KafkaConfig;
use crate::shutdown::Shutdown;
use watcher::Watcher;

/// Capacity of the channel that [`watch`] returns.
const EVENT_BUFFER: usize = 256;

/// Watches the camera configuration until `shutdown.soft` is cancelled, and sends each change. The channel is bounded: while its receiver
/// does not read, later changes wait.
pub fn watch(
    kafka: &KafkaConfig,
    config: &CamerasConfig,
    share: Share,
    shutdown: &Shutdown,
    ready: ReadyFlag,
) -> mpsc::Receiver<CameraEvent> {
    metrics::init();
    let (events_tx, events) = mpsc::channel(EVENT_BUFFER);
    let watcher = Watcher::new(events_tx, shutdown.soft.clone(), ready);
    let config = config.clone();
    let kafka = kafka.clone();
    shutdown.tracker.spawn(async move {
        let ended = if config.file.as_os_str().is_empty() {
            topic::watch(kafka, share, watcher).await
        } else {
            file::watch(config.file, watcher).await
        };
        if ended.is_err() {
            tracing::debug!("the receiver of camera changes was dropped");
        }
    });
    events
}
