use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};

/// Section `system`: whom the state of the system is about.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SystemConfig {
    /// The consumer group of inference: its setting `group` (default `vru-infer`).
    pub infer_group: String,
    /// What the consumer groups of the S3 sink begin with: its setting `s3.group` (default `vru-sink-s3`).
    pub s3_group: String,
}

impl Default for SystemConfig {
    fn default() -> Self {
        Self { infer_group: "vru-infer".to_owned(), s3_group: "vru-sink-s3".to_owned() }
    }
}

impl Validate for SystemConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require(!self.infer_group.is_empty(), "infer_group", "is empty");
        problems.require(!self.s3_group.is_empty(), "s3_group", "is empty");
    }
}
