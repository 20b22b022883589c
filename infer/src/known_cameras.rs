//! The configuration of the cameras, as far as this worker has read it.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::{mpsc, watch};
use vru_proto::{CameraId, v1};
use vru_runtime::cameras::{CameraEvent, Refresher};

/// The present configuration of each camera. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct CameraConfigs(Arc<RwLock<HashMap<CameraId, Arc<v1::CameraConfig>>>>);

impl CameraConfigs {
    /// The same `Arc` until the configuration changes.
    pub fn get(&self, camera: &CameraId) -> Option<Arc<v1::CameraConfig>> {
        self.0.read().get(camera).cloned()
    }

    /// Makes a change. The next frame that is analysed has it.
    pub fn apply(&self, event: CameraEvent) {
        match event {
            CameraEvent::Upsert(camera, config) => drop(self.0.write().insert(camera, config)),
            CameraEvent::Remove(camera) => drop(self.0.write().remove(&camera)),
            CameraEvent::CaughtUp => {}
        }
    }
}

/// The cameras whose configuration is known. Clones share it.
#[derive(Debug, Clone)]
pub struct KnownCameras {
    configs: CameraConfigs,
    /// How many [`CameraEvent::CaughtUp`] came.
    caught_up: watch::Receiver<u64>,
    refresher: Refresher,
}

/// Follows the changes of the configuration.
#[derive(Debug)]
pub struct CameraFollower {
    events: mpsc::Receiver<CameraEvent>,
    configs: CameraConfigs,
    caught_up: watch::Sender<u64>,
}

impl KnownCameras {
    /// The arguments are those of [`vru_runtime::cameras::watch`].
    pub fn follow((events, refresher): (mpsc::Receiver<CameraEvent>, Refresher)) -> (CameraFollower, Self) {
        let configs = CameraConfigs::default();
        let (caught_up_tx, caught_up) = watch::channel(0);
        let follower = CameraFollower { events, configs: configs.clone(), caught_up: caught_up_tx };
        (follower, Self { configs, caught_up, refresher })
    }

    pub fn configs(&self) -> &CameraConfigs {
        &self.configs
    }

    pub fn contains(&self, camera: &CameraId) -> bool {
        self.configs.0.read().contains_key(camera)
    }

    /// Waits until the whole configuration has been read for the first time.
    pub async fn settled(&self) {
        self.caught_up(1).await;
    }

    /// Waits until everything that is in the configuration now is known.
    pub async fn refresh(&self) {
        if let Some(caught_up) = self.refresher.refresh().await {
            self.caught_up(caught_up).await;
        }
    }

    async fn caught_up(&self, count: u64) {
        // An error means that the follower has ended, which ends the service.
        self.caught_up.clone().wait_for(|caught_up| *caught_up >= count).await.ok();
    }
}

impl CameraFollower {
    /// Runs until the watch ends.
    pub async fn run(mut self) {
        while let Some(event) = self.events.recv().await {
            let caught_up = matches!(event, CameraEvent::CaughtUp);
            self.configs.apply(event);
            if caught_up {
                self.caught_up.send_modify(|count| *count += 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use vru_runtime::admin::Readiness;
    use vru_runtime::cameras::{CamerasConfig, Share, watch};
    use vru_runtime::shutdown::Shutdown;

    use super::*;

    const CAMERA: &str = "[[cameras]]\nid = 'gate'\npush = { allow_anonymous = true }\n";

    #[tokio::test(flavor = "multi_thread")]
    async fn after_a_refresh_everything_is_known_that_was_configured_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cameras.toml");
        std::fs::write(&file, "").unwrap();
        let shutdown = Shutdown::default();
        let ready = Readiness::default().part("cameras");
        let watched = watch(
            &vru_runtime::kafka::KafkaConfig::default(),
            &CamerasConfig { file: file.clone(), ..CamerasConfig::default() },
            Share::All,
            &shutdown,
            ready,
        );
        let (follower, cameras) = KnownCameras::follow(watched);
        shutdown.spawn("the follower", follower.run());
        cameras.settled().await;
        let gate: CameraId = "gate".parse().unwrap();
        assert!(!cameras.contains(&gate));
        std::fs::write(&file, CAMERA).unwrap();
        cameras.refresh().await;
        assert!(cameras.contains(&gate));
        assert_eq!(cameras.configs().get(&gate).map(|config| config.id.clone()), Some("gate".to_owned()));
        shutdown.soft.cancel();
    }
}
