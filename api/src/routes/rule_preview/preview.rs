//! The answer.

use std::collections::HashSet;

use serde::Serialize;
use utoipa::ToSchema;

use crate::words::{AlertKind, Direction, RoadUserClass, Severity};

/// What the rules would have raised.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RulePreview {
    /// The time that was asked for.
    #[schema(format = DateTime)]
    pub from: String,
    #[schema(format = DateTime)]
    pub to: String,
    /// How many analysed frames were judged. If it is 0, nobody knows what would have been raised.
    pub frames: usize,
    /// Capture time of the first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub first_frame: Option<String>,
    /// Capture time of the last of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub last_frame: Option<String>,
    /// How long the camera was watched in the frames that were judged, in seconds. What happened in the rest of the time is not known.
    pub watched_seconds: f64,
    /// There were more frames or road users than are judged at once; the newest were judged, from `first_frame` on.
    pub truncated: bool,
    /// Frames that could not be judged: an older version has stored them, without the boxes by which rules judge.
    pub unjudged_frames: usize,
    /// Each rule, in the order in which they were sent.
    pub rules: Vec<RuleCount>,
    /// The newest of them, at most 100, the newest first.
    pub alerts: Vec<PreviewedAlert>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RuleCount {
    pub rule_id: String,
    /// How many alerts it would have raised.
    pub alerts: usize,
}

/// An alert that would have been raised.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PreviewedAlert {
    pub rule_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<AlertKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<RoadUserClass>,
    /// Of crossings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// Capture time of the frame in which it would have been raised.
    #[schema(format = DateTime)]
    pub at: String,
    /// Whom it is about.
    #[schema(example = "camera_0k4.1700000000000000.4097")]
    pub track_id: String,
    /// Whether an alert that was raised took a picture of the track: then it is at `…/tracks/{track_id}/snapshot`.
    pub has_snapshot: bool,
    /// Where they stood, as a fraction of the picture's width from its left edge: the middle of the bottom edge of their box.
    pub x: f64,
    /// Of its height, from the top.
    pub y: f64,
}

impl RulePreview {
    /// Says which of the tracks have a picture.
    pub fn set_pictures(&mut self, tracks: &HashSet<String>) {
        for alert in &mut self.alerts {
            alert.has_snapshot = tracks.contains(&alert.track_id);
        }
    }
}
