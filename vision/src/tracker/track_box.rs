//! What the association needs to know of a track.

use crate::appearance::Look;
use crate::geometry::Rect;
use crate::road_user::RoadUserClass;

/// A track without a detection so far, with its predicted box.
#[derive(Debug, Clone, Copy)]
pub(super) struct TrackBox {
    pub index: usize,
    pub rect: Rect,
    /// Where it was when it was detected last.
    pub last_seen: Rect,
    pub class: RoadUserClass,
    /// Whether the track is a bicycle or motorcycle that nobody rides.
    pub is_riderless: bool,
    pub look: Option<Look>,
}
