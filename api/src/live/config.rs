use std::time::Duration;

use serde::Deserialize;
use vru_live::LiveOptions;
use vru_runtime::config::{Problems, Validate};

/// Section `live`: feeds of pictures and events.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LiveConfig {
    /// How many feeds are open at once (default 2048), live feeds and streams of events together. Further ones are refused with 503.
    pub max_feeds: usize,
    /// How many of one person or key (default 32). Further ones are refused with 429.
    pub max_feeds_per_caller: usize,
    /// How many cameras one live feed watches (default 64).
    pub max_cameras: usize,
    /// How often it is checked that an open feed is still allowed (default 10 s).
    #[serde(with = "humantime_serde")]
    pub check_every: Duration,
    /// Threads that decode and encode pictures (default: one for each core, at most 4).
    pub threads: usize,
    /// How long a camera is read after its last viewer (default 5 s).
    #[serde(with = "humantime_serde")]
    pub linger: Duration,
}

impl Default for LiveConfig {
    fn default() -> Self {
        let LiveOptions { threads, linger } = LiveOptions::default();
        Self {
            max_feeds: 2048,
            max_feeds_per_caller: 32,
            max_cameras: 64,
            check_every: Duration::from_secs(10),
            threads,
            linger,
        }
    }
}

impl LiveConfig {
    pub(super) fn options(&self) -> LiveOptions {
        LiveOptions { threads: self.threads, linger: self.linger }
    }
}

impl Validate for LiveConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require((1..=100_000).contains(&self.max_feeds), "max_feeds", "is not between 1 and 100000");
        problems.require(
            (1..=self.max_feeds.max(1)).contains(&self.max_feeds_per_caller),
            "max_feeds_per_caller",
            "is not between 1 and `max_feeds`",
        );
        problems.require((1..=500).contains(&self.max_cameras), "max_cameras", "is not between 1 and 500");
        let limits = Duration::from_millis(100)..=Duration::from_mins(1);
        problems.require(limits.contains(&self.check_every), "check_every", "is not between 100ms and 1m");
        problems.require((1..=64).contains(&self.threads), "threads", "is not between 1 and 64");
        problems.require(self.linger <= Duration::from_mins(1), "linger", "is longer than 1m");
    }
}
