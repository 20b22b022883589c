use std::path::PathBuf;

use serde::Deserialize;
use vru_proto::{CameraId, v1};

use super::parse::{CameraFileError, parse as parse_file};
use super::sealed::SealingKey;
use crate::config::{ENV_PREFIX, Problems, Validate};
use crate::kafka::{Needs, Topics};
use crate::secret::Secret;

/// Section `cameras`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CamerasConfig {
    /// A TOML file of cameras. It is read again when it changes. Empty (default): read the cameras from the Kafka topic.
    pub file: PathBuf,
    /// The folder that `file:PATH` in a record of the topic may name files in. Relative paths are relative to it, and no link leads
    /// out of it. Empty (default): a record cannot name files. Does not apply to `file`, whose references may name any file.
    pub secrets_dir: PathBuf,
    /// What the name of an environment variable must begin with to be used by `env:NAME` in a record of the topic (default
    /// `VRU_CAMERA_`). Empty: a record cannot name variables. Does not apply to `file`, which may name any variable but those that
    /// begin with `VRU__`.
    pub secrets_env_prefix: String,
    /// The key that opens the secrets that `vru-api` has sealed: the same as its setting `cameras.secrets_key`. Empty (default): a record
    /// cannot have sealed secrets. Does not apply to `file`.
    pub secrets_key: Secret,
    /// As in `vru-api`: keys that were `secrets_key` before (default none). A new key must be known here before `vru-api` encrypts with it.
    pub old_secrets_keys: Vec<Secret>,
}

impl Default for CamerasConfig {
    fn default() -> Self {
        Self {
            file: PathBuf::new(),
            secrets_dir: PathBuf::new(),
            secrets_env_prefix: "VRU_CAMERA_".to_owned(),
            secrets_key: Secret::default(),
            old_secrets_keys: Vec::new(),
        }
    }
}

impl CamerasConfig {
    /// The cameras of the file; none where they come from the topic.
    pub fn cameras(&self) -> Result<Vec<(CameraId, v1::CameraConfig)>, CameraFileError> {
        if self.file.as_os_str().is_empty() { Ok(Vec::new()) } else { parse_file(&self.file) }
    }

    /// Adds what reading the cameras needs in Kafka.
    pub fn needs(&self, needs: Needs, topics: &Topics) -> Needs {
        if self.file.as_os_str().is_empty() { needs.read(&topics.cameras).write(&topics.dead_letters) } else { needs }
    }
}

impl Validate for CamerasConfig {
    fn validate(&self, problems: &mut Problems) {
        let given = !self.file.as_os_str().is_empty();
        if given && !self.file.is_file() {
            problems.at("file", format!("{} is not a file", self.file.display()));
        } else if let Err(error) = self.cameras() {
            for problem in error.problems() {
                problems.at("file", format!("{}: {problem}", self.file.display()));
            }
        }
        let folder = &self.secrets_dir;
        let usable = folder.as_os_str().is_empty() || folder.is_dir();
        problems.require(usable, "secrets_dir", format!("{} is not a folder", folder.display()));
        SealingKey::check(&self.secrets_key, &self.old_secrets_keys, problems);
        let prefix = self.secrets_env_prefix.as_str();
        let overlaps = !prefix.is_empty() && (prefix.starts_with(ENV_PREFIX) || ENV_PREFIX.starts_with(prefix));
        problems.require(
            !overlaps,
            "secrets_env_prefix",
            format!(
                "`{prefix}` includes the service's own configuration ({ENV_PREFIX}…): choose a prefix for cameras only"
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_that_includes_the_configuration_is_refused() {
        for (prefix, valid) in
            [("VRU_CAMERA_", true), ("", true), ("CAM", true), ("V", false), ("VRU_", false), ("VRU__K", false)]
        {
            let mut problems = Problems::default();
            CamerasConfig { secrets_env_prefix: prefix.to_owned(), ..CamerasConfig::default() }.validate(&mut problems);
            assert_eq!(problems.found().is_empty(), valid, "{prefix}: {:?}", problems.found());
        }
    }
}
