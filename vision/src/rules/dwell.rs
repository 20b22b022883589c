//! The rule "a road user stays in a zone".

use super::place::Zone;
use super::visits::{Needed, ZoneVisits};
use crate::road_user::RoadUserClass;

/// One judgement for each visit of a confirmed track to the zone that lasts for some time.
#[derive(Debug, Clone)]
pub struct Dwell(pub(super) ZoneVisits);

impl Dwell {
    /// If `classes` is empty, the rule is for all vulnerable road users. Visits end as for [`super::Presence`].
    pub fn new(zone: Zone, at_least_us: i64, cooldown_us: i64, classes: &[RoadUserClass]) -> Self {
        Self(ZoneVisits::new(zone, Needed::Time { us: at_least_us }, cooldown_us, classes))
    }
}
