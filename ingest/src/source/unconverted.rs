//! Says once per session, and counts, what a player would do with the pictures and ingest does not.

use parking_lot::Mutex;
use vru_media::shown::Unconverted;
use vru_proto::CameraId;

use crate::metrics;

/// The notices of one session.
#[derive(Debug)]
pub(super) struct Notices {
    camera: CameraId,
    session: u64,
    said: Mutex<Vec<Unconverted>>,
}

impl Notices {
    pub(super) fn new(camera: CameraId, session: u64) -> Self {
        Self { camera, session, said: Mutex::default() }
    }

    /// What was said until now.
    pub(super) fn said(&self) -> Vec<Unconverted> {
        self.said.lock().clone()
    }

    pub(super) fn say(&self, kind: Unconverted) {
        let mut said = self.said.lock();
        if said.contains(&kind) {
            return;
        }
        said.push(kind);
        let camera = self.camera.as_str();
        metrics::UNCONVERTED.with_label_values(&[camera, kind.name()]).inc();
        tracing::warn!(camera, session = self.session, "{kind}");
    }
}
