//! The message that a camera's settings and login make.

use std::time::SystemTime;

use serde_json::Value;
use vru_proto::v1;
use vru_runtime::cameras::{CameraSettings, SealingKey, SettingsMistake};
use vru_runtime::secret::Secret;
use vru_storage::cameras::SealedCredentials;

use crate::http::{Code, Problem};

/// Makes messages, and seals what they must not show.
#[derive(Debug, Clone)]
pub(crate) struct CameraMessages {
    key: Option<SealingKey>,
}

/// Why settings are no camera.
#[derive(Debug)]
pub(crate) struct Invalid(SettingsMistake);

impl From<SettingsMistake> for Invalid {
    fn from(mistake: SettingsMistake) -> Self {
        Self(mistake)
    }
}

impl From<Invalid> for Problem {
    fn from(Invalid(SettingsMistake { field, problem }): Invalid) -> Self {
        let field = if field.is_empty() { "settings".to_owned() } else { format!("settings.{field}") };
        Self::field(field, problem)
    }
}

impl Invalid {
    /// Path in the settings; empty if they are wrong as a whole.
    pub(crate) fn field(&self) -> &str {
        &self.0.field
    }

    pub(crate) fn problem(&self) -> &str {
        &self.0.problem
    }
}

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` {}", self.0.field, self.0.problem)
    }
}

impl CameraMessages {
    pub(crate) fn new(key: Option<SealingKey>) -> Self {
        Self { key }
    }

    /// As the database and the topic have them.
    pub(crate) fn seal(&self, username: &str, password: &Secret) -> Result<SealedCredentials, Problem> {
        let Some(key) = &self.key else {
            let detail = "this service keeps no secrets of cameras: its operator must set `cameras.secrets_key`";
            return Err(Problem::conflict(Code::NoSecretsKey, "credentials", detail));
        };
        let sealed = |text: &Secret| key.seal(text).ok_or_else(Problem::internal);
        Ok(SealedCredentials { username: sealed(&Secret::new(username))?, password: sealed(password)? })
    }

    /// Of an upload's settings as they are stored, and of the file: the key of its object, its session and the time of its first frame.
    pub(crate) fn file_message(
        id: &str,
        settings: &Value,
        (object, session, start_time): (String, i64, SystemTime),
    ) -> Result<v1::CameraConfig, Invalid> {
        let settings: CameraSettings = serde_json::from_value(settings.clone())
            .map_err(|error| Invalid(SettingsMistake { field: String::new(), problem: error.to_string() }))?;
        let start_time_us = vru_runtime::clock::to_us(start_time);
        let session = session.unsigned_abs();
        let file = v1::FileSource { object, session, start_time_us, ..v1::FileSource::default() };
        settings.file_message(id, file).map_err(Invalid)
    }

    /// Of settings as they are stored.
    pub(crate) fn message(
        id: &str,
        settings: &Value,
        credentials: Option<&SealedCredentials>,
    ) -> Result<v1::CameraConfig, Invalid> {
        let settings: CameraSettings = serde_json::from_value(settings.clone())
            .map_err(|error| Invalid(SettingsMistake { field: String::new(), problem: error.to_string() }))?;
        let credentials =
            credentials.cloned().map(|SealedCredentials { username, password }| v1::Credentials { username, password });
        settings.message(id, credentials).map_err(Invalid)
    }
}
