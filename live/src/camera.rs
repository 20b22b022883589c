//! A camera that somebody watches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use vru_proto::v1::FrameDetections;
use vru_proto::{CameraId, FrameKey};
use vru_runtime::clock::now_us;

use crate::analysis::Analysis;
use crate::mailbox::Mailbox;
use crate::message::Message;
use crate::metrics::{RENDERED, Skip};
use crate::privacy::Privacy;
use crate::rendition::Rendition;
use crate::trails::Trails;

#[derive(Debug)]
pub(crate) struct WatchedCamera {
    pub(crate) id: CameraId,
    watchers: RwLock<Vec<Watcher>>,
    /// Until when it is read after nobody needs it: without, and with pictures.
    left: Mutex<Left>,
    /// When something of it was read last, and since when it is watched, in microseconds since the Unix epoch.
    seen_us: AtomicI64,
    since_us: i64,
    past: Mutex<Past>,
    pub(crate) privacy: Privacy,
}

#[derive(Debug)]
struct Watcher {
    viewer: u64,
    rendition: Rendition,
    mailbox: Arc<Mailbox>,
    /// Nothing of the camera was given to it yet.
    is_new: AtomicBool,
}

#[derive(Debug, Clone, Copy)]
struct Left {
    camera: Instant,
    pictures: Instant,
}

/// Of the frames before.
#[derive(Debug, Default)]
struct Past {
    session: u64,
    captured_at_us: i64,
    trails: Trails,
}

/// What must be read of a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needed {
    Nothing,
    Detections,
    Pictures,
}

impl WatchedCamera {
    pub(crate) fn new(id: CameraId) -> Self {
        let long_ago = Instant::now();
        Self {
            id,
            watchers: RwLock::default(),
            left: Mutex::new(Left { camera: long_ago, pictures: long_ago }),
            seen_us: AtomicI64::new(0),
            since_us: now_us(),
            past: Mutex::default(),
            privacy: Privacy::default(),
        }
    }

    pub(crate) fn add(&self, viewer: u64, rendition: Rendition, mailbox: &Arc<Mailbox>) {
        self.remove(viewer);
        let (mailbox, is_new) = (mailbox.clone(), AtomicBool::new(true));
        self.watchers.write().push(Watcher { viewer, rendition, mailbox, is_new });
    }

    pub(crate) fn remove(&self, viewer: u64) {
        let mut watchers = self.watchers.write();
        let Some(at) = watchers.iter().position(|watcher| watcher.viewer == viewer) else { return };
        let removed = watchers.swap_remove(at);
        let now = Instant::now();
        let mut left = self.left.lock();
        left.camera = now;
        if removed.rendition.has_pictures() {
            left.pictures = now;
        }
    }

    pub(crate) fn is_watched(&self) -> bool {
        !self.watchers.read().is_empty()
    }

    pub(crate) fn wants(&self, rendition: Rendition) -> bool {
        self.watchers.read().iter().any(|watcher| watcher.rendition == rendition)
    }

    pub(crate) fn wants_pictures(&self) -> bool {
        self.watchers.read().iter().any(|watcher| watcher.rendition.has_pictures())
    }

    /// What must be read, also for some time after the last viewer: a page that is loaded again finds it read.
    pub(crate) fn needed(&self, linger: Duration) -> Needed {
        let watchers = self.watchers.read();
        let left = *self.left.lock();
        let watched = |watched: bool, left: Instant| watched || left.elapsed() < linger;
        if watched(watchers.iter().any(|watcher| watcher.rendition.has_pictures()), left.pictures) {
            Needed::Pictures
        } else if watched(!watchers.is_empty(), left.camera) {
            Needed::Detections
        } else {
            Needed::Nothing
        }
    }

    /// Something of it was read.
    pub(crate) fn seen(&self) {
        self.seen_us.store(now_us(), Ordering::Relaxed);
    }

    /// When something of it was read last; `None` if nothing was since it is watched.
    pub(crate) fn seen_us(&self) -> Option<i64> {
        Some(self.seen_us.load(Ordering::Relaxed)).filter(|seen| *seen != 0)
    }

    pub(crate) fn since_us(&self) -> i64 {
        self.since_us
    }

    /// What was found in a frame; `None` if a later one of the session was there before, as when a worker repeats what another one sent.
    pub(crate) fn analyse(&self, key: &FrameKey, found: &FrameDetections) -> Option<Analysis> {
        let mut past = self.past.lock();
        if past.session != key.session {
            *past = Past { session: key.session, ..Past::default() };
        } else if found.captured_at_us <= past.captured_at_us {
            Skip::Late.count(self.id.as_str(), 1);
            return None;
        }
        past.captured_at_us = found.captured_at_us;
        self.privacy.analysed(found.hidden.is_some());
        Some(Analysis::new(key, found, &mut past.trails))
    }

    /// Those who watch in this rendition and came since the last call.
    pub(crate) fn newcomers(&self, rendition: Rendition) -> Vec<Arc<Mailbox>> {
        let watchers = self.watchers.read();
        let new = watchers.iter().filter(|watcher| watcher.rendition == rendition);
        new.filter(|watcher| watcher.is_new.swap(false, Ordering::Relaxed))
            .map(|watcher| watcher.mailbox.clone())
            .collect()
    }

    /// Gives a message to all who watch in one of these renditions.
    pub(crate) fn publish(&self, rendition: Rendition, for_whom: &[Rendition], message: Message) {
        RENDERED.with_label_values(&[self.id.as_str(), rendition.word()]).inc();
        let message = Arc::new(message);
        for watcher in self.watchers.read().iter() {
            if for_whom.contains(&watcher.rendition) {
                watcher.mailbox.push(&self.id, message.clone());
            }
        }
    }
}
