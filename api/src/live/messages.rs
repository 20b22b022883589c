//! What the server says as text.

use axum::extract::ws::Utf8Bytes;
use jiff::Timestamp;
use serde::Serialize;
use vru_live::wishes::InvalidWishes;
use vru_live::{CameraState, Rendition, ViewerRate};

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ServerMessage<'a> {
    /// What is watched from now on. Also when that changes because permissions changed.
    Watching { cameras: Vec<Watching<'a>> },
    /// A camera sends frames again, or none any more.
    State {
        camera_id: &'a str,
        state: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<String>,
    },
    /// The client is slow: it skips.
    Rate {
        camera_id: &'a str,
        rendition: Rendition,
        /// The time that the numbers are about.
        seconds: f64,
        delivered: u64,
        skipped: u64,
        per_second: f64,
    },
    /// What the client sent has no effect, or the feed ends.
    Error {
        code: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        field: Option<&'a str>,
        detail: &'a str,
    },
}

#[derive(Debug, Serialize)]
pub(super) struct Watching<'a> {
    pub(super) camera_id: &'a str,
    pub(super) rendition: Rendition,
    pub(super) status: Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Watching,
    /// There is no such camera for this person or key.
    NotFound,
}

impl<'a> ServerMessage<'a> {
    pub(super) fn state(camera_id: &'a str, state: CameraState) -> Self {
        let (state, since) = match state {
            CameraState::Live => ("live", None),
            CameraState::Silent { since_us } => {
                ("silent", Some(Timestamp::from_microsecond(since_us).unwrap_or_default().to_string()))
            }
        };
        Self::State { camera_id, state, since }
    }

    pub(super) fn rate(rate: &'a ViewerRate, seconds: f64) -> Self {
        let rounded = |number: f64| (number * 100.0).round() / 100.0;
        Self::Rate {
            camera_id: rate.camera.as_str(),
            rendition: rate.rendition,
            seconds: rounded(seconds),
            delivered: rate.taken,
            skipped: rate.skipped,
            per_second: rounded(rate.taken as f64 / seconds.max(0.001)),
        }
    }

    pub(super) fn invalid(wrong: &'a InvalidWishes) -> Self {
        let field = Some(wrong.field.as_str()).filter(|field| !field.is_empty());
        Self::Error { code: "invalid_message", field, detail: &wrong.detail }
    }

    pub(super) fn text(&self) -> Utf8Bytes {
        // Its fields are texts and numbers: nothing can fail.
        serde_json::to_string(self).unwrap_or_default().into()
    }
}
