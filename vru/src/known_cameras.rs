//! The cameras of a run, as their topic or file has them.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use vru_proto::CameraId;
use vru_proto::v1::CameraConfig;
use vru_runtime::admin::Readiness;
use vru_runtime::cameras::{self, CameraEvent, CamerasConfig, Share};
use vru_runtime::kafka::KafkaConfig;
use vru_runtime::shutdown::Shutdown;

/// All cameras of this moment. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct KnownCameras(Arc<Mutex<BTreeMap<CameraId, Arc<CameraConfig>>>>);

impl KnownCameras {
    /// Follows their configuration until the soft stop.
    pub fn follow(kafka: &KafkaConfig, config: &CamerasConfig, process: &Shutdown) -> Self {
        // Ingest and inference report what they cannot read of it.
        let ready = Readiness::default().part("cameras");
        let (mut events, _) = cameras::watch(kafka, config, Share::All, process, ready);
        let known = Self::default();
        let this = known.clone();
        process.spawn_essential("the list of cameras", async move {
            while let Some(event) = events.recv().await {
                match event {
                    CameraEvent::Upsert(id, config) => drop(this.0.lock().insert(id, config)),
                    CameraEvent::Remove(id) => drop(this.0.lock().remove(&id)),
                    CameraEvent::CaughtUp => {}
                }
            }
        });
        known
    }

    /// Their configurations.
    pub fn all(&self) -> Vec<Arc<CameraConfig>> {
        self.0.lock().values().cloned().collect()
    }
}
