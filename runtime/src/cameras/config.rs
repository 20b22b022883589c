use std::path::PathBuf;

use serde::Deserialize;

use crate::config::{Problems, Validate};

/// Section `cameras`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CamerasConfig {
    /// A TOML file of cameras. It is read again when it changes. Empty (default): read the cameras from the Kafka topic.
    pub file: PathBuf,
}

impl Validate for CamerasConfig {
    fn validate(&self, problems: &mut Problems) {
        let given = !self.file.as_os_str().is_empty();
        problems.require(!given || self.file.is_file(), "file", format!("{} is not a file", self.file.display()));
    }
}
