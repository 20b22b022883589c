use std::time::Duration;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};
use vru_runtime::networks::{AllowedNetworks, Network};

use super::between::between;

/// Section `pull`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PullConfig {
    /// Longest time from connecting to the first frame (default 15 s). Also applies to cameras that push.
    #[serde(with = "humantime_serde")]
    pub open_timeout: Duration,
    /// Where cameras of the topic, and cameras that are tested, may be: networks such as `192.168.0.0/16` or single addresses (default: the
    /// private ranges, `10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16` and `fc00::/7`). The address that a host name leads to is checked
    /// at each connection. Does not apply to the cameras of `cameras.file`.
    pub allowed_networks: Vec<Network>,
    /// Loopback and link-local addresses, too (default false). Only for a machine on which everything runs, as with `vru up`, which sets
    /// it: otherwise whoever configures cameras reaches what ingest's host keeps to itself.
    pub allow_this_host: bool,
    /// Length of the jitter buffer (default 200 ms).
    #[serde(with = "humantime_serde")]
    pub latency: Duration,
    /// Upper bound of the first wait after a camera refused the log-in (default 1 min). It doubles with each further refusal. A changed
    /// configuration of the camera or a changed secret ends the wait.
    #[serde(with = "humantime_serde")]
    pub login_backoff_initial: Duration,
    /// Upper bound of every wait after a refused log-in (default 30 min).
    #[serde(with = "humantime_serde")]
    pub login_backoff_max: Duration,
}

impl Default for PullConfig {
    fn default() -> Self {
        Self {
            open_timeout: Duration::from_secs(15),
            allowed_networks: AllowedNetworks::private(),
            allow_this_host: false,
            latency: Duration::from_millis(200),
            login_backoff_initial: Duration::from_mins(1),
            login_backoff_max: Duration::from_mins(30),
        }
    }
}

impl Validate for PullConfig {
    fn validate(&self, problems: &mut Problems) {
        between(problems, "open_timeout", self.open_timeout, 500, 300);
        for network in self.allowed_networks.iter().filter(|network| network.is_of_this_host() && !self.allow_this_host)
        {
            let problem = format!("has {network}, which is this host: set `allow_this_host` if everything runs on it");
            problems.at("allowed_networks", problem);
        }
        between(problems, "latency", self.latency, 0, 10);
        // Less would let a camera lock ingest out.
        between(problems, "login_backoff_initial", self.login_backoff_initial, 10_000, 86_400);
        between(problems, "login_backoff_max", self.login_backoff_max, 10_000, 86_400);
        let ordered = self.login_backoff_initial <= self.login_backoff_max;
        problems.require(ordered, "login_backoff_initial", "is more than login_backoff_max");
    }
}
