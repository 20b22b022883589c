//! Which cameras are watched, and so which partitions are read.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex, RwLock};
use vru_proto::CameraId;
use vru_runtime::kafka::{Partition, Topics, partition_of};
use vru_runtime::metrics::retain_cameras;

use crate::camera::{Needed, WatchedCamera};
use crate::mailbox::Mailbox;
use crate::rendition::Rendition;

/// Shared by viewers and the reader.
#[derive(Debug)]
pub(crate) struct Shared {
    cameras: RwLock<HashMap<Box<[u8]>, Arc<WatchedCamera>>>,
    linger: Duration,
    next_viewer: AtomicU64,
    /// Counts changes of what is watched.
    generation: Mutex<u64>,
    changed: Condvar,
}

impl Shared {
    pub(crate) fn new(linger: Duration) -> Self {
        Self {
            cameras: RwLock::default(),
            linger,
            next_viewer: AtomicU64::new(0),
            generation: Mutex::new(0),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn new_viewer(&self) -> u64 {
        self.next_viewer.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn camera(&self, key: &[u8]) -> Option<Arc<WatchedCamera>> {
        self.cameras.read().get(key).cloned()
    }

    /// Whether a record with this key is used.
    pub(crate) fn is_used(&self, key: &[u8], is_detections: bool) -> bool {
        self.cameras
            .read()
            .get(key)
            .is_some_and(|camera| if is_detections { camera.is_watched() } else { camera.wants_pictures() })
    }

    pub(crate) fn generation(&self) -> u64 {
        *self.generation.lock()
    }

    /// Waits for another generation than this one, at most so long.
    pub(crate) fn wait(&self, known: u64, most: Duration) {
        let mut generation = self.generation.lock();
        if *generation == known {
            self.changed.wait_for(&mut generation, most);
        }
    }

    /// The partitions of the cameras that are watched, or were a moment ago. Forgets all others.
    pub(crate) fn plan(&self, topics: &Topics, partitions: impl Fn(&str) -> i32) -> BTreeSet<Partition> {
        let mut plan = BTreeSet::new();
        let mut gone = BTreeSet::new();
        self.cameras.write().retain(|key, camera| {
            let topics: &[&String] = match camera.needed(self.linger) {
                Needed::Nothing => {
                    gone.insert(camera.id.clone());
                    return false;
                }
                Needed::Detections => &[&topics.detections],
                Needed::Pictures => &[&topics.detections, &topics.frames, &topics.file_frames],
            };
            for topic in topics {
                plan.insert(Partition::new(topic, partition_of(key, partitions(topic))));
            }
            true
        });
        if !gone.is_empty() {
            retain_cameras("live_", |camera| !gone.iter().any(|gone| gone.as_str() == camera));
        }
        plan
    }

    pub(crate) fn watch(&self, viewer: u64, mailbox: &Arc<Mailbox>, camera: &CameraId, rendition: Rendition) {
        let key = camera.as_str().as_bytes();
        let mut cameras = self.cameras.write();
        let watched = cameras.entry(key.into()).or_insert_with(|| Arc::new(WatchedCamera::new(camera.clone())));
        watched.add(viewer, rendition, mailbox);
    }

    pub(crate) fn changed(&self) {
        *self.generation.lock() += 1;
        self.changed.notify_all();
    }
}
