//! The result of tracking.

use crate::geometry::Rect;
use crate::road_user::RoadUserClass;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrackState {
    /// Detected in too few frames, or with too low scores.
    Tentative,
    /// Detected in enough frames with high enough scores.
    Confirmed,
}

/// A tracked road user that was detected in the current frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackedObject {
    /// From 1; unique within one tracker.
    pub track_id: u64,
    pub state: TrackState,
    /// Where it is, in pixels of the camera's picture: the detection's box, smoothed by the motion of the track.
    pub rect: Rect,
    /// The most frequent class of the track, with recent frames weighted more.
    pub class: RoadUserClass,
    /// Score of this frame's detection.
    pub score: f32,
    /// Index of this frame's detection in the input.
    pub detection: usize,
}
