//! Rules: what a camera's operator wants to be told.
//!
//! A rule sees the tracks of each analysed frame, in order, and answers with judgements. It knows neither pictures nor
//! models nor clocks.

mod zone_presence;

use std::collections::HashSet;

pub use zone_presence::ZonePresence;

use crate::geometry::{Polygon, Rect};
use crate::road_user::RoadUserClass;
use crate::tracker::TrackedObject;

/// How much a judgement matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know.
    Info,
    /// To be looked at.
    Warning,
    /// To be acted on.
    Critical,
}

/// A part of the picture with a name.
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
    /// Width of the camera's own picture, in which the boxes are.
    pub source_width: u32,
    /// Height of the camera's own picture.
    pub source_height: u32,
    /// Every road user seen in the frame, confirmed or not.
    pub objects: &'a [TrackedObject],
}

/// What a rule found.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The rule.
    pub rule_id: String,
    /// The zone.
    pub zone_id: String,
    /// How much it matters.
    pub severity: Severity,
    /// The road user's track.
    pub track_id: u64,
    /// Where the road user was, in pixels of the camera's own picture.
    pub rect: Rect,
    /// What the road user is.
    pub class: RoadUserClass,
}

/// The rules of one camera's session.
#[derive(Debug, Default)]
pub struct RuleSet {
    zone_presence: Vec<ZonePresence>,
}

impl RuleSet {
    /// From the rules of a camera.
    pub fn new(zone_presence: Vec<ZonePresence>) -> Self {
        Self { zone_presence }
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.zone_presence.is_empty()
    }

    /// Takes the next analysed frame in; the judgements are in the order of rules and tracks. `is_alive` says whether a
    /// track may come back ([`crate::tracker::Tracker::is_alive`]): the others are forgotten.
    pub fn observe(&mut self, frame: &FrameTracks<'_>, is_alive: impl Fn(u64) -> bool) -> Vec<Judgement> {
        let mut judgements = Vec::new();
        for rule in &mut self.zone_presence {
            rule.observe(frame, &is_alive, &mut judgements);
        }
        judgements
    }

    /// Replaces the rules while the camera runs. A rule that stays as it was keeps what it knows, so that nothing is judged
    /// twice.
    pub fn replace(&mut self, zone_presence: Vec<ZonePresence>) {
        let mut old = std::mem::take(&mut self.zone_presence);
        let mut taken = HashSet::new();
        self.zone_presence = zone_presence
            .into_iter()
            .map(|new| match old.iter().position(|old| old.same_rule(&new)) {
                Some(at) if taken.insert(at) => std::mem::replace(&mut old[at], new),
                _ => new,
            })
            .collect();
    }
}
