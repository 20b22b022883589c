//! Which paths may be published to, and who does.

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

/// How many packets wait between a connection and its camera's pipeline; about a second of video.
const PACKETS: usize = 1_024;

/// A user and password that a publisher must know.
#[derive(Debug, Clone)]
pub(super) struct Login {
    pub(super) username: String,
    /// As configured: in [`Hub::register`] it may be a reference.
    pub(super) password: Secret,
}

/// Someone who publishes: what, and its packets until the channel ends.
#[derive(Debug)]
pub(super) struct Publication {
    pub(super) peer: SocketAddr,
    pub(super) track: VideoTrack,
    pub(super) packets: mpsc::Receiver<TimedPacket>,
}

#[derive(Debug, Clone)]
struct Mount {
    camera: CameraId,
    login: Option<Login>,
    publications: mpsc::Sender<Publication>,
    live: Arc<AtomicBool>,
}

/// The paths of the cameras that push, shared by the server and the cameras' tasks.
#[derive(Debug)]
pub struct Hub {
    require_credentials: bool,
    mounts: Mutex<HashMap<String, Mount>>,
}

/// Why a path cannot be published to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    NoSuchPath,
    AlreadyLive,
    NoPassword,
}

impl Hub {
    /// No paths yet. With `require_credentials`, a camera without any can never be published to.
    pub fn new(require_credentials: bool) -> Self {
        Self { require_credentials, mounts: Mutex::default() }
    }

    /// Opens a path for a camera; none when another camera has it.
    pub(super) fn register(
        self: &Arc<Self>,
        path: &str,
        camera: &CameraId,
        login: Option<Login>,
    ) -> Option<Registration> {
        let (publications_tx, publications) = mpsc::channel(1);
        let mut mounts = self.mounts.lock();
        let Entry::Vacant(place) = mounts.entry(path.to_owned()) else { return None };
        place.insert(Mount { camera: camera.clone(), login, publications: publications_tx, live: Arc::default() });
        Some(Registration { hub: self.clone(), path: path.to_owned(), publications })
    }

    /// What must be known to publish to the path: `Ok(None)` is nothing. The password is read anew, so that a changed one
    /// counts at once.
    pub(super) fn login(&self, path: &str) -> Result<Option<Login>, Refusal> {
        let mount = self.mounts.lock().get(path).cloned().ok_or(Refusal::NoSuchPath)?;
        let Some(Login { username, password }) = mount.login else {
            return if self.require_credentials { Err(Refusal::NoSuchPath) } else { Ok(None) };
        };
        match Secret::resolve(password.expose()) {
            Ok(password) => Ok(Some(Login { username, password })),
            Err(error) => {
                tracing::error!(camera = %mount.camera, error = %chain(&error), "nobody can publish to this camera");
                Err(Refusal::NoPassword)
            }
        }
    }

    /// Takes the path for one publisher.
    pub(super) fn claim(&self, path: &str) -> Result<Claim, Refusal> {
        let mount = self.mounts.lock().get(path).cloned().ok_or(Refusal::NoSuchPath)?;
        if mount.live.swap(true, Ordering::AcqRel) {
            return Err(Refusal::AlreadyLive);
        }
        Ok(Claim { mount })
    }
}

/// A camera's open path; closed when dropped.
#[derive(Debug)]
pub(super) struct Registration {
    hub: Arc<Hub>,
    path: String,
    publications: mpsc::Receiver<Publication>,
}

impl Registration {
    /// The next one who publishes.
    pub(super) async fn next(&mut self) -> Option<Publication> {
        self.publications.recv().await
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.hub.mounts.lock().remove(&self.path);
    }
}

/// The right to publish to a path; given back when dropped.
#[derive(Debug)]
pub(super) struct Claim {
    mount: Mount,
}

impl Claim {
    pub(super) fn camera(&self) -> &CameraId {
        &self.mount.camera
    }

    /// Announces the publisher to the camera; none when the camera was removed meanwhile, or has not taken the one before.
    pub(super) fn publish(&self, peer: SocketAddr, track: VideoTrack) -> Option<mpsc::Sender<TimedPacket>> {
        let (packets_tx, packets) = mpsc::channel(PACKETS);
        self.mount.publications.try_send(Publication { peer, track, packets }).ok()?;
        Some(packets_tx)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.mount.live.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_camera_and_one_publisher() {
        let hub = Arc::new(Hub::new(false));
        let camera: CameraId = "a".parse().unwrap();
        assert_eq!(hub.claim("x").unwrap_err(), Refusal::NoSuchPath);
        let registration = hub.register("x", &camera, None).unwrap();
        assert!(hub.register("x", &camera, None).is_none());
        let claim = hub.claim("x").unwrap();
        assert_eq!(hub.claim("x").unwrap_err(), Refusal::AlreadyLive);
        drop(claim);
        drop(hub.claim("x").unwrap());
        drop(registration);
        assert_eq!(hub.login("x").unwrap_err(), Refusal::NoSuchPath);
    }

    #[test]
    fn a_password_that_is_changed_in_its_file_counts_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        let hub = Arc::new(Hub::new(false));
        let reference = Secret::new(format!("file:{}", file.display()));
        let login = Login { username: "cam".to_owned(), password: reference };
        let _open = hub.register("door", &"a".parse().unwrap(), Some(login)).unwrap();
        assert_eq!(hub.login("door").unwrap_err(), Refusal::NoPassword);
        for password in ["old", "new"] {
            std::fs::write(&file, password).unwrap();
            assert_eq!(hub.login("door").unwrap().unwrap().password.expose(), password);
        }
    }

    #[test]
    fn credentials_can_be_made_a_condition() {
        let hub = Arc::new(Hub::new(true));
        let _open = hub.register("open", &"a".parse().unwrap(), None).unwrap();
        assert_eq!(hub.login("open").unwrap_err(), Refusal::NoSuchPath);
    }
}
