//! What every kind of rule implements, and the types that rules share.

use std::any::Any;
use std::fmt::Debug;

use crate::geometry::{Polygon, Rect};
use crate::road_user::RoadUserClass;
use crate::tracker::TrackedObject;

/// A rule with its state for one camera's session. It depends on tracks only, not on pictures, models or clocks.
///
/// A new kind of rule is a file with one implementation, and an arm where `infer/src/analysis/rules.rs` reads the camera's
/// configuration.
pub trait Rule: Any + Debug + Send {
    /// Processes the next analysed frame and appends its judgements, in the order of track ids. `is_alive` tells whether a track
    /// may be detected again ([`crate::tracker::Tracker::is_alive`]); the rule discards its state of all other tracks.
    fn observe(&mut self, frame: &FrameTracks<'_>, is_alive: &dyn Fn(u64) -> bool, judgements: &mut Vec<Judgement>);

    /// Whether `other` is the same kind of rule with the same settings. The state is not compared.
    fn same_rule(&self, other: &dyn Rule) -> bool;
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

/// A named part of the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// Unique within a camera.
    pub id: String,
    /// In fractions of the picture.
    pub polygon: Polygon,
}

/// The tracks of one analysed frame.
#[derive(Debug, Clone, Copy)]
pub struct FrameTracks<'a> {
    /// Width of the camera's picture, in whose pixels the boxes are.
    pub source_width: u32,
    /// Height of the camera's picture.
    pub source_height: u32,
    /// Every road user detected in the frame, confirmed or not.
    pub objects: &'a [TrackedObject],
}

/// A road user to which a rule applies: the content of an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    pub rule_id: String,
    pub zone_id: String,
    pub severity: Severity,
    pub track_id: u64,
    /// The road user's box, in pixels of the camera's picture.
    pub rect: Rect,
    pub class: RoadUserClass,
}
