//! A camera as requests and answers have it, and the checks before it is stored.

use prost::Message as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use vru_runtime::cameras::CameraSettings;
use vru_runtime::secret::Secret;
use vru_storage::cameras::{self, SealedCredentials};
use vru_storage::postgres::PooledClient;

use crate::cameras::CameraMessages;
use crate::http::{Code, Problem, Tagged};
use crate::routes::text::{check_display_name, time};
use crate::state::ApiState;

/// Below what a Kafka topic takes by default.
pub(in crate::routes) const LARGEST_MESSAGE: usize = 256 * 1024;
const LONGEST_LOGIN: usize = 256;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Camera {
    id: String,
    site_id: String,
    #[schema(value_type = CameraSettings)]
    settings: Value,
    /// Whether it has a login. Nothing shows the login itself.
    has_credentials: bool,
    /// The newest change is not in effect yet: it waits for Kafka.
    pending: bool,
    /// The upload that it shows, through which it is changed; absent for a camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    upload_id: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    changed_at: String,
}

/// What the camera asks for, or what it must log in with when it publishes to us.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct Credentials {
    #[schema(min_length = 1, max_length = 256)]
    username: String,
    #[schema(min_length = 1, max_length = 256)]
    password: String,
}

/// The settings and the login of a camera that is added or changed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedCamera {
    pub(super) settings: CameraSettings,
    /// Absent: as before. `null`: none. Nothing shows them again.
    #[serde(default)]
    #[schema(value_type = Option<Credentials>)]
    pub(super) credentials: WantedCredentials,
}

/// Tells `null` from what is absent.
#[derive(Default)]
pub(in crate::routes) enum WantedCredentials {
    #[default]
    AsBefore,
    None,
    New(Credentials),
}

impl<'de> Deserialize<'de> for WantedCredentials {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::None, Self::New))
    }
}

impl From<cameras::Camera> for Camera {
    fn from(camera: cameras::Camera) -> Self {
        let cameras::Camera { id, site_id, settings, created_at, changed_at, .. } = camera;
        let (has_credentials, pending, upload_id) = (camera.has_credentials, camera.pending, camera.upload_id);
        let (created_at, changed_at) = (time(created_at), time(changed_at));
        Self { id, site_id, settings, has_credentials, pending, upload_id, created_at, changed_at }
    }
}

impl From<cameras::Camera> for Tagged<Camera> {
    fn from(camera: cameras::Camera) -> Self {
        Self { version: camera.version, body: Camera::from(camera) }
    }
}

impl Credentials {
    /// User name and password.
    pub(in crate::routes) fn checked(self) -> Result<(String, String), Problem> {
        for (field, text) in [("credentials.username", &self.username), ("credentials.password", &self.password)] {
            if text.is_empty() || text.len() > LONGEST_LOGIN || text.chars().any(char::is_control) {
                let detail = format!("has {} bytes, not 1 to {LONGEST_LOGIN}, or a control character", text.len());
                return Err(Problem::field(field, detail));
            }
        }
        Ok((self.username, self.password))
    }

    pub(in crate::routes) fn sealed(self, state: &ApiState) -> Result<SealedCredentials, Problem> {
        let (username, password) = self.checked()?;
        state.cameras.seal(&username, &Secret::new(password))
    }
}

/// Settings as they are stored; names the field that is wrong.
pub(in crate::routes) fn checked(
    id: &str,
    settings: &CameraSettings,
    credentials: Option<&SealedCredentials>,
) -> Result<Value, Problem> {
    if !settings.name.is_empty() {
        check_display_name("settings.name", &settings.name)?;
    }
    let stored = as_stored(settings).map_err(|problem| Problem::field("settings", problem))?;
    // With what is wrong in the request, too, such as a login in the settings, which is never stored.
    let message = settings.clone().message(id, credentials.map(message_credentials));
    let message = message.map_err(crate::cameras::Invalid::from)?;
    if message.encoded_len() > LARGEST_MESSAGE {
        return Err(Problem::field("settings", format!("are larger than {LARGEST_MESSAGE} bytes as a message")));
    }
    // What is published is made from what is stored.
    CameraMessages::message(id, &stored, credentials)?;
    Ok(stored)
}

/// Settings as the database has them, or what is wrong with them. It refuses texts with a zero byte, wherever they stand.
pub(in crate::routes) fn as_stored(settings: &CameraSettings) -> Result<Value, String> {
    let text = serde_json::to_string(settings).map_err(|error| error.to_string())?;
    if text.contains("\\u0000") {
        return Err("has a zero byte in a text".to_owned());
    }
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

fn message_credentials(credentials: &SealedCredentials) -> vru_proto::v1::Credentials {
    let SealedCredentials { username, password } = credentials.clone();
    vru_proto::v1::Credentials { username, password }
}

/// Refuses a change that the services which watch cameras would never see.
pub(in crate::routes) fn check_changeable(state: &ApiState) -> Result<(), Problem> {
    if state.config.cameras.in_file {
        let detail = "the cameras are in a file of the services that watch them; change that file";
        return Err(Problem::conflict(Code::CamerasInFile, "", detail));
    }
    Ok(())
}

/// A camera that was looked for, if it has the version that the caller has seen.
pub(super) fn in_version<T>(
    found: Option<(cameras::Camera, T)>,
    version: i64,
) -> Result<(cameras::Camera, T), Problem> {
    let found = found.ok_or_else(|| Problem::not_found("camera"))?;
    if found.0.upload_id.is_some() {
        let detail = "the camera shows an uploaded file: cancel or delete the upload";
        return Err(Problem::conflict(Code::CameraOfUpload, "", detail));
    }
    if found.0.version == version { Ok(found) } else { Err(Problem::changed_meanwhile()) }
}

/// The camera, for routes that answer with 404.
pub(in crate::routes) async fn find(
    client: &PooledClient,
    site_id: &str,
    id: &str,
) -> Result<cameras::Camera, Problem> {
    cameras::find(client, site_id, id).await?.ok_or_else(|| Problem::not_found("camera"))
}
