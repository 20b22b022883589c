//! The paths that may be published to, their cameras, and their current publishers.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::mpsc;
use vru_proto::CameraId;
use vru_runtime::redis::Redis;

use super::claims::Claims;
use super::password::Access;
use super::rtp::TimedPacket;
use super::sdp::VideoTrack;
use super::throttle::LoginThrottle;

/// Packets that may wait between a connection and its camera's pipeline: about a second of video.
const PACKET_QUEUE: usize = 1_024;

/// A publisher that has started to send. The channel ends when it stops.
#[derive(Debug)]
pub(super) struct Publication {
    pub(super) peer: SocketAddr,
    pub(super) track: VideoTrack,
    pub(super) packets: mpsc::Receiver<TimedPacket>,
}

/// A path as a camera has opened it. When the camera is configured anew, it opens another one.
#[derive(Debug, Clone)]
pub(super) struct CameraPath {
    pub(super) camera: CameraId,
    pub(super) access: Access,
    publications: mpsc::Sender<Publication>,
    in_use: Arc<AtomicBool>,
}

/// The paths of the cameras that push. The server and the cameras' tasks share it.
#[derive(Debug, Default)]
pub struct PathRegistry {
    paths: Mutex<HashMap<String, CameraPath>>,
    pub(super) throttle: LoginThrottle,
    pub(super) claims: Claims,
}

impl PathRegistry {
    /// With other pods, which have the same cameras.
    pub fn among_pods(redis: Redis) -> Self {
        Self { claims: Claims::new(redis), ..Self::default() }
    }

    /// Opens a path for a camera; `None` when another camera uses it.
    pub(super) fn register(self: &Arc<Self>, path: &str, camera: &CameraId, access: Access) -> Option<OpenPath> {
        let (publications_tx, publications) = mpsc::channel(1);
        let mut paths = self.paths.lock();
        let Entry::Vacant(entry) = paths.entry(path.to_owned()) else { return None };
        entry.insert(CameraPath {
            camera: camera.clone(),
            access,
            publications: publications_tx,
            in_use: Arc::default(),
        });
        // Until now nobody could log in, so the failures are no guesses.
        self.throttle.forget(path);
        Some(OpenPath { registry: self.clone(), path: path.to_owned(), publications })
    }

    pub(super) fn find(&self, path: &str) -> Option<CameraPath> {
        self.paths.lock().get(path).cloned()
    }
}

/// A path that a camera has opened. Dropping it closes the path.
#[derive(Debug)]
pub(super) struct OpenPath {
    registry: Arc<PathRegistry>,
    path: String,
    publications: mpsc::Receiver<Publication>,
}

impl OpenPath {
    /// Waits for the next publisher.
    pub(super) async fn next_publication(&mut self) -> Option<Publication> {
        self.publications.recv().await
    }
}

impl Drop for OpenPath {
    fn drop(&mut self) {
        self.registry.paths.lock().remove(&self.path);
    }
}

impl CameraPath {
    /// Whether a publisher sends to it.
    pub(super) fn is_in_use(&self) -> bool {
        self.in_use.load(Ordering::Acquire)
    }

    /// Reserves the path for one publisher; `None` when another one sends to it. Only who may publish may ask for it.
    pub(super) fn claim(&self) -> Option<PathClaim> {
        let taken = self.in_use.swap(true, Ordering::AcqRel);
        (!taken).then(|| PathClaim { path: self.clone() })
    }
}

/// The reservation of a path by one publisher. Dropping it frees the path.
#[derive(Debug)]
pub(super) struct PathClaim {
    path: CameraPath,
}

impl PathClaim {
    pub(super) fn camera(&self) -> &CameraId {
        &self.path.camera
    }

    /// Hands the publisher over to the camera's task. `None` when the camera was removed or configured anew meanwhile, or its task
    /// has not accepted the publisher before.
    pub(super) fn publish(&self, peer: SocketAddr, track: VideoTrack) -> Option<mpsc::Sender<TimedPacket>> {
        let (packets_tx, packets) = mpsc::channel(PACKET_QUEUE);
        self.path.publications.try_send(Publication { peer, track, packets }).ok()?;
        Some(packets_tx)
    }
}

impl Drop for PathClaim {
    fn drop(&mut self) {
        self.path.in_use.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_camera_and_one_publisher_at_a_time() {
        let paths = Arc::new(PathRegistry::default());
        let camera: CameraId = "a".parse().unwrap();
        assert!(paths.find("x").is_none());
        let open_path = paths.register("x", &camera, Access::Anonymous).unwrap();
        assert!(paths.register("x", &camera, Access::Anonymous).is_none());
        let path = paths.find("x").unwrap();
        let claim = path.claim().unwrap();
        assert!(path.is_in_use() && paths.find("x").unwrap().claim().is_none());
        drop(claim);
        drop(path.claim().unwrap());
        drop(open_path);
        assert!(paths.find("x").is_none());
    }

    #[test]
    fn a_claim_of_a_path_that_was_opened_anew_reaches_nobody() {
        let paths = Arc::new(PathRegistry::default());
        let camera: CameraId = "a".parse().unwrap();
        let first = paths.register("x", &camera, Access::Anonymous).unwrap();
        let old = paths.find("x").unwrap();
        drop(first);
        let _second = paths.register("x", &camera, Access::Anonymous).unwrap();
        let claim = old.claim().unwrap();
        let track = VideoTrack {
            format: crate::source::video_format::VideoFormat::Jpeg,
            payload_type: 26,
            clock_rate: 90_000,
            parameters: Vec::new(),
        };
        assert!(claim.publish(SocketAddr::from(([127, 0, 0, 1], 1)), track).is_none());
        assert!(!paths.find("x").unwrap().is_in_use());
    }
}
