//! Which session of a camera that pushes is the newest, among all pods. The load balancer chooses a pod for each connection, so two pods may
//! have publishers of one camera: two devices with the same login, or a device that connects again before its old connection has ended. The
//! newest session publishes, and the others end. Without Redis, or while it is away, sessions are not compared here; inference then takes
//! the frames of the newest one only.

use std::sync::LazyLock;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use vru_proto::CameraId;
use vru_runtime::redis::{Redis, Script};
use vru_runtime::report::chain;

/// How often a session looks whether it is still the newest.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long the number of a session that ended is kept. Longer than a pod may stand still and then go on.
const EXPIRY: Duration = Duration::from_mins(5);

/// Notes the session if none that is known is newer, and returns the newest. Numbers in Lua are exact up to 2^53.
static CLAIM: LazyLock<Script> = LazyLock::new(|| {
    let text = "
local newest = redis.call('GET', KEYS[1])
if newest and tonumber(newest) > tonumber(ARGV[1]) then
    return newest
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
";
    Script::new(text.to_owned())
});

/// The newest sessions of all pods.
#[derive(Debug, Clone, Default)]
pub(super) struct Claims(Option<Redis>);

impl Claims {
    pub(super) fn new(redis: Redis) -> Self {
        Self(Some(redis))
    }

    /// Returns when another pod has a newer session of the camera.
    pub(super) async fn superseded(&self, camera: &CameraId, session: u64) {
        let Some(redis) = &self.0 else { return std::future::pending().await };
        let key = redis.key(&format!("publisher:{camera}"));
        let mut interval = interval(LOOK_EVERY);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            let claim = redis.eval::<String>(&CLAIM, &key, &[session, EXPIRY.as_millis() as u64]).await;
            match claim.map(|newest| newest.parse::<u64>()) {
                Ok(Ok(newest)) if newest > session => return,
                Ok(Ok(_)) => {}
                Ok(Err(_)) => tracing::error!(key, "the newest session of the camera in Redis is no number"),
                // `/ready` tells that there is no Redis.
                Err(error) => tracing::debug!(error = %chain(&error), "sessions of other pods are not known"),
            }
        }
    }
}
