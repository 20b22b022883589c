//! The saved state of rules, which inference reads back from its own topic.

use vru_vision::geometry::{Point, Polygon, Rect};
use vru_vision::road_user::RoadUserClass;
use vru_vision::rules::{
    Dwell, EndReason, FrameStamp, Line, LineCrossing, Needed, Presence, Rule, RuleKind, RuleSet, Severity,
    TrackedFrame, Zone,
};
use vru_vision::tracker::TrackState;

use super::check_error;

const NOW: FrameStamp = FrameStamp { sequence: 1000, captured_at_us: 1_700_000_000_000_000 };
const SECOND_US: i64 = 1_000_000;

fn rules() -> RuleSet {
    let corners = [(0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)].map(|(x, y)| Point { x, y });
    let polygon = Polygon::new(corners.to_vec()).expect("a polygon with area");
    let zone = Zone { id: "right".to_owned(), polygon };
    let line = Line::new("gate".to_owned(), corners[0], corners[3]).expect("a line with length");
    let rule = |id: &str, kind| Rule { id: id.to_owned(), severity: Severity::Info, kind };
    RuleSet::new(vec![
        rule("a", RuleKind::Presence(Presence::new(zone.clone(), Needed::Time { us: 0 }, SECOND_US, &[]))),
        rule("b", RuleKind::Dwell(Dwell::new(zone, SECOND_US, SECOND_US, &[]))),
        rule("c", RuleKind::LineCrossing(LineCrossing::new(line, None, &[]))),
    ])
}

/// A state that is accepted survives saving and restoring, and rules judge with it.
pub(crate) fn state(case: &[u8]) {
    let mut rules = rules();
    let before = rules.save(NOW);
    if let Err(error) = rules.restore(case, NOW) {
        check_error(&error);
        assert_eq!(rules.save(NOW), before, "a refused state changed something");
        return;
    }
    let saved = rules.save(NOW);
    let mut again = self::rules();
    again.restore(&saved, NOW).unwrap_or_else(|error| panic!("{error} in {saved:?}"));
    assert_eq!(again.save(NOW), saved);
    let rect = Rect::from_edges(60.0, 20.0, 70.0, 50.0);
    let objects = [(5, TrackState::Confirmed, RoadUserClass::Pedestrian, rect)];
    let frame = TrackedFrame { stamp: NOW, source_width: 100, source_height: 100, objects: &objects };
    again.observe(&frame, |track_id| track_id < 10);
    again.finish(EndReason::StreamEnded);
}
