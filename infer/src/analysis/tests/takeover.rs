//! Another worker takes a camera over.

use super::*;

fn without_rules() -> v1::CameraConfig {
    v1::CameraConfig { rules: Vec::new(), ..left_half() }
}

/// The rules of `left_half`, with another severity, and about another zone.
fn changed_rules() -> [v1::CameraConfig; 2] {
    let mut severe = left_half();
    severe.rules.iter_mut().for_each(|rule| rule.severity = v1::Severity::Warning.into());
    let mut moved = left_half();
    moved.zones[0].polygon.iter_mut().for_each(|corner| corner.y = corner.y.min(0.9));
    [severe, moved]
}

/// What tells alerts apart, without the time of sending.
fn told(alerts: &[v1::Alert]) -> Vec<v1::Alert> {
    alerts.iter().map(|alert| v1::Alert { emitted_at_us: 0, snapshot: bytes::Bytes::new(), ..alert.clone() }).collect()
}

/// Boxes and states to the bit, although only the last two frames are read back.
#[test]
fn a_worker_that_takes_over_at_any_frame_publishes_the_same_messages() {
    let undisturbed = walk_unsteadily(&mut analysis(Some(&camera())), 0..60);
    for takeover in 2..60 {
        let mut second = analysis(Some(&camera()));
        second.replay(&undisturbed[takeover - 2..takeover].iter().collect::<Vec<_>>());
        let continued = walk_unsteadily(&mut second, takeover as u64..60);
        for (one, other) in continued.iter().zip(&undisturbed[takeover..]) {
            assert_eq!(one, other, "taken over at {takeover}");
        }
    }
}

#[test]
fn a_trackers_state_of_another_version_is_counted_and_the_detections_restore_the_track() {
    let mut published = walk_unsteadily(&mut analysis(None), 0..20);
    let id = published[19].objects[0].track_id;
    published[19].tracker_state[0] = 200;
    let lost = || metrics::TRACKER_STATES_LOST.with_label_values(&["cam", "version"]).get();
    let before = lost();
    let mut second = analysis(None);
    second.replay(&published.iter().collect::<Vec<_>>());
    assert_eq!(lost(), before + 1);
    let next = walk_unsteadily(&mut second, 20..21).remove(0);
    assert_eq!((next.objects[0].track_id, next.objects[0].track_state()), (id, v1::TrackState::Confirmed));
}

#[test]
fn a_worker_that_takes_over_keeps_the_track_ids_and_raises_no_alert_again() {
    let mut first = analysis(Some(&camera()));
    let before = walk(&mut first, 0..30);
    let undisturbed = walk(&mut first, 30..40);

    let mut second = analysis(Some(&camera()));
    // The second worker reads back only the last 20 frames: the track began before them.
    second.replay(&before[10..].iter().map(|(message, _)| message).collect::<Vec<_>>());
    let taken_over = walk(&mut second, 30..40);
    assert_eq!(track_ids(&taken_over), track_ids(&undisturbed));
    assert!(alerts(&taken_over).is_empty());
}

/// A worker may take over at any frame, and reads back only the last frames: how long a stay lasts and how many visits there were is in
/// the state that they carry.
#[test]
fn rules_go_on_when_another_worker_takes_over_at_any_frame() {
    let undisturbed = commute(&mut analysis(Some(&left_half())), 0..160);
    for takeover in 3..160 {
        let published: Vec<&v1::FrameDetections> =
            undisturbed[takeover.max(12) - 12..takeover].iter().map(|(message, _)| message).collect();
        let mut second = analysis(Some(&left_half()));
        second.replay(&published);
        let continued = commute(&mut second, takeover as u64..160);
        assert_eq!(track_ids(&continued), track_ids(&undisturbed[takeover..]), "taken over at {takeover}");
        let (found, wanted) = (told(&alerts(&continued)), told(&alerts(&undisturbed[takeover..])));
        assert_eq!(found, wanted, "taken over at {takeover}");
    }
}

#[test]
fn a_state_of_another_version_is_counted_and_what_the_detections_tell_is_restored() {
    let mut published: Vec<v1::FrameDetections> =
        commute(&mut analysis(Some(&left_half())), 0..20).into_iter().map(|(message, _)| message).collect();
    published[19].rule_state[0] = 200;
    let lost = || metrics::RULE_STATES_LOST.with_label_values(&["cam", "version"]).get();
    let before = lost();
    let mut second = analysis(Some(&left_half()));
    second.replay(&published.iter().collect::<Vec<_>>());
    assert_eq!(lost(), before + 1);
    let alerts = alerts(&commute(&mut second, 20..40));
    assert!(alerts.iter().all(|alert| alert.rule_id != "present"), "presence was judged before: {alerts:#?}");
    assert_eq!(alerts.iter().filter(|alert| alert.rule_id == "stays").count(), 1);
}

/// The commuter is in the zone from frame 0 to 39, 80 to 119. Whatever changes in frame 20, and whoever continues there: each alert ends once.
#[test]
fn each_alert_ends_once_whatever_changes_and_whoever_takes_over() {
    let [severe, moved] = changed_rules();
    let changes: [(&str, Option<v1::CameraConfig>, v1::EndReason); 4] = [
        ("severity", Some(severe), v1::EndReason::RuleChanged),
        ("zone", Some(moved), v1::EndReason::RuleChanged),
        ("rules", Some(without_rules()), v1::EndReason::RuleChanged),
        ("camera", None, v1::EndReason::CameraRemoved),
    ];
    for (what, config, reason) in changes {
        for (takes_over, readable, between) in
            [(false, true, false), (false, true, true), (true, true, false), (true, false, false)]
        {
            let place = format!("{what}, other worker {takes_over}, readable {readable}, between frames {between}");
            let mut analysis = analysis(Some(&left_half()));
            let mut results = commute(&mut analysis, 0..20);
            let mut between_frames = Vec::new();
            if takes_over {
                let mut last: Vec<v1::FrameDetections> = results.iter().map(|(message, _)| message.clone()).collect();
                if !readable {
                    last[19].rule_state[0] = 200;
                }
                analysis = self::analysis(config.as_ref());
                analysis.replay(&last[8..].iter().collect::<Vec<_>>());
            } else {
                analysis.configure(config.as_ref());
            }
            if between {
                between_frames = analysis.take_ended();
                assert_eq!(between_frames.len(), 1, "{place}");
            }
            results.extend(commute(&mut analysis, 20..160));
            let marker = v1::Frame { end_of_stream: true, payload: bytes::Bytes::new(), ..live_frame("cam", 1, 160) };
            let (_, last) = analysis.end(&marker);
            let mut alerts = alerts(&results[..20]);
            alerts.extend(between_frames);
            alerts.extend(self::alerts(&results[20..]));
            alerts.extend(last);
            let lives = lives(&alerts);
            assert!(lives.values().all(|ends| ends.len() == 1), "{place}: {lives:?}");
            // A zone that moved goes on in another worker, which does not know the old corners.
            let first = alerts.iter().find(|alert| alert.is_raised()).unwrap();
            let wanted = if takes_over && what == "zone" { v1::EndReason::Left } else { reason };
            assert_eq!(lives[&first.id], [wanted], "{place}");
            for alert in &alerts {
                vru_proto::validate::read_alert(prost::Message::encode_to_vec(alert).into()).unwrap();
            }
        }
    }
}

/// A rule that is new since another worker died is judged by what comes, and not silenced by what was replayed.
#[test]
fn a_rule_that_is_new_after_a_takeover_raises_its_alert() {
    let before = commute(&mut analysis(Some(&without_rules())), 0..30);
    let mut second = analysis(Some(&left_half()));
    second.replay(&before.iter().map(|(message, _)| message).collect::<Vec<_>>());
    let raised: Vec<String> = alerts(&commute(&mut second, 30..35)).into_iter().map(|alert| alert.rule_id).collect();
    assert_eq!(raised, ["present", "stays"]);
}
