use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};
use vru_runtime::networks::Network;
use vru_runtime::retry::BackoffConfig;

/// Section `webhooks`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhooksConfig {
    /// Whether this process queues and sends events (default true). Where `vru-api webhooks` runs apart, the replicas that answer requests
    /// have false; they still make test calls.
    pub enabled: bool,
    /// The consumer group in which all replicas read alerts (default `vru-api-webhooks`).
    pub group: String,
    /// Networks that webhooks may post to although they are not public, such as `10.1.0.0/16` (default none). Only within a loopback
    /// network that stands here may it be `http://`.
    pub allowed_networks: Vec<Network>,
    /// CA certificates (PEM) for the targets, instead of the system's (default: the system's). Read at the start.
    pub ca: PathBuf,
    /// Time limit of an attempt: look-up, connection, TLS and answer together (default 10 s). It must be shorter than `http.timeout`.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// Waits between attempts (default from 5 s to 15 min).
    pub retry: BackoffConfig,
    /// How long a delivery is tried (default 1 day). Then it is dead.
    #[serde(with = "humantime_serde")]
    pub give_up_after: Duration,
    /// How long deliveries that were delivered or are dead stay visible, and repeated alerts are recognised (default 8 days, a day more
    /// than Kafka keeps alerts).
    #[serde(with = "humantime_serde")]
    pub retention: Duration,
    /// How many attempts one replica makes at once (default 32).
    pub concurrency: usize,
    /// How many of them to one webhook (default 4).
    pub concurrency_per_webhook: usize,
    /// How long events are signed with the old secret too after a rotation (default 1 day).
    #[serde(with = "humantime_serde")]
    pub secret_overlap: Duration,
}

const DAY: Duration = Duration::from_hours(24);

impl Default for WebhooksConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            group: "vru-api-webhooks".to_owned(),
            allowed_networks: Vec::new(),
            ca: PathBuf::new(),
            timeout: Duration::from_secs(10),
            retry: BackoffConfig { initial: Duration::from_secs(5), max: Duration::from_mins(15) },
            give_up_after: DAY,
            retention: DAY * 8,
            concurrency: 32,
            concurrency_per_webhook: 4,
            secret_overlap: DAY,
        }
    }
}

impl Validate for WebhooksConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require(!self.group.is_empty(), "group", "is empty");
        let limits = Duration::from_millis(100)..=Duration::from_mins(1);
        problems.require(limits.contains(&self.timeout), "timeout", "is not between 100ms and 1m");
        let limits = Duration::from_millis(10)..=Duration::from_hours(24);
        problems.require(limits.contains(&self.retry.initial), "retry.initial", "is not between 10ms and 1d");
        let limits = self.retry.initial.min(DAY)..=DAY;
        problems.require(limits.contains(&self.retry.max), "retry.max", "is not between `retry.initial` and 1d");
        let limits = Duration::from_secs(1)..=DAY * 30;
        problems.require(limits.contains(&self.give_up_after), "give_up_after", "is not between 1s and 30d");
        let limits = self.give_up_after.min(DAY * 366)..=DAY * 366;
        problems.require(limits.contains(&self.retention), "retention", "is not between `give_up_after` and 366d");
        problems.require((1..=1000).contains(&self.concurrency), "concurrency", "is not between 1 and 1000");
        problems.require(
            (1..=self.concurrency.max(1)).contains(&self.concurrency_per_webhook),
            "concurrency_per_webhook",
            "is not between 1 and `concurrency`",
        );
        problems.require(self.secret_overlap <= DAY * 30, "secret_overlap", "is longer than 30d");
    }
}
