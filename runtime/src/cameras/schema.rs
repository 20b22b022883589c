//! The TOML form of a camera. Units and defaults are those of `camera.proto`.

use serde::Deserialize;
use vru_proto::v1;

use super::rule_schema::Rule;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CameraFile {
    /// Not `Camera`: each entry is deserialised separately, so that a mistake in one does not hide mistakes in others.
    pub(super) cameras: Vec<toml::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Camera {
    pub(super) id: String,
    #[serde(default)]
    name: String,
    #[serde(default = "enabled_by_default")]
    enabled: bool,
    pull: Option<Pull>,
    push: Option<Push>,
    file: Option<File>,
    output: Option<Output>,
    #[serde(default)]
    zones: Vec<Zone>,
    #[serde(default)]
    lines: Vec<Line>,
    #[serde(default)]
    rules: Vec<Rule>,
    tracker: Option<Tracker>,
}

fn enabled_by_default() -> bool {
    true
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pull {
    url: String,
    username: Option<String>,
    password: Option<String>,
    #[serde(default)]
    transport: Transport,
    tls: Option<Tls>,
}

/// How the certificate of `rtsps://` is verified: one of the keys.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tls {
    CaFile(String),
    CertificateSha256(String),
    Insecure(bool),
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Transport {
    #[default]
    Tcp,
    Udp,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Push {
    #[serde(default)]
    path: String,
    username: Option<String>,
    password: Option<String>,
    #[serde(default)]
    allow_anonymous: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    path: String,
    #[serde(default)]
    start_time_us: i64,
    #[serde(default)]
    session: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Output {
    encoding: Encoding,
    max_fps: f64,
    max_width: u32,
    max_height: u32,
    jpeg_quality: u32,
    pipeline: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    #[default]
    Jpeg,
    Passthrough,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Zone {
    id: String,
    #[serde(default)]
    name: String,
    polygon: Vec<[f64; 2]>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    #[serde(default)]
    name: String,
    points: Vec<[f64; 2]>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Tracker {
    high_score: Option<f32>,
    low_score: Option<f32>,
    new_track_score: Option<f32>,
    confirm_frames: Option<u32>,
    confirm_seconds: Option<f32>,
    confirm_score: Option<f32>,
    max_lost_seconds: Option<f32>,
    growth: Option<f32>,
    min_overlap: Option<f32>,
    appearance: Option<f32>,
}

impl Camera {
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
    fn into_message(self) -> v1::Zone {
        v1::Zone { id: self.id, name: self.name, polygon: points(self.polygon) }
    }
}

impl Line {
    fn into_message(self) -> v1::Line {
        v1::Line { id: self.id, name: self.name, points: points(self.points) }
    }
}

fn points(points: Vec<[f64; 2]>) -> Vec<v1::Point> {
    points.into_iter().map(|[x, y]| v1::Point { x, y }).collect()
}
