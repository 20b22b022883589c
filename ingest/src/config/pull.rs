use std::time::Duration;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};

use super::between::between;

/// Section `pull`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PullConfig {
    /// Longest time from connecting to the first frame (default 15 s). Also applies to cameras that push.
    #[serde(with = "humantime_serde")]
    pub open_timeout: Duration,
    /// Length of the jitter buffer (default 200 ms).
    #[serde(with = "humantime_serde")]
    pub latency: Duration,
    /// With `rtsps://`, whether the camera's certificate is verified (default true).
    pub tls_verify: bool,
}

impl Default for PullConfig {
    fn default() -> Self {
        Self { open_timeout: Duration::from_secs(15), latency: Duration::from_millis(200), tls_verify: true }
    }
}

impl Validate for PullConfig {
    fn validate(&self, problems: &mut Problems) {
        between(problems, "open_timeout", self.open_timeout, 500, 300);
        between(problems, "latency", self.latency, 0, 10);
    }
}
