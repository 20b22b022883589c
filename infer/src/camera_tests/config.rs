use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};

/// Section `camera_tests`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CameraTestsConfig {
    /// Consumer group of the topic `vru.camera-test-pictures`: each picture is blurred by one worker (default `vru-infer-camera-tests`).
    pub group: String,
}

impl Default for CameraTestsConfig {
    fn default() -> Self {
        Self { group: "vru-infer-camera-tests".to_owned() }
    }
}

impl Validate for CameraTestsConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require(!self.group.is_empty(), "group", "is empty");
    }
}
