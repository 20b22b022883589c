//! What rules raise live, they raise again in the frames as they are stored.

use rand::Rng as _;
use rand::rngs::StdRng;
use vru_proto::v1::rule::Kind;
use vru_rules::wire::class_from_wire;
use vru_rules::{PastFrame, replay, rules};
use vru_runtime::test_util::seeded_rng;

use super::*;

const STEPS: u64 = 600;

/// Zones and lines across the middle of the picture, where everybody passes, with rules of each kind.
fn street() -> v1::CameraConfig {
    let corner = |x, y| v1::Point { x, y };
    let zone = v1::Zone {
        id: "middle".to_owned(),
        polygon: vec![corner(0.35, 0.0), corner(0.65, 0.0), corner(0.65, 1.0), corner(0.35, 1.0)],
        ..Default::default()
    };
    let line =
        v1::Line { id: "kerb".to_owned(), points: vec![corner(0.5, 0.0), corner(0.5, 1.0)], ..Default::default() };
    let (zone_id, line_id) = (zone.id.clone(), line.id.clone());
    let kinds = vec![
        Kind::ZonePresence(v1::ZonePresence { zone_id: zone_id.clone(), min_frames: 4, ..Default::default() }),
        Kind::ZonePresence(v1::ZonePresence {
            zone_id: zone_id.clone(),
            cooldown_seconds: Some(0.0),
            ..Default::default()
        }),
        Kind::Dwell(v1::Dwell { zone_id, seconds: 1.5, cooldown_seconds: Some(0.3), ..Default::default() }),
        Kind::LineCrossing(v1::LineCrossing { line_id: line_id.clone(), ..Default::default() }),
        Kind::LineCrossing(v1::LineCrossing {
            line_id,
            direction: v1::CrossingDirection::In.into(),
            ..Default::default()
        }),
    ];
    let rule = |(at, kind)| v1::Rule { id: format!("rule-{at}"), kind: Some(kind), ..Default::default() };
    v1::CameraConfig {
        id: "cam".to_owned(),
        zones: vec![zone],
        lines: vec![line],
        rules: kinds.into_iter().enumerate().map(rule).collect(),
        ..Default::default()
    }
}

/// People who stroll to and fro across the middle, whose boxes jump and who are missed now and then.
struct People(Vec<(f32, f32)>);

impl People {
    fn step(&mut self, rng: &mut StdRng, width: f32) -> Vec<Detection> {
        let mut seen = Vec::new();
        for (row, (x, pace)) in self.0.iter_mut().enumerate() {
            if rng.random_bool(0.03) {
                *pace = -*pace;
            }
            *x = (*x + *pace).clamp(0.1 * width, 0.9 * width);
            if rng.random_bool(0.06) {
                continue;
            }
            let mut jump = || rng.random_range(-0.02..0.02) * width;
            let rect = Rect {
                left: *x + jump(),
                top: 4.0 + 30.0 * row as f32 + jump() / 4.0,
                width: 0.07 * width + jump(),
                height: 25.0 + jump() / 4.0,
            };
            seen.push(Detection::new(rect, RoadUserClass::Pedestrian, 0.9));
        }
        seen
    }
}

/// A frame as the database has it.
fn stored(message: &v1::FrameDetections, box_of: fn(&v1::DetectedObject) -> v1::Box) -> PastFrame {
    let id = message.frame_id.as_ref().unwrap();
    let object = |object: &v1::DetectedObject| {
        let v1::Box { left, top, width, height } = box_of(object);
        let confirmed = object.track_state() == v1::TrackState::Confirmed;
        let state = if confirmed { TrackState::Confirmed } else { TrackState::Tentative };
        (object.track_id, state, class_from_wire(object.class()).unwrap(), Rect { left, top, width, height })
    };
    PastFrame {
        session: id.session,
        stamp: FrameStamp { sequence: id.sequence, captured_at_us: message.captured_at_us },
        source_size: (message.source_width, message.source_height),
        max_lost_us: message.counting.as_ref().map(|counting| counting.max_gap_us.into()),
        end_of_stream: message.end_of_stream,
        objects: message.objects.iter().map(object).collect(),
    }
}

/// Rule, session, capture time and track of each alert that is raised, in this order.
type Raised = Vec<(String, u64, i64, u64)>;

fn judged(frames: &[PastFrame]) -> Raised {
    let mut found: Vec<(u64, Judgement)> = Vec::new();
    replay(&rules(&street()), frames, || true, |session, judgement| found.push((session, judgement))).unwrap();
    let name = |(session, judgement): &(u64, Judgement)| {
        let finding = &judgement.finding;
        (judgement.rule_id.clone(), *session, finding.frame.captured_at_us, finding.track_ids[0])
    };
    let mut raised: Raised = found.iter().map(name).collect();
    raised.sort();
    raised
}

#[test]
fn stored_frames_give_the_alerts_that_were_raised_live_and_smoothed_boxes_do_not() {
    let mut rng = seeded_rng("rules of the past");
    let mut analysis = analysis(Some(&street()));
    let (mut live, mut messages): (Raised, Vec<v1::FrameDetections>) = (Vec::new(), Vec::new());
    for session in 1..=3 {
        let mut people = People(Vec::new());
        for sequence in 0..STEPS {
            let frame = live_frame("cam", session, sequence);
            let width = frame.source_width as f32;
            if people.0.len() < 4 && rng.random_bool(0.02) {
                people.0.push((rng.random_range(0.2..0.8) * width, rng.random_range(0.005..0.02) * width));
            }
            if rng.random_bool(0.005) {
                people.0.pop();
            }
            // In the end nobody is there any more, so that both have judged everything.
            let over = session == 3 && sequence > STEPS - 40;
            let seen = if over { Vec::new() } else { people.step(&mut rng, width) };
            let (message, alerts) = analysis.observe(&frame, &seen, None, v1::StageTimings::default());
            messages.push(message);
            let raised = alerts.iter().filter(|alert| alert.state() == v1::AlertState::Raised);
            live.extend(raised.map(|alert| {
                let session = alert.frame_id.as_ref().unwrap().session;
                (alert.rule_id.clone(), session, alert.captured_at_us, alert.track_ids[0])
            }));
        }
    }
    live.sort();
    assert!(live.len() > 60, "{} alerts", live.len());
    for rule in street().rules {
        assert!(live.iter().any(|(id, ..)| *id == rule.id), "{} raised nothing", rule.id);
    }
    let with = |box_of| -> Vec<PastFrame> { messages.iter().map(|message| stored(message, box_of)).collect() };
    assert_eq!(judged(&with(|object| object.found.unwrap())), live);
    // What made an earlier version miss alerts.
    assert_ne!(judged(&with(|object| object.r#box.unwrap())), live);
}
