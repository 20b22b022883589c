//! Section `batch`.

use std::time::Duration;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};

/// How frames are put together for one run of the model.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatchConfig {
    /// The most frames in one run; 0: 1 on a processor, the largest profile on a GPU (default 0). A processor gains nothing
    /// from batches: its cores are busy with one frame. A model with a fixed batch keeps to it.
    pub max_size: usize,
    /// How long a free session waits for more frames once it has one; 0: it takes what is there (default 0 s).
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
