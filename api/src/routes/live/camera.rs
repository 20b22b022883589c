use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use vru_runtime::live::{self, LIVE_WITHIN, LiveAlert, LiveStore, Seen};
use vru_runtime::report::chain;
use vru_storage::cameras::Camera;

use crate::http::{Code, Problem};
use crate::state::ApiState;
use crate::words::{AlertKind, RoadUserClass, Severity, Word};

/// What a camera shows now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LiveCamera {
    camera_id: String,
    state: LiveState,
    /// How many seconds ago its newest frame was analysed. Absent if nothing is known, as is everything below.
    #[serde(skip_serializing_if = "Option::is_none")]
    age_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frame: Option<LiveFrame>,
    /// The road users in the newest frame, by class. A class that the model cannot find is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    objects: Option<Vec<ClassCount>>,
    /// The same for each zone of the camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    zones: Option<Vec<ZoneOccupancy>>,
    /// The alerts that go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    open_alerts: Option<Vec<OpenAlert>>,
    /// Which worker of inference has the camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    worker: Option<String>,
}

/// Whether the answer is about now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum LiveState {
    /// Its newest frame is at most some seconds old.
    Live,
    /// No frame was analysed since; what was seen last is there.
    Silent,
    /// It is a video file of which no frame is analysed now: it waits for live cameras, or it is at its end. What was seen in the last ten
    /// minutes is there.
    Idle,
    /// No frame was analysed in the last ten minutes. Nobody knows what it shows.
    Unknown,
}

/// The newest analysed frame.
#[derive(Debug, Serialize, ToSchema)]
struct LiveFrame {
    #[schema(format = DateTime)]
    captured_at: String,
    #[schema(format = DateTime)]
    analysed_at: String,
    /// From the capture to the end of the analysis, in milliseconds.
    lag_ms: i64,
    /// Analysed frames a second, over the last seconds; 0 after the first one.
    frames_per_second: f64,
    /// Of the camera's picture, in pixels.
    width: u32,
    height: u32,
    /// It is of a video file, whose time is not that of the clock.
    file: bool,
}

/// How many of a class.
#[derive(Debug, Serialize, ToSchema)]
struct ClassCount {
    class: RoadUserClass,
    count: u32,
}

/// Who is in a zone.
#[derive(Debug, Serialize, ToSchema)]
struct ZoneOccupancy {
    zone_id: String,
    objects: Vec<ClassCount>,
}

/// An alert that goes on.
#[derive(Debug, Serialize, ToSchema)]
struct OpenAlert {
    rule_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    zone_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<AlertKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<RoadUserClass>,
    #[schema(format = DateTime)]
    began_at: String,
}

/// A camera that is asked for.
pub(super) struct Asked {
    camera_id: String,
    /// It is known to be a file, also if nothing was seen of it.
    is_file: bool,
}

impl Asked {
    pub(super) fn by_id(camera_id: String) -> Self {
        Self { camera_id, is_file: false }
    }
}

impl From<Camera> for Asked {
    fn from(camera: Camera) -> Self {
        Self { camera_id: camera.id, is_file: camera.upload_id.is_some() }
    }
}

impl LiveCamera {
    fn new(Asked { camera_id, is_file }: Asked, seen: Option<Seen>) -> Self {
        let Some(Seen { state, age }) = seen else {
            let (age_seconds, frame, objects, zones, open_alerts, worker) = (None, None, None, None, None, None);
            return Self {
                camera_id,
                state: if is_file { LiveState::Idle } else { LiveState::Unknown },
                age_seconds,
                frame,
                objects,
                zones,
                open_alerts,
                worker,
            };
        };
        let lag_ms = (state.analysed_at_us - state.captured_at_us) / 1000;
        let frame = LiveFrame {
            captured_at: time(state.captured_at_us),
            analysed_at: time(state.analysed_at_us),
            lag_ms,
            frames_per_second: (state.frame_rate * 100.0).round() / 100.0,
            width: state.width,
            height: state.height,
            file: state.file,
        };
        let zones =
            state.zones.iter().map(|(zone, objects)| ZoneOccupancy { zone_id: zone.clone(), objects: counts(objects) });
        Self {
            camera_id,
            state: match state.file || is_file {
                _ if age <= LIVE_WITHIN => LiveState::Live,
                true => LiveState::Idle,
                false => LiveState::Silent,
            },
            age_seconds: Some((age.as_secs_f64() * 10.0).round() / 10.0),
            frame: Some(frame),
            objects: Some(counts(&state.objects)),
            zones: Some(zones.collect()),
            open_alerts: Some(state.alerts.into_iter().map(OpenAlert::from).collect()),
            worker: Some(state.worker),
        }
    }
}

impl From<LiveAlert> for OpenAlert {
    fn from(alert: LiveAlert) -> Self {
        Self {
            rule_id: alert.rule_id,
            zone_id: alert.zone_id,
            kind: word(alert.kind),
            severity: word(alert.severity),
            class: word(alert.class),
            began_at: time(alert.began_at_us),
        }
    }
}

fn word<T: Word>(number: i32) -> Option<T> {
    i16::try_from(number).ok().and_then(T::word)
}

fn counts(objects: &BTreeMap<i32, u32>) -> Vec<ClassCount> {
    let known = objects.iter().filter_map(|(class, count)| Some((word::<RoadUserClass>(*class)?, *count)));
    known.map(|(class, count)| ClassCount { class, count }).collect()
}

fn time(micros: i64) -> String {
    Timestamp::from_microsecond(micros).unwrap_or_default().to_string()
}

/// Where live states are. Without one, nothing is known of any camera, and the answer is not "unknown".
fn store(state: &ApiState) -> Result<&LiveStore, Problem> {
    state.live.as_ref().ok_or_else(|| {
        let detail = "`redis.url` is not configured: the live state of cameras is not known here";
        Problem::conflict(Code::LiveStateNotConfigured, "", detail)
    })
}

fn failed(error: &live::LiveError) -> Problem {
    tracing::debug!(error = %chain(error), "live states cannot be read");
    let detail = "the live state of cameras cannot be read now; try again";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, Code::LiveStateUnavailable, detail)
        .retry_after(Duration::from_secs(1))
}

/// What these cameras show.
pub(super) async fn read(state: &ApiState, cameras: Vec<Asked>) -> Result<Vec<LiveCamera>, Problem> {
    let ids: Vec<String> = cameras.iter().map(|camera| camera.camera_id.clone()).collect();
    let seen = store(state)?.read(&ids).await.map_err(|error| failed(&error))?;
    Ok(cameras.into_iter().zip(seen).map(|(camera, seen)| LiveCamera::new(camera, seen)).collect())
}

/// What one camera shows; also if nothing is known of it.
pub(super) async fn read_one(state: &ApiState, camera: Asked) -> Result<LiveCamera, Problem> {
    read(state, vec![camera]).await?.pop().ok_or_else(Problem::internal)
}

/// The cameras of which something is known, in the order of their ids.
pub(super) async fn known(state: &ApiState, after: &str, limit: usize) -> Result<Vec<String>, Problem> {
    store(state)?.cameras(after, limit).await.map_err(|error| failed(&error))
}

impl LiveCamera {
    pub(super) fn is_known(&self) -> bool {
        self.state != LiveState::Unknown
    }

    pub(super) fn camera_id(&self) -> &str {
        &self.camera_id
    }
}
