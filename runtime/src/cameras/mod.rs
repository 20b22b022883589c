//! The camera configuration: which cameras exist and how to watch them. Read from the compacted topic `vru.cameras`, or from a TOML
//! file.

mod check;
mod config;
mod current;
mod drawn;
mod event;
mod file;
mod location;
mod log;
mod metrics;
mod parse;
mod references;
mod refresh;
mod rule_schema;
mod schema;
mod sealed;
mod topic;
mod watcher;

use tokio::sync::mpsc;

pub use check::check_file;
pub use config::CamerasConfig;
pub use drawn::DrawnRules;
pub use event::CameraEvent;
pub use location::Location;
pub use parse::{CameraFileError, parse as parse_file, parse_text, parse_views};
pub use references::{Login, LoginError, References};
pub use refresh::Refresher;
pub use schema::{CameraSettings, SettingsMistake};
pub use sealed::{SealingKey, Unopened};
pub use topic::Share;

use crate::admin::ReadyFlag;
use crate::kafka::KafkaConfig;
use crate::shutdown::Shutdown;
use refresh::Refreshes;
use watcher::Watcher;

/// Capacity of the channel that [`watch`] returns.
const EVENT_BUFFER: usize = 256;

/// Watches the camera configuration until `shutdown.soft` is cancelled, and sends each change. The channel is bounded: while its receiver
/// does not read, later changes wait. It closes at the end of the watch; before the soft stop that is a failure of the service.
pub fn watch(
    kafka: &KafkaConfig,
    config: &CamerasConfig,
    share: Share,
    shutdown: &Shutdown,
    ready: ReadyFlag,
) -> (mpsc::Receiver<CameraEvent>, Refresher) {
    metrics::init();
    let (events_tx, events) = mpsc::channel(EVENT_BUFFER);
    let (refresher, refreshes) = Refreshes::new();
    let watcher = Watcher::new(events_tx, refreshes, shutdown.soft.clone(), ready);
    let config = config.clone();
    let kafka = kafka.clone();
    // A receiver that is dropped ends the watch.
    shutdown.spawn("the watch of the cameras' configuration", async move {
        let ended = if config.file.as_os_str().is_empty() {
            topic::watch(kafka, share, watcher).await
        } else {
            file::watch(config.file, watcher).await
        };
        if ended.is_err() {
            tracing::debug!("the receiver of camera changes was dropped");
        }
    });
    (events, refresher)
}
