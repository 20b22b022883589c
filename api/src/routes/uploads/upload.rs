//! An upload as answers have it.

use std::time::SystemTime;

use axum::http::HeaderValue;
use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde::Serialize;
use utoipa::ToSchema;
use vru_storage::uploads::{self, State};

use crate::http::Problem;
use crate::routes::text::time;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Upload {
    id: String,
    site_id: String,
    name: String,
    state: UploadState,
    /// Size of the file.
    bytes: i64,
    /// How many of them the service has.
    received_bytes: i64,
    #[schema(format = DateTime)]
    created_at: String,
    /// While it is `receiving`: it is removed then, unless more comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// When the state changed last.
    #[schema(format = DateTime)]
    changed_at: String,
    /// Capture time of the first frame.
    #[schema(format = DateTime)]
    start_time: String,
    /// The camera that shows the file: its tracks, alerts and counts are those of the file. Absent before all bytes are there.
    #[serde(skip_serializing_if = "Option::is_none")]
    camera_id: Option<String>,
    /// How many frames are analysed and stored.
    frames: i64,
    /// How many frames the file has, with those that cannot be decoded; absent before it is `done`.
    #[serde(skip_serializing_if = "Option::is_none")]
    frames_total: Option<i64>,
    /// How many frames the container announces, by its length and rate: an estimate. Absent if it does not tell, or before the first frames
    /// are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    frames_estimate: Option<i64>,
    /// Which share of the state's work is done, 0 to 1: bytes while it is `receiving`, frames while it is `analysing`, there by
    /// `frames_estimate` and below 1. Absent when nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<f64>,
    /// Why it is `failed`, or for what it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// What is missing in its frames: it was cut off, or parts of it cannot be decoded. Absent if nothing is known to be missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    damage: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum UploadState {
    /// Bytes are missing.
    Receiving,
    /// All bytes are there, and it is looked what they are.
    Checking,
    /// It waits to be analysed.
    Queued,
    Analysing,
    /// All frames are analysed, and what was found in them is stored.
    Done,
    Failed,
    Cancelled,
}

impl From<uploads::Upload> for Upload {
    fn from(upload: uploads::Upload) -> Self {
        let receiving = upload.state == State::Receiving;
        let progress = progress(&upload);
        Self {
            id: upload.id,
            site_id: upload.site_id,
            name: upload.name,
            state: match upload.state {
                State::Receiving => UploadState::Receiving,
                State::Checking => UploadState::Checking,
                State::Queued => UploadState::Queued,
                State::Analysing => UploadState::Analysing,
                State::Done => UploadState::Done,
                State::Failed => UploadState::Failed,
                // Those that are deleted are not shown.
                State::Cancelled | State::Deleting => UploadState::Cancelled,
            },
            bytes: upload.length,
            received_bytes: upload.received,
            created_at: time(upload.created_at),
            expires_at: receiving.then(|| time(upload.expires_at)),
            changed_at: time(upload.changed_at),
            start_time: time(upload.start_time),
            camera_id: upload.camera_id,
            frames: upload.frames,
            frames_total: upload.frames_total,
            frames_estimate: upload.frames_estimate,
            progress,
            problem: upload.problem,
            damage: upload.damage,
        }
    }
}

/// Of an estimate at most so much is done before the end is known.
const MOST_OF_ESTIMATE: f64 = 0.99;

fn progress(upload: &uploads::Upload) -> Option<f64> {
    let share = |done: i64, of: i64| (of > 0).then(|| (done as f64 / of as f64).clamp(0.0, 1.0));
    match upload.state {
        State::Receiving => share(upload.received, upload.length),
        State::Queued => Some(0.0),
        State::Analysing => share(upload.frames, upload.frames_estimate?).map(|share| share.min(MOST_OF_ESTIMATE)),
        State::Done => Some(1.0),
        State::Checking | State::Failed | State::Cancelled | State::Deleting => None,
    }
}

/// The upload, for routes that answer with 404.
pub(super) async fn find<C: GenericClient>(client: &C, site_id: &str, id: &str) -> Result<uploads::Upload, Problem> {
    uploads::find(client, site_id, id).await?.ok_or_else(|| Problem::not_found("upload"))
}

/// As `Upload-Expires` has it.
pub(super) fn http_date(time: SystemTime) -> HeaderValue {
    let time = Timestamp::try_from(time).unwrap_or_default();
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&time).unwrap_or_default();
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}
