//! What rules see of a frame.

use crate::frame_stamp::FrameStamp;
use crate::geometry::{Point, Rect};
use crate::road_user::RoadUserClass;
use crate::tracker::TrackState;

/// The tracks of one analysed frame, as the caller knows them.
#[derive(Debug, Clone, Copy)]
pub struct TrackedFrame<'a> {
    pub stamp: FrameStamp,
    /// Width of the camera's picture, in whose pixels the boxes are.
    pub source_width: u32,
    /// Height of the camera's picture.
    pub source_height: u32,
    /// Every road user detected in the frame, confirmed or not: its track id, state and class, and the box of this frame's detection.
    pub objects: &'a [(u64, TrackState, RoadUserClass, Rect)],
}

/// The same frame, as rules see it.
#[derive(Debug, Clone, Copy)]
pub struct FrameTracks<'a> {
    pub stamp: FrameStamp,
    pub source_width: u32,
    pub source_height: u32,
    /// In the order of their track ids.
    pub objects: &'a [TrackObservation],
}

/// A road user in one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackObservation {
    pub track_id: u64,
    pub state: TrackState,
    pub class: RoadUserClass,
    /// The box of this frame's detection, in pixels of the camera's picture.
    pub rect: Rect,
    /// Its foot point, inside the picture.
    pub foot: Point,
    /// None in the first frame of the track.
    pub motion: Option<Motion>,
}

/// Where the track was seen before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Motion {
    pub from: Point,
    pub from_us: i64,
}

impl TrackObservation {
    pub(super) fn is_confirmed(&self) -> bool {
        self.state == TrackState::Confirmed
    }
}
