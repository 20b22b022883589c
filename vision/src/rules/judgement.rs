//! What rules find.

use super::observation::FrameStamp;
use super::place::Place;
use crate::geometry::Rect;
use crate::road_user::RoadUserClass;

/// The name of a kind. Saved states hold the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KindName {
    Presence = 1,
    Dwell = 2,
    LineCrossing = 3,
}

/// The severity of a judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Info,
    /// A person should look at it.
    Warning,
    /// A person should act.
    Critical,
}

/// How a line was crossed, for somebody who stands at its first point and looks to its second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the left hand to the right hand.
    In,
    Out,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Progress {
    Raised,
    /// The situation of a judgement that was raised before is over. Everything else is equal to that judgement.
    Ended,
}

/// A situation to which a rule applies: the content of an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    pub rule_id: String,
    pub kind: KindName,
    pub severity: Severity,
    pub finding: Finding,
}

/// The part of a judgement that the kind of the rule decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub progress: Progress,
    pub place: Place,
    /// For rules about two zones or lines.
    pub other_place: Option<Place>,
    /// For lines.
    pub direction: Option<Direction>,
    /// The road users that it is about; the first is the one in `rect`.
    pub track_ids: Vec<u64>,
    /// How many judgements about these tracks the rule has raised before.
    pub occurrence: u32,
    pub class: RoadUserClass,
    /// The road user's box, in pixels of the camera's picture.
    pub rect: Rect,
    /// The frame in which the rule applied.
    pub frame: FrameStamp,
    /// Capture time at which the situation began.
    pub began_at_us: i64,
    /// Capture time at which it was seen last; none while it goes on.
    pub ended_at_us: Option<i64>,
}
