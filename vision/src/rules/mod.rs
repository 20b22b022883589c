//! Rules: the situations in which a camera's operator wants an alert.
//!
//! A rule receives the tracks of each analysed frame, in order, and returns judgements. It judges by capture times and by the foot point
//! of the frame's own detection, so that its meaning depends neither on the frame rate nor on the tracker's smoothing.
//!
//! A new kind of rule is a file with an implementation of [`judge::Judge`], and a variant of [`RuleKind`].

mod dwell;
mod judge;
mod judgement;
mod line_crossing;
mod observation;
mod past;
mod paths;
mod place;
mod presence;
mod rule;
mod rule_set;
#[cfg(test)]
mod tests;
mod visits;

pub use crate::frame_stamp::FrameStamp;
pub use crate::state_codec::StateError;
pub use dwell::Dwell;
pub use judgement::{Direction, EndReason, Finding, Judgement, KindName, Progress, Severity};
pub use line_crossing::LineCrossing;
pub use observation::{FrameTracks, Motion, TrackObservation, TrackedFrame};
pub use place::{Line, LineError, Place, Zone};
pub use presence::Presence;
pub use rule::{Rule, RuleKind};
pub use rule_set::RuleSet;
pub use visits::Needed;
