use vru_proto::v1;
use vru_vision::detection::Detection;
use vru_vision::geometry::Rect;
use vru_vision::road_user::RoadUserClass;

use super::*;
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
    Detection { rect, class: RoadUserClass::Pedestrian, score: 0.9 }
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

#[test]
fn published_boxes_are_those_of_the_model_not_of_the_tracker() {
    let mut analysis = analysis(None);
    let results = walk(&mut analysis, 0..10);
    let wire = results[9].0.objects[0].r#box.unwrap();
    assert_eq!((wire.left, wire.top), (walker(9).rect.left, walker(9).rect.top));
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

#[test]
fn a_worker_that_takes_over_keeps_the_track_ids_and_raises_no_alert_again() {
    let mut first = analysis(Some(&camera()));
    let before = walk(&mut first, 0..30);
    let undisturbed = walk(&mut first, 30..40);

    let mut second = analysis(Some(&camera()));
    // The second worker reads back only the last 20 frames: the track began before them.
    for (message, _) in &before[10..] {
        second.replay(message);
    }
    let taken_over = walk(&mut second, 30..40);
    assert_eq!(track_ids(&taken_over), track_ids(&undisturbed));
    assert!(alerts(&taken_over).is_empty());
}
