use std::time::Duration;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};

use super::between::between;

/// Section `file`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileConfig {
    /// Most frames that a file may be ahead of its consumers (default 256). They commit every second, so it bounds the frames per second.
    pub max_lag: usize,
    /// Most bytes that a file may be ahead of its consumers (default 64 MiB). What is ahead must stay on Kafka until it is read: the limit
    /// is for its disk. `vru up` and `vru demo` without a real broker use 2 MB at most, because the embedded one keeps little.
    pub max_lag_bytes: usize,
    /// Consumer groups that a file waits for (default `vru-infer`). With none, a file is published as fast as Kafka accepts it.
    pub consumer_groups: Vec<String>,
    /// How often the committed offsets of the groups are read while a file waits (default 50 ms).
    #[serde(with = "humantime_serde")]
    pub poll_interval: Duration,
}

impl Default for FileConfig {
    fn default() -> Self {
        Self {
            max_lag: 256,
            max_lag_bytes: 64 * 1024 * 1024,
            consumer_groups: vec!["vru-infer".to_owned()],
            poll_interval: Duration::from_millis(50),
        }
    }
}

impl Validate for FileConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require(self.max_lag > 0, "max_lag", "is 0");
        problems.require(self.max_lag_bytes > 0, "max_lag_bytes", "is 0");
        between(problems, "poll_interval", self.poll_interval, 5, 60);
        let named = self.consumer_groups.iter().all(|group| !group.is_empty());
        problems.require(named, "consumer_groups", "contains an empty name");
    }
}
