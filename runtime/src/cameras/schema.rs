//! The form of a camera in the cameras file (TOML) and in the API (JSON). Units and defaults are those of `camera.proto`.

use serde::{Deserialize, Serialize};
use vru_proto::{v1, validate};

use super::location::Location;
use super::rule_schema::Rule;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CameraFile {
    /// Not `CameraSettings`: each entry is deserialised separately, so that a mistake in one does not hide mistakes in others.
    pub(super) cameras: Vec<toml::Value>,
}

/// What people choose about a camera.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CameraSettings {
    #[serde(default, skip_serializing)]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    id: String,
    /// Display name.
    #[serde(default)]
    pub name: String,
    /// A disabled camera is not watched.
    #[serde(default = "enabled_by_default")]
    enabled: bool,
    /// Ingest connects to the camera. Exactly one of `pull` and `push` is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pull: Option<Pull>,
    /// The camera connects to ingest.
    #[serde(skip_serializing_if = "Option::is_none")]
    push: Option<Push>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    file: Option<File>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Output>,
    #[serde(default)]
    zones: Vec<Zone>,
    #[serde(default)]
    lines: Vec<Line>,
    #[serde(default)]
    rules: Vec<Rule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracker: Option<Tracker>,
    #[serde(skip_serializing_if = "Option::is_none")]
    privacy: Option<Privacy>,
    /// Where the camera is, if it is known; otherwise counts are shown where its site is.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Location>,
}

fn enabled_by_default() -> bool {
    true
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
struct Pull {
    url: String,
    #[serde(skip_serializing)]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    username: Option<String>,
    #[serde(skip_serializing)]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    password: Option<String>,
    #[serde(default)]
    transport: Transport,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<Tls>,
}

/// How the certificate of `rtsps://` is verified: one of the keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
enum Tls {
    CaFile(String),
    CertificateSha256(String),
    Insecure(bool),
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
enum Transport {
    #[default]
    Tcp,
    Udp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
struct Push {
    #[serde(default)]
    path: String,
    #[serde(skip_serializing)]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    username: Option<String>,
    #[serde(skip_serializing)]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    password: Option<String>,
    #[serde(default)]
    allow_anonymous: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    path: String,
    #[serde(default)]
    object: String,
    #[serde(default)]
    start_time_us: i64,
    #[serde(default)]
    session: u64,
}

/// What is done so that nobody is recognised in pictures.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
struct Privacy {
    /// Heads and plates become coarse blocks in snapshots, and alerts have no clips.
    blur: bool,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
struct Output {
    encoding: Encoding,
    max_fps: f64,
    max_width: u32,
    max_height: u32,
    jpeg_quality: u32,
    pipeline: String,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
enum Encoding {
    #[default]
    Jpeg,
    Passthrough,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Zone {
    id: String,
    #[serde(default)]
    name: String,
    polygon: Vec<[f64; 2]>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    id: String,
    #[serde(default)]
    name: String,
    points: Vec<[f64; 2]>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
struct Tracker {
    #[serde(skip_serializing_if = "Option::is_none")]
    high_score: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    low_score: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_track_score: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm_frames: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm_seconds: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm_score: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_lost_seconds: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    growth: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_overlap: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    appearance: Option<f32>,
}

/// What is wrong with settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsMistake {
    /// Path in the settings: `pull.url`.
    pub field: String,
    /// Continues the field's name: `is empty`.
    pub problem: String,
}

impl CameraSettings {
    /// The message of a camera whose id and credentials are kept apart from its settings, as the API does. Who may use the API is not
    /// the operator of ingest's machine, so its files are none of their cameras.
    pub fn message(
        mut self,
        id: &str,
        credentials: Option<v1::Credentials>,
    ) -> Result<v1::CameraConfig, SettingsMistake> {
        let mistake =
            |field: &str, problem: &str| SettingsMistake { field: field.to_owned(), problem: problem.to_owned() };
        if !self.id.is_empty() {
            return Err(mistake("id", "is made by the service"));
        }
        if self.file.is_some() {
            return Err(mistake("file", "is for cameras of the operator's own file only"));
        }
        self.check_location()?;
        let pull = self.pull.as_ref().is_some_and(|pull| pull.username.is_some() || pull.password.is_some());
        let push = self.push.as_ref().is_some_and(|push| push.username.is_some() || push.password.is_some());
        if pull || push {
            let field = if pull { "pull" } else { "push" };
            return Err(mistake(field, "has a login: set the camera's credentials instead, which are kept apart"));
        }
        id.clone_into(&mut self.id);
        let mut config = self.config().map_err(|problem| mistake("", &problem))?;
        match &mut config.source {
            Some(v1::camera_config::Source::Pull(pull)) => pull.credentials = credentials,
            Some(v1::camera_config::Source::Push(push)) => push.credentials = credentials,
            Some(v1::camera_config::Source::File(_)) | None => {}
        }
        match validate::camera(&config) {
            Ok(_) => Ok(config),
            Err(invalid) => Err(mistake(invalid.field, &invalid.problem)),
        }
    }

    /// The message of a camera that shows an uploaded file, which has no source in its settings.
    pub fn file_message(mut self, id: &str, file: v1::FileSource) -> Result<v1::CameraConfig, SettingsMistake> {
        let mistake =
            |field: &str, problem: &str| SettingsMistake { field: field.to_owned(), problem: problem.to_owned() };
        if !self.id.is_empty() {
            return Err(mistake("id", "is made by the service"));
        }
        if self.pull.is_some() || self.push.is_some() || self.file.is_some() {
            return Err(mistake("", "have a source: those of an upload have none"));
        }
        self.check_location()?;
        id.clone_into(&mut self.id);
        let view = self.view().map_err(|problem| mistake("", &problem))?;
        let config = v1::CameraConfig { source: Some(v1::camera_config::Source::File(file)), ..view };
        match validate::camera(&config) {
            Ok(_) => Ok(config),
            Err(invalid) => Err(mistake(invalid.field, &invalid.problem)),
        }
    }

    /// Where the camera is.
    #[must_use]
    pub fn location(&self) -> Option<Location> {
        self.location
    }

    fn check_location(&self) -> Result<(), SettingsMistake> {
        let checked = self.location.map_or(Ok(()), |location| location.check());
        checked.map_err(|(field, problem)| SettingsMistake { field, problem })
    }

    /// The same view of a place: zones, lines, rules, output and tracker, without name and source.
    #[must_use]
    pub fn view_only(self) -> Self {
        Self { id: String::new(), name: String::new(), enabled: true, pull: None, push: None, file: None, ..self }
    }

    /// Converts it to the message that the topic `vru.cameras` carries.
    pub(super) fn config(mut self) -> Result<v1::CameraConfig, String> {
        // A key that is given counts, even with an empty value: the validation of the message refuses half of a login.
        let credentials = |username: Option<String>, password: Option<String>| {
            let given = username.is_some() || password.is_some();
            given.then(|| v1::Credentials {
                username: username.unwrap_or_default(),
                password: password.unwrap_or_default(),
            })
        };
        let source = match (self.pull.take(), self.push.take(), self.file.take()) {
            (Some(pull), None, None) => v1::camera_config::Source::Pull(v1::PullSource {
                url: pull.url,
                credentials: credentials(pull.username, pull.password),
                transport: match pull.transport {
                    Transport::Tcp => v1::RtspTransport::Tcp,
                    Transport::Udp => v1::RtspTransport::Udp,
                }
                .into(),
                tls: pull.tls.map(Tls::into_message),
            }),
            (None, Some(push), None) => v1::camera_config::Source::Push(v1::PushSource {
                path: push.path,
                credentials: credentials(push.username, push.password),
                allow_anonymous: push.allow_anonymous,
            }),
            (None, None, Some(file)) => v1::camera_config::Source::File(v1::FileSource {
                path: file.path,
                object: file.object,
                start_time_us: file.start_time_us,
                session: file.session,
            }),
            _ => return Err("set exactly one of pull, push and file".to_owned()),
        };
        Ok(v1::CameraConfig { source: Some(source), ..self.view()? })
    }

    /// The message without its source.
    pub(super) fn view(self) -> Result<v1::CameraConfig, String> {
        Ok(v1::CameraConfig {
            id: self.id,
            name: self.name,
            enabled: self.enabled,
            source: None,
            output: self.output.map(Output::into_message),
            zones: self.zones.into_iter().map(Zone::into_message).collect(),
            lines: self.lines.into_iter().map(Line::into_message).collect(),
            rules: self.rules.into_iter().map(Rule::into_message).collect::<Result<_, _>>()?,
            tracker: self.tracker.map(Tracker::into_message),
            privacy: self.privacy.map(|privacy| v1::Privacy { blur: privacy.blur }),
        })
    }
}

impl Tracker {
    fn into_message(self) -> v1::TrackerSettings {
        v1::TrackerSettings {
            high_score: self.high_score,
            low_score: self.low_score,
            new_track_score: self.new_track_score,
            confirm_frames: self.confirm_frames,
            confirm_seconds: self.confirm_seconds,
            confirm_score: self.confirm_score,
            max_lost_seconds: self.max_lost_seconds,
            growth: self.growth,
            min_overlap: self.min_overlap,
            appearance: self.appearance,
        }
    }
}

impl Tls {
    fn into_message(self) -> v1::CameraTls {
        let verify = match self {
            Self::CaFile(path) => v1::camera_tls::Verify::CaFile(path),
            Self::CertificateSha256(digits) => v1::camera_tls::Verify::CertificateSha256(digits),
            Self::Insecure(insecure) => v1::camera_tls::Verify::Insecure(insecure),
        };
        v1::CameraTls { verify: Some(verify) }
    }
}

impl Output {
    fn into_message(self) -> v1::Output {
        let encoding = match self.encoding {
            Encoding::Jpeg => v1::Encoding::Jpeg,
            Encoding::Passthrough => v1::Encoding::H264,
        };
        v1::Output {
            encoding: encoding.into(),
            max_fps: self.max_fps,
            max_width: self.max_width,
            max_height: self.max_height,
            jpeg_quality: self.jpeg_quality,
            pipeline: self.pipeline,
        }
    }
}

impl Zone {
    pub(super) fn into_message(self) -> v1::Zone {
        v1::Zone { id: self.id, name: self.name, polygon: points(self.polygon) }
    }
}

impl Line {
    pub(super) fn into_message(self) -> v1::Line {
        v1::Line { id: self.id, name: self.name, points: points(self.points) }
    }
}

fn points(points: Vec<[f64; 2]>) -> Vec<v1::Point> {
    points.into_iter().map(|[x, y]| v1::Point { x, y }).collect()
}
