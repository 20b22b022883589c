//! What the model found of one road user in one frame, as answers have it.

use serde::Serialize;
use utoipa::ToSchema;
use vru_storage::found::Found;

use super::picture::PictureBox;
use crate::words::{RoadUserClass, Word as _};

/// A road user in one frame.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundRoadUser {
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<RoadUserClass>,
    /// Confidence of the model, 0 to 1.
    score: f32,
    /// Whether the tracker was sure of the track by then.
    confirmed: bool,
    #[serde(rename = "box")]
    bounds: PictureBox,
    /// Zones in which it was.
    zones: Vec<String>,
}

impl FoundRoadUser {
    /// `size`: of the picture, in pixels.
    pub(super) fn new(found: Found, size: (i32, i32)) -> Self {
        Self {
            class: RoadUserClass::word(found.class),
            score: found.score,
            confirmed: found.track_state == 2,
            bounds: PictureBox::new(found.bounds, size),
            zones: found.zone_ids,
        }
    }
}
