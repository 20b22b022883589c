//! Walkers whose visits and crossings are known in seconds give the same alerts at every frame rate.

use vru_vision::detection::Detection;
use vru_vision::geometry::{Point, Polygon, Rect};
use vru_vision::road_user::RoadUserClass;
use vru_vision::rules::{
    Direction, Dwell, EndReason, FrameStamp, KindName, Line, LineCrossing, Needed, Presence, Progress, Rule, RuleKind,
    RuleSet, Severity, TrackedFrame, Zone,
};
use vru_vision::tracker::{Tracker, TrackerConfig};

const SIZE: (u32, u32) = (1280, 720);
const SECOND_US: i64 = 1_000_000;

/// A way as (second, x, y) of the foot point in pixels, with straight lines between.
type Way = &'static [(f64, f64, f64)];

/// The zone is the part of the picture to the right of 640, the line its left edge from 300 to 700.
const WAYS: [Way; 4] = [
    // Two visits of 20 s, 20 s apart: in at 12 s, out at 32 s, in at 52 s, out at 72 s.
    &[
        (0.0, 400.0, 600.0),
        (12.0, 640.0, 600.0),
        (22.0, 840.0, 600.0),
        (32.0, 640.0, 600.0),
        (42.0, 440.0, 600.0),
        (52.0, 640.0, 600.0),
        (62.0, 840.0, 600.0),
        (72.0, 640.0, 600.0),
        (82.0, 440.0, 600.0),
    ],
    // A visit of 6 s: too short for a stay.
    &[(10.0, 540.0, 400.0), (15.0, 640.0, 400.0), (18.0, 700.0, 400.0), (21.0, 640.0, 400.0), (26.0, 540.0, 400.0)],
    // Never inside.
    &[(0.0, 100.0, 500.0), (80.0, 300.0, 500.0)],
    // Into the zone around the line, above it: a visit until the end, no crossing.
    &[(30.0, 600.0, 250.0), (32.0, 640.0, 250.0), (38.0, 760.0, 250.0), (90.0, 780.0, 250.0)],
];

/// The rule, the track's number in `WAYS`, what happened, and when the situation began and ended (in seconds).
const WANTED: [(KindName, usize, &str, f64, Option<f64>); 11] = [
    (KindName::Presence, 0, "visit", 12.0, Some(32.0)),
    (KindName::Presence, 0, "visit", 52.0, Some(72.0)),
    (KindName::Presence, 1, "visit", 15.0, Some(21.0)),
    (KindName::Presence, 3, "visit", 32.0, Some(90.0)),
    (KindName::Dwell, 0, "visit", 12.0, Some(32.0)),
    (KindName::Dwell, 0, "visit", 52.0, Some(72.0)),
    (KindName::Dwell, 3, "visit", 32.0, Some(90.0)),
    (KindName::LineCrossing, 0, "in out in out", 12.0, None),
    (KindName::LineCrossing, 1, "in out", 15.0, None),
    (KindName::LineCrossing, 2, "", 0.0, None),
    (KindName::LineCrossing, 3, "", 0.0, None),
];

fn rules() -> RuleSet {
    let point = |x: f64, y: f64| Point { x: x / f64::from(SIZE.0), y: y / f64::from(SIZE.1) };
    let corners = [(640.0, 0.0), (1280.0, 0.0), (1280.0, 720.0), (640.0, 720.0)].map(|(x, y)| point(x, y));
    let zone = Zone { id: "zone".to_owned(), polygon: Polygon::new(corners.to_vec()).unwrap() };
    // Upwards: the right hand is the zone.
    let line = Line::new("edge".to_owned(), point(640.0, 700.0), point(640.0, 300.0)).unwrap();
    let rule = |id: &str, kind| Rule { id: id.to_owned(), severity: Severity::Info, kind };
    let cooldown_us = 5 * SECOND_US;
    RuleSet::new(vec![
        rule("there", RuleKind::Presence(Presence::new(zone.clone(), Needed::Time { us: 200_000 }, cooldown_us, &[]))),
        rule("stays", RuleKind::Dwell(Dwell::new(zone, 10 * SECOND_US, cooldown_us, &[]))),
        rule("crosses", RuleKind::LineCrossing(LineCrossing::new(line, None, &[]))),
    ])
}

/// The box of a walker at this time, 60 pixels wide and 150 high.
fn walker(way: Way, second: f64) -> Option<Rect> {
    let step = way.windows(2).find(|step| (step[0].0..=step[1].0).contains(&second))?;
    let ((from, x, y), (to, to_x, to_y)) = (step[0], step[1]);
    let share = (second - from) / (to - from);
    let (x, y) = ((x + (to_x - x) * share) as f32, (y + (to_y - y) * share) as f32);
    Some(Rect::from_edges(x - 30.0, y - 150.0, x + 30.0, y))
}

/// What a rule found about one walker.
#[derive(Debug, Default)]
struct Found {
    /// Begin and end of each alert, in seconds.
    visits: Vec<(f64, Option<f64>)>,
    directions: Vec<&'static str>,
    crossed_at: Vec<f64>,
}

/// Runs the tracker and the rules over all ways at a frame rate. `lost` tells which frames have no detections.
fn run(fps: i64, lost: impl Fn(i64) -> bool) -> impl Fn(KindName, usize) -> Found {
    let (mut tracker, mut rules) = (Tracker::new(TrackerConfig::default()), rules());
    let start_us = 1_700_000_000 * SECOND_US;
    let mut judgements = Vec::new();
    let mut walkers = Vec::new();
    for frame in 0..=90 * fps {
        let us = frame * SECOND_US / fps;
        let second = us as f64 / 1e6;
        let seen: Vec<(usize, Rect)> =
            WAYS.iter().enumerate().filter_map(|(number, way)| Some((number, walker(way, second)?))).collect();
        let seen = if lost(frame) { Vec::new() } else { seen };
        let detections: Vec<Detection> =
            seen.iter().map(|&(_, rect)| Detection::new(rect, RoadUserClass::Pedestrian, 0.9)).collect();
        let tracked = tracker.update(start_us + us, &detections);
        walkers.extend(tracked.iter().map(|object| (object.track_id, seen[object.detection].0)));
        let objects: Vec<_> = tracked
            .iter()
            .map(|object| (object.track_id, object.state, object.class, seen[object.detection].1))
            .collect();
        let stamp = FrameStamp { sequence: frame as u64, captured_at_us: start_us + us };
        let frame = TrackedFrame { stamp, source_width: SIZE.0, source_height: SIZE.1, objects: &objects };
        judgements.extend(rules.observe(&frame, |track| tracker.is_alive(track)));
    }
    judgements.extend(rules.finish(EndReason::StreamEnded));
    let seconds = move |us: i64| (us - start_us) as f64 / 1e6;
    move |kind, number| {
        let mut found = Found::default();
        for judgement in judgements.iter().filter(|judgement| judgement.kind == kind) {
            let finding = &judgement.finding;
            if !walkers.contains(&(finding.track_ids[0], number)) {
                continue;
            }
            match (finding.direction, finding.progress) {
                (Some(direction), _) => {
                    found.directions.push(if direction == Direction::In { "in" } else { "out" });
                    found.crossed_at.push(seconds(finding.frame.captured_at_us));
                }
                (None, Progress::Raised) => found.visits.push((seconds(finding.began_at_us), None)),
                (None, Progress::Ended) => {
                    let open =
                        found.visits.iter_mut().find(|(began, _)| (began - seconds(finding.began_at_us)).abs() < 1e-9);
                    open.expect("an end follows its alert").1 = finding.ended_at_us.map(seconds);
                }
            }
        }
        found
    }
}

fn assert_wanted(name: &str, found: impl Fn(KindName, usize) -> Found, tolerance: f64) {
    let near = |one: f64, other: f64| (one - other).abs() <= tolerance;
    for kind in [KindName::Presence, KindName::Dwell] {
        for number in 0..WAYS.len() {
            let wanted: Vec<_> = WANTED.iter().filter(|wanted| wanted.0 == kind && wanted.1 == number).collect();
            let visits = found(kind, number).visits;
            assert_eq!(visits.len(), wanted.len(), "{name}: {kind:?} of walker {number}: {visits:?}");
            for (visit, &&(.., began, ended)) in visits.iter().zip(&wanted) {
                let ended = ended.unwrap_or_default();
                let holds = near(visit.0, began) && visit.1.is_some_and(|found| near(found, ended));
                assert!(holds, "{name}: {kind:?} of walker {number}: {visit:?}, not {began} to {ended}");
            }
        }
    }
    for &(kind, number, directions, first, _) in WANTED.iter().filter(|wanted| wanted.0 == KindName::LineCrossing) {
        let crossings = found(kind, number);
        assert_eq!(crossings.directions.join(" "), directions, "{name}: walker {number}");
        assert!(crossings.crossed_at.first().is_none_or(|at| near(*at, first)), "{name}: {crossings:?}");
    }
}

#[test]
fn alerts_are_the_same_at_every_frame_rate() {
    for fps in [1, 5, 10, 25] {
        assert_wanted(&format!("{fps} fps"), run(fps, |_| false), 1.0 / fps as f64 + 1e-6);
    }
}

#[test]
fn frames_without_detections_change_no_alert() {
    for fps in [5, 10, 25] {
        // Half a second in every three: nobody is detected.
        let lost = |frame: i64| frame % (3 * fps) >= 3 * fps - fps / 2;
        assert_wanted(&format!("{fps} fps with gaps"), run(fps, lost), 0.5 + 2.0 / fps as f64);
    }
}
