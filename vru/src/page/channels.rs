//! The newest picture of each camera, shared by the readers of Kafka, the renderer and the viewers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use vru_proto::CameraId;
use vru_proto::v1::CameraConfig;

/// One channel per viewed camera. It holds the newest picture only: a slow viewer skips pictures.
#[derive(Debug, Default)]
pub(super) struct Channels {
    cameras: Mutex<BTreeMap<CameraId, Arc<CameraConfig>>>,
    pictures: Mutex<HashMap<CameraId, watch::Sender<Option<Bytes>>>>,
    viewed: Notify,
}

impl Channels {
    pub(super) fn camera(&self, id: &CameraId) -> Option<Arc<CameraConfig>> {
        self.cameras.lock().get(id).cloned()
    }

    /// The configurations of all cameras.
    pub(super) fn cameras(&self) -> Vec<Arc<CameraConfig>> {
        self.cameras.lock().values().cloned().collect()
    }

    /// Adds or changes a camera.
    pub(super) fn upsert(&self, id: CameraId, config: Arc<CameraConfig>) {
        self.cameras.lock().insert(id, config);
    }

    /// Removes a camera. The streams of its viewers end.
    pub(super) fn remove(&self, id: &CameraId) {
        self.cameras.lock().remove(id);
        self.pictures.lock().remove(id);
    }

    /// Gives a new picture to the viewers of a camera.
    pub(super) fn show(&self, id: &CameraId, picture: Bytes) {
        if let Some(pictures) = self.pictures.lock().get(id) {
            pictures.send_replace(Some(picture));
        }
    }

    /// The pictures of a camera, from now on; none when there is no such camera. The receiver counts as a viewer while it lives.
    pub(super) fn view(&self, id: &CameraId) -> Option<watch::Receiver<Option<Bytes>>> {
        self.camera(id)?;
        let mut pictures = self.pictures.lock();
        let sender = pictures.entry(id.clone()).or_insert_with(|| watch::channel(None).0);
        if sender.receiver_count() == 0 {
            // The last picture may be minutes old.
            sender.send_replace(None);
        }
        let receiver = sender.subscribe();
        drop(pictures);
        self.viewed.notify_one();
        Some(receiver)
    }

    pub(super) fn has_viewer(&self, id: &CameraId) -> bool {
        self.pictures.lock().get(id).is_some_and(|pictures| pictures.receiver_count() > 0)
    }

    pub(super) fn has_any_viewer(&self) -> bool {
        self.pictures.lock().values().any(|pictures| pictures.receiver_count() > 0)
    }

    /// Waits for the next viewer.
    pub(super) async fn viewed(&self) {
        self.viewed.notified().await;
    }
}
