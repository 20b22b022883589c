mod past;
mod privacy;
mod takeover;

use std::collections::BTreeMap;

use vru_proto::v1;
use vru_vision::detection::Detection;
use vru_vision::geometry::Rect;
use vru_vision::road_user::RoadUserClass;

use super::*;
use crate::metrics;
use crate::test_support::{fake_model, live_frame};

const MIN_FRAMES: u32 = 3;

fn camera() -> v1::CameraConfig {
    let corner = |x, y| v1::Point { x, y };
    v1::CameraConfig {
        id: "cam".to_owned(),
        zones: vec![v1::Zone {
            id: "everywhere".to_owned(),
            polygon: vec![corner(0.0, 0.0), corner(1.0, 0.0), corner(1.0, 1.0), corner(0.0, 1.0)],
            ..Default::default()
        }],
        rules: vec![v1::Rule {
            id: "rule".to_owned(),
            severity: v1::Severity::Critical.into(),
            kind: Some(v1::rule::Kind::ZonePresence(v1::ZonePresence {
                zone_id: "everywhere".to_owned(),
                min_frames: MIN_FRAMES,
                cooldown_seconds: Some(1.0),
                ..Default::default()
            })),
        }],
        ..Default::default()
    }
}

fn analysis(config: Option<&v1::CameraConfig>) -> CameraAnalysis {
    CameraAnalysis::new(config, AnalysisSettings::of(fake_model()))
}

fn walker(step: u64) -> Detection {
    let rect = Rect { left: 20.0 + step as f32 * 2.0, top: 20.0, width: 20.0, height: 50.0 };
    Detection::new(rect, RoadUserClass::Pedestrian, 0.9)
}

/// Feeds the frames `range` of a walk and returns the result of each.
fn walk(analysis: &mut CameraAnalysis, range: std::ops::Range<u64>) -> Vec<(v1::FrameDetections, Vec<v1::Alert>)> {
    range
        .map(|sequence| {
            let frame = live_frame("cam", 1, sequence);
            analysis.observe(&frame, &[walker(sequence)], None, v1::StageTimings::default())
        })
        .collect()
}

fn track_ids(results: &[(v1::FrameDetections, Vec<v1::Alert>)]) -> Vec<u64> {
    results.iter().flat_map(|(message, _)| message.objects.iter().map(|object| object.track_id)).collect()
}

fn alerts(results: &[(v1::FrameDetections, Vec<v1::Alert>)]) -> Vec<v1::Alert> {
    results.iter().flat_map(|(_, alerts)| alerts.clone()).collect()
}

#[test]
fn a_road_user_in_a_zone_raises_one_alert_with_a_snapshot() {
    let mut analysis = analysis(Some(&camera()));
    let results = walk(&mut analysis, 0..20);
    let alerts = alerts(&results);
    assert_eq!(alerts.len(), 1, "{alerts:#?}");
    let ids = track_ids(&results);
    assert_eq!(ids.len(), 20);
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let alert = &alerts[0];
    assert_eq!(alert.track_ids, [ids[0]]);
    assert_eq!((alert.rule_id.as_str(), alert.zone_id.as_str()), ("rule", "everywhere"));
    assert_eq!(alert.severity(), v1::Severity::Critical);
    assert_eq!(alert.snapshot, live_frame("cam", 1, 0).payload);
    // The date in the key is the frame's, not today's: the sink must compute the same key whenever it writes.
    assert_eq!(alert.snapshot_key, format!("snapshots/2023-11-14/cam/{}.jpg", alert.id));
    assert_eq!(alert.clip_key, format!("clips/2023-11-14/cam/{}.mp4", alert.id));
    vru_proto::validate::read_alert(prost::Message::encode_to_vec(alert).into()).unwrap();
}

#[test]
fn an_object_carries_its_zones_and_the_key_of_its_alerts_snapshot() {
    let mut analysis = analysis(Some(&camera()));
    let results = walk(&mut analysis, 0..20);
    let alert = alerts(&results).remove(0);
    for (message, _) in &results {
        assert_eq!(
            (message.zone_ids.as_slice(), message.objects[0].zones.as_slice()),
            (&["everywhere".to_owned()][..], &[0][..])
        );
        let raised_here = message.frame_id == alert.frame_id;
        assert_eq!(message.objects[0].snapshot_key, if raised_here { alert.snapshot_key.as_str() } else { "" });
        vru_proto::validate::read_detections(prost::Message::encode_to_vec(message).into()).unwrap();
    }
    analysis.configure(None);
    let (message, _) = walk(&mut analysis, 20..21).remove(0);
    assert!(message.zone_ids.is_empty() && message.objects[0].zones.is_empty());
}

#[test]
fn a_frame_without_objects_still_gives_a_message() {
    let mut analysis = analysis(None);
    let frame = live_frame("cam", 1, 0);
    let (message, alerts) = analysis.observe(&frame, &[], None, v1::StageTimings::default());
    assert!(message.objects.is_empty() && alerts.is_empty());
    assert_eq!(message.frame_id, frame.id);
    vru_proto::validate::read_detections(prost::Message::encode_to_vec(&message).into()).unwrap();
}

/// The walker as a real model finds it: the box jumps.
fn unsteady(sequence: u64) -> Detection {
    let jump = [0.0, 4.0, -3.0, 1.0, -4.0, 2.0, 3.0][(sequence % 7) as usize];
    let Detection { rect, class, score, .. } = walker(sequence);
    Detection::new(Rect { left: rect.left + jump, width: rect.width + jump, ..rect }, class, score)
}

fn walk_unsteadily(analysis: &mut CameraAnalysis, range: std::ops::Range<u64>) -> Vec<v1::FrameDetections> {
    let observe = |sequence| {
        let frame = live_frame("cam", 1, sequence);
        // Missed now and then.
        let seen = [unsteady(sequence)];
        let detections = if sequence % 11 == 10 { &[][..] } else { &seen };
        let message = analysis.observe(&frame, detections, None, v1::StageTimings::default()).0;
        v1::FrameDetections { ingested_at_us: 0, inferred_at_us: 0, timings: None, ..message }
    };
    range.map(observe).collect()
}

#[test]
fn a_published_box_is_steadier_than_the_models() {
    let (mut published_off, mut detected_off) = (0.0, 0.0);
    for (sequence, message) in (0..30).zip(walk_unsteadily(&mut analysis(None), 0..30)) {
        let Some(object) = message.objects.first() else { continue };
        let (shown, detected) = (object.r#box.unwrap(), unsteady(sequence).rect);
        if sequence == 0 {
            assert_eq!(shown, box_to_wire(&detected), "nothing is known of the motion yet");
        }
        if sequence >= 10 {
            published_off += (shown.left - walker(sequence).rect.left).abs();
            detected_off += (detected.left - walker(sequence).rect.left).abs();
        }
    }
    assert!(published_off < 0.8 * detected_off, "{published_off} instead of {detected_off} pixels");
}

#[test]
fn a_new_session_starts_with_new_tracks() {
    let mut analysis = analysis(Some(&camera()));
    walk(&mut analysis, 0..10);
    let frame = live_frame("cam", 2, 0);
    let (message, _) = analysis.observe(&frame, &[walker(10)], None, v1::StageTimings::default());
    assert_eq!(message.objects[0].track_state(), v1::TrackState::Tentative);
}

#[test]
fn new_rules_apply_at_once_and_tracks_stay() {
    let mut analysis = analysis(None);
    let before = walk(&mut analysis, 0..10);
    analysis.configure(Some(&camera()));
    let after = walk(&mut analysis, 10..20);
    assert_eq!(track_ids(&before)[0], track_ids(&after)[9]);
    let raised = alerts(&after);
    assert_eq!(raised.len(), 1);
    assert_eq!(raised[0].frame_id.as_ref().unwrap().sequence, 9 + u64::from(MIN_FRAMES));
    analysis.configure(Some(&camera()));
    assert!(alerts(&walk(&mut analysis, 20..30)).is_empty(), "setting the same rules must not raise the alert again");
}

/// A detection that is in the left half of the picture in every other period of 40 frames (4 s), and in the right half otherwise.
fn commuter(sequence: u64) -> Detection {
    let left = if (sequence / 40).is_multiple_of(2) { 30.0 } else { 60.0 };
    let rect = Rect { left, top: 20.0, width: 40.0, height: 60.0 };
    Detection::new(rect, RoadUserClass::Pedestrian, 0.9)
}

/// Rules about the left half of the picture and the line along its edge.
fn left_half() -> v1::CameraConfig {
    use v1::rule::Kind;
    let corner = |x, y| v1::Point { x, y };
    let polygon = vec![corner(0.0, 0.0), corner(0.4, 0.0), corner(0.4, 1.0), corner(0.0, 1.0)];
    let rule = |id: &str, kind| v1::Rule { id: id.to_owned(), severity: v1::Severity::Info.into(), kind: Some(kind) };
    let presence = v1::ZonePresence { zone_id: "left".to_owned(), cooldown_seconds: Some(1.0), ..Default::default() };
    let dwell =
        v1::Dwell { zone_id: "left".to_owned(), seconds: 2.0, cooldown_seconds: Some(1.0), ..Default::default() };
    let crossing = v1::LineCrossing { line_id: "edge".to_owned(), ..Default::default() };
    v1::CameraConfig {
        id: "cam".to_owned(),
        zones: vec![v1::Zone { id: "left".to_owned(), polygon, ..Default::default() }],
        lines: vec![v1::Line {
            id: "edge".to_owned(),
            points: vec![corner(0.4, 1.0), corner(0.4, 0.0)],
            ..Default::default()
        }],
        rules: vec![
            rule("present", Kind::ZonePresence(presence)),
            rule("stays", Kind::Dwell(dwell)),
            rule("crosses", Kind::LineCrossing(crossing)),
        ],
        ..Default::default()
    }
}

fn commute(analysis: &mut CameraAnalysis, range: std::ops::Range<u64>) -> Vec<(v1::FrameDetections, Vec<v1::Alert>)> {
    let observe = |sequence| {
        let frame = live_frame("cam", 1, sequence);
        analysis.observe(&frame, &[commuter(sequence)], None, v1::StageTimings::default())
    };
    range.map(observe).collect()
}

/// Each alert that was raised with the reasons of its ends.
fn lives(alerts: &[v1::Alert]) -> BTreeMap<String, Vec<v1::EndReason>> {
    let mut lives: BTreeMap<String, Vec<v1::EndReason>> = BTreeMap::new();
    for alert in alerts.iter().filter(|alert| !alert.is_crossing()) {
        if alert.is_end() {
            let life = lives.get_mut(&alert.id);
            life.unwrap_or_else(|| panic!("an end without an alert: {alert:#?}")).push(alert.end_reason());
        } else {
            assert!(lives.insert(alert.id.clone(), Vec::new()).is_none(), "raised twice: {alert:#?}");
        }
    }
    lives
}

#[test]
fn each_visit_is_an_alert_of_its_own_with_an_end_and_each_crossing_is_one_record() {
    let mut analysis = analysis(Some(&left_half()));
    // Left for 4 s, right for 4 s, left, right.
    let alerts = alerts(&commute(&mut analysis, 0..160));
    let of = |rule: &str, state: v1::AlertState| -> Vec<&v1::Alert> {
        alerts.iter().filter(|alert| alert.rule_id == rule && alert.state() == state).collect()
    };
    for rule in ["present", "stays"] {
        let (raised, ended) = (of(rule, v1::AlertState::Raised), of(rule, v1::AlertState::Ended));
        assert_eq!((raised.len(), ended.len()), (2, 2), "{rule}: {alerts:#?}");
        assert_ne!(raised[0].id, raised[1].id);
        for (occurrence, (raised, ended)) in raised.iter().zip(&ended).enumerate() {
            assert_eq!((raised.id.as_str(), raised.occurrence), (ended.id.as_str(), occurrence as u32));
            assert_eq!((&raised.frame_id, raised.captured_at_us), (&ended.frame_id, ended.captured_at_us));
            assert_eq!((&raised.snapshot_key, &raised.clip_key), (&ended.snapshot_key, &ended.clip_key));
            assert!(!raised.snapshot.is_empty() && ended.snapshot.is_empty());
            assert_eq!((raised.ended_at_us, ended.ended_at_us - ended.began_at_us), (0, 3_900_000));
        }
    }
    let crossings = of("crosses", v1::AlertState::Raised);
    assert_eq!(crossings.iter().map(|alert| alert.direction().word()).collect::<Vec<_>>(), ["in", "out", "in"]);
    for crossing in crossings {
        assert_eq!((crossing.zone_id.as_str(), crossing.line_id.as_str()), ("", "edge"));
        assert!(crossing.is_crossing() && crossing.clip_key.is_empty() && crossing.snapshot.is_empty());
        assert_eq!(crossing.ended_at_us, crossing.captured_at_us);
    }
    for alert in &alerts {
        vru_proto::validate::read_alert(prost::Message::encode_to_vec(alert).into()).unwrap();
    }
}

#[test]
fn what_goes_on_ends_with_the_session_and_with_the_file() {
    let ends = |alerts: &[v1::Alert]| -> Vec<(String, u64, i64)> {
        let ended = alerts.iter().filter(|alert| alert.is_end());
        let of =
            |alert: &v1::Alert| (alert.rule_id.clone(), alert.frame_id.as_ref().unwrap().session, alert.ended_at_us);
        ended.map(of).collect()
    };
    let last_us = live_frame("cam", 1, 29).captured_at_us;
    let wanted = [("present".to_owned(), 1, last_us), ("stays".to_owned(), 1, last_us)];
    let mut analysis = analysis(Some(&left_half()));
    commute(&mut analysis, 0..30);
    let next = live_frame("cam", 2, 0);
    let (_, alerts) = analysis.observe(&next, &[], None, v1::StageTimings::default());
    assert_eq!(ends(&alerts), wanted);

    let mut analysis = self::analysis(Some(&left_half()));
    commute(&mut analysis, 0..29);
    let last = v1::Frame { end_of_stream: true, ..live_frame("cam", 1, 29) };
    let (_, alerts) = analysis.observe(&last, &[commuter(29)], None, v1::StageTimings::default());
    assert_eq!(ends(&alerts), wanted);

    let mut analysis = self::analysis(Some(&left_half()));
    commute(&mut analysis, 0..30);
    let marker = v1::Frame { end_of_stream: true, payload: bytes::Bytes::new(), ..live_frame("cam", 1, 30) };
    let (message, alerts) = analysis.end(&marker);
    assert!(message.objects.is_empty());
    assert_eq!(ends(&alerts), wanted);
}

#[test]
fn an_end_repeats_what_the_alert_said_although_the_rule_is_another_one() {
    let mut analysis = analysis(Some(&left_half()));
    let results = commute(&mut analysis, 0..30);
    let last = &results.last().unwrap().0;
    vru_proto::validate::read_detections(prost::Message::encode_to_vec(last).into()).unwrap();
    let raised = alerts(&results);
    assert_eq!((raised.len(), last.open_alerts.len()), (2, 2));
    for end in ends(last, EndReason::CameraRemoved) {
        let alert = raised.iter().find(|alert| alert.id == end.id).unwrap();
        let bare = |alert: &v1::Alert| v1::Alert {
            emitted_at_us: 0,
            snapshot: bytes::Bytes::new(),
            state: 0,
            ended_at_us: 0,
            end_reason: 0,
            ..alert.clone()
        };
        assert_eq!(bare(&end), bare(alert));
        assert_eq!((end.ended_at_us, end.end_reason()), (last.captured_at_us, v1::EndReason::CameraRemoved));
    }
}
