//! The rule "a road user is in a zone".

use super::place::Zone;
use super::visits::{Needed, ZoneVisits};
use crate::road_user::RoadUserClass;

/// One judgement for each visit of a confirmed track to the zone.
#[derive(Debug, Clone)]
pub struct Presence(pub(super) ZoneVisits);

impl Presence {
    /// If `classes` is empty, the rule is for all vulnerable road users. A judged visit ends when the track was not seen inside for longer
    /// than `cooldown_us`, or ends itself; what follows is another visit.
    pub fn new(zone: Zone, needed: Needed, cooldown_us: i64, classes: &[RoadUserClass]) -> Self {
        Self(ZoneVisits::new(zone, needed, cooldown_us, classes))
    }
}
