//! Section `batch`.

use std::time::Duration;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};

/// How frames are combined into one run of the model.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatchConfig {
    /// The most frames in one run; 0: 1 on a CPU, the largest profile on a GPU (default 0). A CPU gains nothing from batches:
    /// one frame keeps its cores busy. A model with a fixed batch size ignores this setting.
    pub max_size: usize,
    /// How long a batch waits for more frames after its first one; 0: it takes the frames that are ready (default 0 s).
    #[serde(with = "humantime_serde")]
    pub max_wait: Duration,
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self { max_size: 0, max_wait: Duration::ZERO }
    }
}

impl Validate for BatchConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require(self.max_size <= 256, "max_size", "is more than 256");
        problems.require(self.max_wait <= Duration::from_secs(1), "max_wait", "is more than 1s");
    }
}
