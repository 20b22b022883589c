//! The pace of log-ins at a camera that refuses them. Cameras lock an address out after a few wrong ones, so it is minutes where that of
//! other failures is seconds.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vru_proto::v1::CameraConfig;
use vru_proto::v1::camera_config::Source;
use vru_runtime::retry::{Backoff, BackoffConfig};

use crate::camera_login::CameraLogin;
use crate::config::PullConfig;

/// How often the references are resolved again to notice a secret that was replaced.
const CHECK: Duration = Duration::from_secs(5);

/// One per camera and configuration: a changed configuration starts with the shortest wait.
#[derive(Debug)]
pub(crate) struct LoginPace {
    backoff: Backoff,
}

impl LoginPace {
    pub(crate) fn new(config: &PullConfig) -> Self {
        let backoff = BackoffConfig { initial: config.login_backoff_initial, max: config.login_backoff_max };
        Self { backoff: Backoff::new(backoff) }
    }

    /// The camera has accepted a log-in.
    pub(crate) fn reset(&mut self) {
        self.backoff.reset();
    }

    /// Waits until the next log-in may be tried: after the time, or as soon as the references give another secret than the refused one.
    /// False if `stop` ended the wait.
    pub(crate) async fn wait(&mut self, camera: &CameraConfig, login: &CameraLogin, stop: &CancellationToken) -> bool {
        let until = Instant::now() + self.backoff.next_delay();
        loop {
            tokio::select! {
                () = stop.cancelled() => return false,
                () = tokio::time::sleep_until(until) => return true,
                () = tokio::time::sleep(CHECK) => {
                    if is_replaced(camera, login).await {
                        self.backoff.reset();
                        return true;
                    }
                }
            }
        }
    }
}

/// A reference that cannot be resolved at the moment is no new secret.
async fn is_replaced(camera: &CameraConfig, login: &CameraLogin) -> bool {
    let Some(Source::Pull(pull)) = &camera.source else { return false };
    let (Some(credentials), Some(refused)) = (&pull.credentials, login.last()) else { return false };
    login.references.login(credentials).await.is_ok_and(|login| login != refused)
}
