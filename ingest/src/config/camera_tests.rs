use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};

/// Section `camera_tests`. Where a tested camera may be is `pull.allowed_networks`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CameraTestsConfig {
    /// Consumer group of the topic `vru.camera-tests`: each test is made by one pod (default `vru-ingest-camera-tests`).
    pub group: String,
    /// How many cameras are tested at once (default 2). Some more wait for their turn.
    pub concurrent: usize,
}

impl Default for CameraTestsConfig {
    fn default() -> Self {
        Self { group: "vru-ingest-camera-tests".to_owned(), concurrent: 2 }
    }
}

impl Validate for CameraTestsConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require(!self.group.is_empty(), "group", "is empty");
        problems.require((1..=64).contains(&self.concurrent), "concurrent", "is not between 1 and 64");
    }
}
