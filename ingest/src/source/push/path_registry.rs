//! The paths that may be published to, their cameras, and their current publishers.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::mpsc;
use vru_proto::CameraId;
use vru_runtime::report::chain;
use vru_runtime::secret::Secret;

use super::rtp::TimedPacket;
use super::sdp::VideoTrack;
use crate::source::credentials::Login;

/// Packets that may wait between a connection and its camera's pipeline: about a second of video.
const PACKET_QUEUE: usize = 1_024;

/// A publisher that has started to send. The channel ends when it stops.
#[derive(Debug)]
pub(super) struct Publication {
    pub(super) peer: SocketAddr,
    pub(super) track: VideoTrack,
    pub(super) packets: mpsc::Receiver<TimedPacket>,
}

#[derive(Debug, Clone)]
struct PathEntry {
    camera: CameraId,
    login: Option<Login>,
    publications: mpsc::Sender<Publication>,
    in_use: Arc<AtomicBool>,
}

/// The paths of the cameras that push. The server and the cameras' tasks share it.
#[derive(Debug, Default)]
pub struct PathRegistry {
    paths: Mutex<HashMap<String, PathEntry>>,
}

/// Why a publisher is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    NoSuchPath,
    /// Another publisher is sending.
    InUse,
    /// The camera's password cannot be resolved.
    NoPassword,
}

impl PathRegistry {
    /// Opens a path for a camera; `None` when another camera uses it. Without a login, anyone may publish to it. The login's
    /// password may be a reference (`env:` or `file:`).
    pub(super) fn register(self: &Arc<Self>, path: &str, camera: &CameraId, login: Option<Login>) -> Option<OpenPath> {
        let (publications_tx, publications) = mpsc::channel(1);
        let mut paths = self.paths.lock();
        let Entry::Vacant(entry) = paths.entry(path.to_owned()) else { return None };
        entry.insert(PathEntry {
            camera: camera.clone(),
            login,
            publications: publications_tx,
            in_use: Arc::default(),
        });
        Some(OpenPath { registry: self.clone(), path: path.to_owned(), publications })
    }

    /// The credentials that a publisher to this path needs; `Ok(None)` when it needs none. The password is resolved at each
    /// call, so that a change takes effect at once.
    pub(super) fn login(&self, path: &str) -> Result<Option<Login>, Refusal> {
        let path = self.paths.lock().get(path).cloned().ok_or(Refusal::NoSuchPath)?;
        let Some(Login { username, password }) = path.login else {
            return Ok(None);
        };
        match Secret::resolve(password.expose()) {
            Ok(password) => Ok(Some(Login { username, password })),
            Err(error) => {
                tracing::error!(
                    camera = %path.camera,
                    error = %chain(&error),
                    "cannot read the camera's password, publishers to it are refused"
                );
                Err(Refusal::NoPassword)
            }
        }
    }

    /// Reserves the path for one publisher.
    pub(super) fn claim(&self, path: &str) -> Result<PathClaim, Refusal> {
        let path = self.paths.lock().get(path).cloned().ok_or(Refusal::NoSuchPath)?;
        if path.in_use.swap(true, Ordering::AcqRel) {
            return Err(Refusal::InUse);
        }
        Ok(PathClaim { path })
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

/// The reservation of a path by one publisher. Dropping it frees the path.
#[derive(Debug)]
pub(super) struct PathClaim {
    path: PathEntry,
}

impl PathClaim {
    pub(super) fn camera(&self) -> &CameraId {
        &self.path.camera
    }

    /// Hands the publisher over to the camera's task. `None` when the camera was removed meanwhile, or its task has not accepted
    /// the publisher before.
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
        assert_eq!(paths.claim("x").unwrap_err(), Refusal::NoSuchPath);
        let open_path = paths.register("x", &camera, None).unwrap();
        assert!(paths.register("x", &camera, None).is_none());
        let claim = paths.claim("x").unwrap();
        assert_eq!(paths.claim("x").unwrap_err(), Refusal::InUse);
        drop(claim);
        drop(paths.claim("x").unwrap());
        drop(open_path);
        assert_eq!(paths.login("x").unwrap_err(), Refusal::NoSuchPath);
    }

    #[test]
    fn a_password_changed_in_its_file_takes_effect_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        let paths = Arc::new(PathRegistry::default());
        let reference = Secret::new(format!("file:{}", file.display()));
        let login = Login { username: "cam".to_owned(), password: reference };
        let _open = paths.register("door", &"a".parse().unwrap(), Some(login)).unwrap();
        assert_eq!(paths.login("door").unwrap_err(), Refusal::NoPassword);
        for password in ["old", "new"] {
            std::fs::write(&file, password).unwrap();
            assert_eq!(paths.login("door").unwrap().unwrap().password.expose(), password);
        }
    }
}
