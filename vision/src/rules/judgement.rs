//! What rules find.

use super::place::Place;
use crate::frame_stamp::FrameStamp;
use crate::geometry::Rect;
use crate::road_user::RoadUserClass;

/// The name of a kind. Saved states hold the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KindName {
    Presence = 1,
    Dwell = 2,
    LineCrossing = 3,
}

impl KindName {
    /// The kind with this number in saved states.
    pub(super) fn from_number(number: u8) -> Option<Self> {
        [Self::Presence, Self::Dwell, Self::LineCrossing].into_iter().find(|&kind| kind as u8 == number)
    }
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

/// Why the situation of a judgement is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// The road user was not seen inside for longer than the cooldown.
    Left,
    /// The track has ended.
    TrackLost,
    /// The rule, or its place, was changed or removed.
    RuleChanged,
    /// The camera is watched no more.
    CameraRemoved,
    /// The camera sends no frames.
    CameraSilent,
    /// Another session of the camera began.
    SessionEnded,
    /// The video file ended.
    StreamEnded,
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
    /// Only of what has ended.
    pub end_reason: Option<EndReason>,
}

impl Finding {
    /// The same situation, when it is over.
    pub(super) fn ended(self, ended_at_us: i64, reason: Option<EndReason>) -> Self {
        Self { progress: Progress::Ended, ended_at_us: Some(ended_at_us), end_reason: reason, ..self }
    }

    /// The road user by which a rule counts its judgements.
    pub(super) fn subject(&self) -> Option<u64> {
        self.track_ids.first().copied()
    }
}
