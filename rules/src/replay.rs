//! What rules would have raised in frames that were analysed before.

use std::collections::HashMap;

use vru_vision::geometry::Rect;
use vru_vision::road_user::RoadUserClass;
use vru_vision::rules::{FrameStamp, Judgement, Progress, Rule, RuleSet, TrackedFrame};
use vru_vision::tracker::TrackState;

/// A frame as inference judged it.
#[derive(Debug, Clone, PartialEq)]
pub struct PastFrame {
    pub session: u64,
    pub stamp: FrameStamp,
    pub source_size: (u32, u32),
    /// The track's id, its state, its class and the box of each road user.
    pub objects: Vec<(u64, TrackState, RoadUserClass, Rect)>,
}

/// What these rules raise in the frames of one camera, which are in the order of their sessions and, in each, of their sequence numbers. It is
/// what inference would have raised with the same rules, each with its session, except for visits that began before the first frame: they begin with it.
pub fn replay(rules: &[Rule], frames: &[PastFrame]) -> Vec<(u64, Judgement)> {
    let mut last_seen: HashMap<(u64, u64), u64> = HashMap::new();
    for frame in frames {
        for (track_id, ..) in &frame.objects {
            last_seen.insert((frame.session, *track_id), frame.stamp.sequence);
        }
    }
    let mut raised = Vec::new();
    for session in frames.chunk_by(|one, next| one.session == next.session) {
        let mut judge = RuleSet::new(rules.to_vec());
        for &PastFrame { session, stamp, source_size: (source_width, source_height), ref objects } in session {
            // The tracker forgets a track some time after it was seen last; whatever it is until then, it raises nothing more.
            let is_alive = |track| last_seen.get(&(session, track)).is_some_and(|&last| last >= stamp.sequence);
            let frame = TrackedFrame { stamp, source_width, source_height, objects };
            let judgements = judge.observe(&frame, is_alive);
            let new = judgements.into_iter().filter(|judgement| judgement.finding.progress == Progress::Raised);
            raised.extend(new.map(|judgement| (session, judgement)));
        }
    }
    raised
}

#[cfg(test)]
mod tests {
    use vru_proto::v1;
    use vru_proto::v1::rule::Kind;
    use vru_vision::rules::Direction;

    use super::*;
    use crate::rules;

    /// A zone in the right half of the picture, a line in its middle from top to bottom, and a rule of each kind.
    fn config(kinds: Vec<(&str, Kind)>) -> Vec<Rule> {
        let point = |x, y| v1::Point { x, y };
        let zone = v1::Zone {
            id: "right".to_owned(),
            polygon: vec![point(0.5, 0.0), point(1.0, 0.0), point(1.0, 1.0), point(0.5, 1.0)],
            ..Default::default()
        };
        let line =
            v1::Line { id: "middle".to_owned(), points: vec![point(0.5, 0.0), point(0.5, 1.0)], ..Default::default() };
        let rule = |(id, kind): (&str, Kind)| v1::Rule { id: id.to_owned(), kind: Some(kind), ..Default::default() };
        let wanted = kinds.into_iter().map(rule).collect();
        rules(&v1::CameraConfig { zones: vec![zone], lines: vec![line], rules: wanted, ..Default::default() })
    }

    fn dwell(seconds: f64) -> Kind {
        Kind::Dwell(v1::Dwell { zone_id: "right".to_owned(), seconds, ..Default::default() })
    }

    fn crossing(direction: v1::CrossingDirection) -> Kind {
        let mut crossing = v1::LineCrossing { line_id: "middle".to_owned(), ..Default::default() };
        crossing.set_direction(direction);
        Kind::LineCrossing(crossing)
    }

    /// Ten frames a second of a picture of 100 × 100; each road user has one place a frame.
    fn frames(session: u64, places: &[&[(u64, f32)]]) -> Vec<PastFrame> {
        let frame = |(sequence, objects): (usize, &&[(u64, f32)])| PastFrame {
            session,
            stamp: FrameStamp { sequence: sequence as u64, captured_at_us: 1_000_000 + sequence as i64 * 100_000 },
            source_size: (100, 100),
            objects: objects
                .iter()
                .map(|&(track, x)| {
                    let rect = Rect::from_centre(x, 50.0, 4.0, 10.0);
                    (track, TrackState::Confirmed, RoadUserClass::Pedestrian, rect)
                })
                .collect(),
        };
        places.iter().enumerate().map(frame).collect()
    }

    /// Walks from the left to the right, two pixels a frame.
    fn walk(track: u64, count: usize) -> Vec<Vec<(u64, f32)>> {
        (0..count).map(|at| vec![(track, 11.0 + 2.0 * at as f32)]).collect()
    }

    fn slices(places: &[Vec<(u64, f32)>]) -> Vec<&[(u64, f32)]> {
        places.iter().map(Vec::as_slice).collect()
    }

    #[test]
    fn a_stay_is_raised_once_when_it_has_lasted_long_enough() {
        let places: Vec<Vec<(u64, f32)>> = (0..50).map(|_| vec![(7, 80.0)]).collect();
        let frames = frames(1, &slices(&places));
        let found = replay(&config(vec![("stay", dwell(2.0))]), &frames);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].0, &*found[0].1.rule_id, &found[0].1.finding.track_ids[..]), (1, "stay", &[7][..]));
        assert_eq!(found[0].1.finding.frame.captured_at_us, 1_000_000 + 2_000_000);
        assert!(replay(&config(vec![("stay", dwell(6.0))]), &frames).is_empty(), "nobody stayed for 6 s");
    }

    #[test]
    fn a_line_counts_in_its_direction() {
        let places = walk(3, 40);
        let frames = frames(1, &slices(&places));
        let all = [
            ("both", crossing(v1::CrossingDirection::Unspecified)),
            ("in", crossing(v1::CrossingDirection::In)),
            ("out", crossing(v1::CrossingDirection::Out)),
        ];
        let found = replay(&config(all.to_vec()), &frames);
        // From the line's first point, the top, to its second: the right of the picture is at the left hand.
        let ids: Vec<&str> = found.iter().map(|(_, judgement)| &*judgement.rule_id).collect();
        assert_eq!(ids, ["both", "out"]);
        assert_eq!(found[0].1.finding.direction, Some(Direction::Out));
    }

    #[test]
    fn sessions_have_tracks_of_their_own() {
        // Somebody else has the same number in the next session, and is on the other side of the line.
        let (before, after) = (vec![vec![(3, 20.0)]; 5], vec![vec![(3, 80.0)]; 5]);
        let mut all = frames(1, &slices(&before));
        all.extend(frames(2, &slices(&after)));
        assert!(replay(&config(vec![("both", crossing(v1::CrossingDirection::Unspecified))]), &all).is_empty());
    }

    #[test]
    fn who_comes_back_after_a_gap_stays_the_same_visit() {
        let mut places: Vec<Vec<(u64, f32)>> = vec![vec![(7, 80.0)]; 10];
        places.extend(vec![Vec::new(); 10]);
        places.extend(vec![vec![(7, 80.0)]; 10]);
        let frames = frames(1, &slices(&places));
        assert_eq!(replay(&config(vec![("stay", dwell(2.5))]), &frames).len(), 1);
        assert_eq!(replay(&config(vec![("stay", dwell(0.5))]), &frames).len(), 1, "one visit, one alert");
    }

    #[test]
    fn nothing_comes_of_no_frames_or_no_rules() {
        assert!(replay(&config(vec![("stay", dwell(0.1))]), &[]).is_empty());
        assert!(replay(&[], &frames(1, &[&[(1, 80.0)]])).is_empty());
    }
}
