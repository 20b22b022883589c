//! What rules would have raised in frames that were analysed before.

use std::collections::HashMap;

use vru_vision::geometry::Rect;
use vru_vision::road_user::RoadUserClass;
use vru_vision::rules::{EndReason, FrameStamp, Judgement, Progress, Rule, RuleSet, TrackedFrame};
use vru_vision::tracker::TrackState;

/// A frame as inference judged it.
#[derive(Debug, Clone, PartialEq)]
pub struct PastFrame {
    pub session: u64,
    pub stamp: FrameStamp,
    pub source_size: (u32, u32),
    /// For how long the tracker kept a track that it did not find; `None` if that is not known.
    pub max_lost_us: Option<i64>,
    /// The last frame of a file.
    pub end_of_stream: bool,
    /// The track's id, its state, its class and the box that the model found, of each road user.
    pub objects: Vec<(u64, TrackState, RoadUserClass, Rect)>,
}

/// Where it is not known: the tracker's default. What depends on it is only when something is raised at the end of a track, not whether.
const LOST_US: i64 = 2_000_000;

/// Tells what these rules raise in the frames of one camera, each with its session; the frames are in the order of their sessions and, in
/// each, of their sequence numbers. It is what inference would have raised with the same rules, except for visits that began before the first
/// frame: they begin with it. `None` if `go_on` says before some frame that it takes too long.
pub fn replay(
    rules: &[Rule],
    frames: &[PastFrame],
    mut go_on: impl FnMut() -> bool,
    mut raised: impl FnMut(u64, Judgement),
) -> Option<()> {
    for session in frames.chunk_by(|one, next| one.session == next.session) {
        let last_seen = last_seen(session);
        let mut judge = RuleSet::new(rules.to_vec());
        let Some(last) = session.last() else { continue };
        // Rules may raise more than there is room for.
        let mut tell = |judged: Vec<Judgement>| {
            let new = judged.into_iter().filter(|judgement| judgement.finding.progress == Progress::Raised);
            new.for_each(|judgement| raised(last.session, judgement));
        };
        for &PastFrame { stamp, source_size: (source_width, source_height), max_lost_us, ref objects, .. } in session {
            if !go_on() {
                return None;
            }
            let is_alive = |track| {
                last_seen.get(&track).is_some_and(|last| {
                    let lost_us = stamp.captured_at_us.saturating_sub(last.captured_at_us);
                    last.sequence >= stamp.sequence || lost_us <= max_lost_us.unwrap_or(LOST_US)
                })
            };
            let frame = TrackedFrame { stamp, source_width, source_height, objects };
            tell(judge.observe(&frame, is_alive));
        }
        // Who was on a line when the session ended has crossed it. The newest session goes on.
        if last.end_of_stream {
            tell(judge.finish(EndReason::StreamEnded));
        } else if frames.last().is_some_and(|newest| newest.session != last.session) {
            tell(judge.finish(EndReason::SessionEnded));
        }
    }
    Some(())
}

/// In which frame each track was found last.
fn last_seen(session: &[PastFrame]) -> HashMap<u64, FrameStamp> {
    let tracks = session.iter().flat_map(|frame| frame.objects.iter().map(|&(track, ..)| (track, frame.stamp)));
    tracks.collect()
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
            max_lost_us: None,
            end_of_stream: false,
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

    fn judged(rules: &[Rule], frames: &[PastFrame]) -> Vec<(u64, Judgement)> {
        let mut raised = Vec::new();
        replay(rules, frames, || true, |session, judgement| raised.push((session, judgement))).unwrap();
        raised
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
        let found = judged(&config(vec![("stay", dwell(2.0))]), &frames);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].0, &*found[0].1.rule_id, &found[0].1.finding.track_ids[..]), (1, "stay", &[7][..]));
        assert_eq!(found[0].1.finding.frame.captured_at_us, 1_000_000 + 2_000_000);
        assert!(judged(&config(vec![("stay", dwell(6.0))]), &frames).is_empty(), "nobody stayed for 6 s");
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
        let found = judged(&config(all.to_vec()), &frames);
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
        assert!(judged(&config(vec![("both", crossing(v1::CrossingDirection::Unspecified))]), &all).is_empty());
    }

    #[test]
    fn who_comes_back_after_a_gap_stays_the_same_visit() {
        let mut places: Vec<Vec<(u64, f32)>> = vec![vec![(7, 80.0)]; 10];
        places.extend(vec![Vec::new(); 10]);
        places.extend(vec![vec![(7, 80.0)]; 10]);
        let frames = frames(1, &slices(&places));
        assert_eq!(judged(&config(vec![("stay", dwell(2.5))]), &frames).len(), 1);
        assert_eq!(judged(&config(vec![("stay", dwell(0.5))]), &frames).len(), 1, "one visit, one alert");
    }

    #[test]
    fn who_is_on_a_line_when_the_stream_ends_has_crossed_it() {
        // One pixel beyond the line is no more than the trembling of a box that is not tall.
        let places: Vec<Vec<(u64, f32)>> = (0..6).map(|at| vec![(3, 45.5 + at as f32)]).collect();
        let rules = config(vec![("both", crossing(v1::CrossingDirection::Unspecified))]);
        let mut frames = frames(1, &slices(&places));
        assert!(judged(&rules, &frames).is_empty(), "the session goes on");
        frames[5].end_of_stream = true;
        assert_eq!(judged(&rules, &frames).len(), 1);
    }

    #[test]
    fn a_track_that_is_lost_for_longer_than_the_tracker_keeps_it_has_ended() {
        let places: Vec<Vec<(u64, f32)>> = (0..6).map(|at| vec![(3, 45.5 + at as f32)]).collect();
        let rules = config(vec![("both", crossing(v1::CrossingDirection::Unspecified))]);
        let mut frames = frames(1, &slices(&[places, vec![Vec::new(); 15]].concat()));
        assert!(judged(&rules, &frames).is_empty(), "the tracker may find it again");
        for frame in &mut frames {
            frame.max_lost_us = Some(1_000_000);
        }
        assert_eq!(judged(&rules, &frames).len(), 1);
    }

    #[test]
    fn it_ends_without_a_result_when_it_takes_too_long() {
        let frames = frames(1, &[&[(1, 80.0)], &[(1, 80.0)]]);
        let mut left = 2;
        let mut go_on = || {
            left -= 1;
            left > 0
        };
        assert_eq!(replay(&config(vec![("stay", dwell(0.1))]), &frames, &mut go_on, |_, _| ()), None);
    }

    #[test]
    fn nothing_comes_of_no_frames_or_no_rules() {
        assert!(judged(&config(vec![("stay", dwell(0.1))]), &[]).is_empty());
        assert!(judged(&[], &frames(1, &[&[(1, 80.0)]])).is_empty());
    }
}
