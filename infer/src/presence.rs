//! Which cameras this worker has frames of.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use vru_proto::CameraId;

/// When a frame of each camera came last, on any topic.
#[derive(Debug, Default)]
pub struct Presence(Mutex<Cameras>);

#[derive(Debug, Default)]
struct Cameras {
    last_frames: HashMap<CameraId, Instant>,
    /// Those of `last_frames` whose partitions were revoked. Their counts stay for a while: the partition may come back at once, and then
    /// they must go on.
    moved: HashSet<CameraId>,
}

impl Presence {
    /// A frame came.
    pub fn saw(&self, camera: &CameraId) {
        let mut cameras = self.0.lock();
        cameras.moved.remove(camera);
        match cameras.last_frames.get_mut(camera) {
            Some(at) => *at = Instant::now(),
            None => drop(cameras.last_frames.insert(camera.clone(), Instant::now())),
        }
    }

    /// A frame came that cannot be read.
    pub fn saw_unreadable(&self, camera: &CameraId) {
        self.0.lock().last_frames.entry(camera.clone()).or_insert_with(Instant::now);
    }

    /// Partitions with these cameras were revoked.
    pub fn moved(&self, cameras: impl IntoIterator<Item = CameraId>) {
        self.0.lock().moved.extend(cameras);
    }

    pub fn has(&self, camera: &CameraId) -> bool {
        self.0.lock().last_frames.contains_key(camera)
    }

    /// The cameras whose last frame came longer ago than `after`, and which moved or are not configured.
    pub fn gone(&self, after: Duration, is_configured: impl Fn(&CameraId) -> bool) -> Vec<CameraId> {
        let cameras = self.0.lock();
        let gone = |(camera, at): &(&CameraId, &Instant)| {
            at.elapsed() > after && (cameras.moved.contains(*camera) || !is_configured(camera))
        };
        cameras.last_frames.iter().filter(gone).map(|(camera, _)| camera.clone()).collect()
    }

    pub fn forget(&self, gone: &[CameraId]) {
        let mut cameras = self.0.lock();
        for camera in gone {
            cameras.last_frames.remove(camera);
            cameras.moved.remove(camera);
        }
    }
}
