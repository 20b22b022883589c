//! The rule "a road user is in a zone".

use super::codec::{StateError, StateReader, StateWriter};
use super::judge::{Judge, watched};
use super::judgement::Finding;
use super::observation::FrameTracks;
use super::place::Zone;
use super::visits::{Needed, VisitSettings, Visits};
use crate::road_user::RoadUserClass;

/// One judgement for each visit of a confirmed track to the zone.
#[derive(Debug, Clone)]
pub struct Presence {
    settings: VisitSettings,
    visits: Visits,
}

impl Presence {
    /// If `classes` is empty, the rule is for all vulnerable road users. A judged visit ends when the track was not seen inside for longer
    /// than `cooldown_us`, or ends itself; what follows is another visit.
    pub fn new(zone: Zone, needed: Needed, cooldown_us: i64, classes: &[RoadUserClass]) -> Self {
        let settings = VisitSettings { zone, classes: watched(classes), needed, cooldown_us };
        Self { settings, visits: Visits::default() }
    }

    pub(super) fn has_settings_of(&self, other: &Self) -> bool {
        self.settings == other.settings
    }
}

impl Judge for Presence {
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
