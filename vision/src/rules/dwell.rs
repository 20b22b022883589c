//! The rule "a road user stays in a zone".

use super::codec::{StateError, StateReader, StateWriter};
use super::judge::{Judge, watched};
use super::judgement::Finding;
use super::observation::FrameTracks;
use super::place::Zone;
use super::visits::{Needed, VisitSettings, Visits};
use crate::road_user::RoadUserClass;

/// One judgement for each visit of a confirmed track to the zone that lasts for some time.
#[derive(Debug, Clone)]
pub struct Dwell {
    settings: VisitSettings,
    visits: Visits,
}

impl Dwell {
    /// If `classes` is empty, the rule is for all vulnerable road users. Visits end as for [`super::Presence`].
    pub fn new(zone: Zone, at_least_us: i64, cooldown_us: i64, classes: &[RoadUserClass]) -> Self {
        let needed = Needed::Time { us: at_least_us };
        let settings = VisitSettings { zone, classes: watched(classes), needed, cooldown_us };
        Self { settings, visits: Visits::default() }
    }

    pub(super) fn has_settings_of(&self, other: &Self) -> bool {
        self.settings == other.settings
    }
}

impl Judge for Dwell {
    fn observe(&mut self, frame: &FrameTracks<'_>, is_alive: &dyn Fn(u64) -> bool, findings: &mut Vec<Finding>) {
        self.visits.observe(&self.settings, frame, is_alive, findings);
    }

    fn finish(&mut self, findings: &mut Vec<Finding>) {
        self.visits.finish(&self.settings, findings);
    }

    fn save(&self, state: &mut StateWriter) {
        self.visits.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.visits = Visits::read(state)?;
        Ok(())
    }
}
