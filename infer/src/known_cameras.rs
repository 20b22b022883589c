//! Which cameras' rules the analyst knows.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::{mpsc, watch};
use vru_proto::CameraId;
use vru_runtime::cameras::{CameraEvent, Refresher};

use crate::analyst::AnalystEvent;

/// The cameras whose configuration is in the analyst's queue, or was. Clones share it.
#[derive(Debug, Clone)]
pub struct KnownCameras {
    ids: Arc<RwLock<HashSet<CameraId>>>,
    /// How many [`CameraEvent::CaughtUp`] were passed on.
    caught_up: watch::Receiver<u64>,
    refresher: Refresher,
}

/// Passes changes of the configuration on to the analyst.
#[derive(Debug)]
pub struct CameraFollower {
    events: mpsc::Receiver<CameraEvent>,
    analyst: mpsc::Sender<AnalystEvent>,
    ids: Arc<RwLock<HashSet<CameraId>>>,
    caught_up: watch::Sender<u64>,
}

impl KnownCameras {
    /// `events` and `refresher` are those of [`vru_runtime::cameras::watch`].
    pub fn follow(
        (events, refresher): (mpsc::Receiver<CameraEvent>, Refresher),
        analyst: mpsc::Sender<AnalystEvent>,
    ) -> (CameraFollower, Self) {
        let ids = Arc::<RwLock<HashSet<CameraId>>>::default();
        let (caught_up_tx, caught_up) = watch::channel(0);
        let follower = CameraFollower { events, analyst, ids: ids.clone(), caught_up: caught_up_tx };
        (follower, Self { ids, caught_up, refresher })
    }

    pub fn contains(&self, camera: &CameraId) -> bool {
        self.ids.read().contains(camera)
    }

    /// Waits until the whole configuration has been read for the first time.
    pub async fn settled(&self) {
        self.passed_on(1).await;
    }

    /// Waits until everything that is in the configuration now is in the analyst's queue.
    pub async fn refresh(&self) {
        if let Some(caught_up) = self.refresher.refresh().await {
            self.passed_on(caught_up).await;
        }
    }

    async fn passed_on(&self, count: u64) {
        // An error means that the follower has ended, which ends the service.
        self.caught_up.clone().wait_for(|passed_on| *passed_on >= count).await.ok();
    }
}

impl CameraFollower {
    /// Runs until the watch or the analyst ends.
    pub async fn run(mut self) {
        while let Some(event) = self.events.recv().await {
            let after = event.clone();
            if self.analyst.send(AnalystEvent::Camera(event)).await.is_err() {
                return;
            }
            match after {
                CameraEvent::Upsert(camera, _) => drop(self.ids.write().insert(camera)),
                CameraEvent::Remove(camera) => drop(self.ids.write().remove(&camera)),
                CameraEvent::CaughtUp => self.caught_up.send_modify(|count| *count += 1),
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
    async fn after_a_refresh_the_analyst_has_what_was_configured_before_it() {
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
        let (analyst, mut events) = mpsc::channel(8);
        let (follower, cameras) = KnownCameras::follow(watched, analyst);
        shutdown.spawn("the follower", follower.run());
        cameras.settled().await;
        let gate: CameraId = "gate".parse().unwrap();
        assert!(!cameras.contains(&gate));
        std::fs::write(&file, CAMERA).unwrap();
        cameras.refresh().await;
        assert!(cameras.contains(&gate));
        let mut configured = Vec::new();
        while let Ok(event) = events.try_recv() {
            if let AnalystEvent::Camera(CameraEvent::Upsert(camera, _)) = event {
                configured.push(camera);
            }
        }
        assert_eq!(configured, [gate]);
        shutdown.soft.cancel();
    }
}
