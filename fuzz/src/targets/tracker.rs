//! The saved state of a tracker, which inference reads back from its own topic.

use vru_vision::detection::Detection;
use vru_vision::geometry::Rect;
use vru_vision::road_user::RoadUserClass;
use vru_vision::rules::FrameStamp;
use vru_vision::tracker::{Tracker, TrackerConfig};

use super::check_error;

const NOW: FrameStamp = FrameStamp { sequence: 1000, captured_at_us: 1_700_000_000_000_000 };

/// A state that is accepted survives saving and restoring, and the tracker goes on with it.
pub(crate) fn state(case: &[u8]) {
    let mut tracker = Tracker::new(TrackerConfig::default());
    let before = tracker.save(NOW, |track| track);
    let published = match tracker.restore(case, NOW) {
        Ok(published) => published,
        Err(error) => {
            check_error(&error);
            assert_eq!(tracker.save(NOW, |track| track), before, "a refused state changed something");
            return;
        }
    };
    let id = |track| published.iter().find(|(id, _)| *id == track).map_or(0, |(_, published)| *published);
    let saved = tracker.save(NOW, id);
    let mut again = Tracker::new(TrackerConfig::default());
    again.restore(&saved, NOW).unwrap_or_else(|error| panic!("{error} in {saved:?}"));
    assert_eq!(again.save(NOW, id), saved);
    let detection = Detection::new(Rect::from_edges(60.0, 20.0, 70.0, 50.0), RoadUserClass::Pedestrian, 0.9);
    for frame in 1..4 {
        again.update(NOW.captured_at_us + frame * 100_000, &[detection]);
    }
}
