use super::*;
use crate::rules::{Dwell, KindName, Needed, Place, Presence};
use Progress::{Ended, Raised};

const SECOND: i64 = 1_000_000;

fn presence(us: i64) -> RuleKind {
    RuleKind::Presence(Presence::new(right_half(), Needed::Time { us }, SECOND, &[]))
}

fn frames(frames: u32) -> RuleKind {
    RuleKind::Presence(Presence::new(right_half(), Needed::Frames(frames), SECOND, &[]))
}

fn dwell(seconds: i64) -> RuleKind {
    RuleKind::Dwell(Dwell::new(right_half(), seconds * SECOND, SECOND, &[]))
}

#[test]
fn a_visit_is_judged_once_when_it_is_long_enough() {
    let mut camera = Camera::new(vec![presence(200_000)]);
    let found = camera.see_often(6, &[inside(1)]);
    assert_eq!(found.len(), 1);
    let (frame, finding) = &found[0];
    assert_eq!((*frame, finding.progress, &finding.place), (2, Raised, &Place::Zone("right".to_owned())));
    assert_eq!(finding.frame.captured_at_us - finding.began_at_us, 200_000);
    assert_eq!((finding.ended_at_us, finding.occurrence), (None, 0));
    assert_eq!(finding.rect, inside(1).3);
}

#[test]
fn a_visit_ends_after_the_cooldown_and_the_end_repeats_the_judgement() {
    let mut camera = Camera::new(vec![presence(0)]);
    let raised = camera.see(&[inside(1)]).remove(0);
    camera.see_often(4, &[inside(1)]);
    let last_inside_us = camera.now.captured_at_us;
    let ended = camera.see_often(20, &[outside(1)]);
    assert_eq!(ended.len(), 1);
    // Longer than a second after the last frame inside.
    assert_eq!(ended[0].0, 10);
    let end_reason = Some(EndReason::Left);
    let wanted = Finding { progress: Ended, ended_at_us: Some(last_inside_us), end_reason, ..raised.finding };
    assert_eq!(ended[0].1, wanted);
}

#[test]
fn a_return_within_the_cooldown_is_the_same_visit_and_a_later_one_is_another() {
    let mut camera = Camera::new(vec![presence(0)]);
    assert_eq!(summary(&camera.see(&[inside(1)])), [(Raised, 1, 0)]);
    camera.see_often(8, &[outside(1)]);
    assert!(camera.see_often(5, &[inside(1)]).is_empty());
    assert_eq!(camera.see_often(30, &[outside(1)]).len(), 1);
    assert_eq!(summary(&camera.see(&[inside(1)])), [(Raised, 1, 1)]);
    camera.see_often(30, &[outside(1)]);
    assert_eq!(summary(&camera.see(&[inside(1)])), [(Raised, 1, 2)]);
}

#[test]
fn a_moment_outside_and_frames_without_a_detection_do_not_interrupt_a_stay() {
    let mut camera = Camera::new(vec![dwell(2)]);
    camera.see_often(5, &[inside(1)]);
    for gap in [vec![outside(1)], vec![], vec![outside(1)]] {
        assert!(camera.see_often(4, &gap).is_empty());
        assert!(camera.see(&[inside(1)]).is_empty());
    }
    // 2 s after the first frame.
    let found = camera.see_often(5, &[inside(1)]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1.frame.captured_at_us - found[0].1.began_at_us, 2 * SECOND);
}

#[test]
fn a_stay_that_is_interrupted_begins_anew() {
    let mut camera = Camera::new(vec![dwell(2)]);
    camera.see_often(15, &[inside(1)]);
    camera.see_often(7, &[outside(1)]);
    assert!(camera.see_often(20, &[inside(1)]).is_empty());
    assert_eq!(camera.see_often(2, &[inside(1)]).len(), 1);
}

#[test]
fn a_visit_ends_with_its_track_and_with_the_session() {
    let mut camera = Camera::new(vec![presence(0), dwell(1)]);
    camera.see_often(12, &[inside(1), inside(DEAD)]);
    let last_us = camera.now.captured_at_us;
    // The second track's state ends with the frame after each: it is not alive. The first one's goes on.
    let ended = camera.rules.finish(EndReason::StreamEnded);
    assert_eq!(summary(&ended)[0], (Ended, 1, 0));
    assert!(ended.iter().all(|judgement| judgement.finding.ended_at_us == Some(last_us)));
    assert_eq!(ended.iter().map(|judgement| judgement.kind).filter(|kind| *kind == KindName::Dwell).count(), 1);
    assert!(camera.rules.finish(EndReason::StreamEnded).is_empty());
    let mut camera = Camera::new(vec![presence(0)]);
    camera.see(&[inside(DEAD)]);
    assert_eq!(summary(&camera.see(&[])), [(Ended, DEAD, 0)]);
    assert!(camera.rules.finish(EndReason::StreamEnded).is_empty(), "no state is left");
}

#[test]
fn a_rule_in_frames_counts_consecutive_frames() {
    for gap in [vec![outside(1)], vec![]] {
        let mut camera = Camera::new(vec![frames(3)]);
        assert!(camera.see_often(2, &[inside(1)]).is_empty());
        assert!(camera.see(&gap).is_empty());
        let found = camera.see_often(5, &[inside(1)]);
        assert_eq!(found.iter().map(|(frame, _)| *frame).collect::<Vec<_>>(), [2]);
    }
}

#[test]
fn tentative_tracks_and_other_classes_are_not_judged() {
    let class = |(id, state, _, rect): Seen, class| (id, state, class, rect);
    let tentative = |(id, _, class, rect): Seen| (id, TrackState::Tentative, class, rect);
    let cyclists = Presence::new(right_half(), Needed::Time { us: 0 }, SECOND, &[RoadUserClass::Cyclist]);
    let mut camera = Camera::new(vec![RuleKind::Presence(cyclists)]);
    let cyclist = class(inside(3), RoadUserClass::Cyclist);
    let judged = camera.see(&[inside(1), tentative(class(inside(2), RoadUserClass::Cyclist)), cyclist]);
    assert_eq!(summary(&judged), [(Raised, 3, 0)]);
    let mut vulnerable = Camera::new(vec![presence(0)]);
    assert!(vulnerable.see(&[class(inside(4), RoadUserClass::Car)]).is_empty());
}

#[test]
fn the_time_as_a_tentative_track_counts() {
    let mut camera = Camera::new(vec![presence(200_000)]);
    let (id, _, class, rect) = inside(1);
    camera.see_often(3, &[(id, TrackState::Tentative, class, rect)]);
    let found = camera.see(&[inside(1)]);
    assert_eq!(found[0].finding.frame.captured_at_us - found[0].finding.began_at_us, 300_000);
}

#[test]
fn a_foot_point_below_or_beside_the_picture_is_judged_at_its_edge() {
    let mut camera = Camera::new(vec![presence(0)]);
    assert_eq!(camera.see(&[at(1, 70.0, 130.0)]).len(), 1);
    assert_eq!(camera.see(&[at(2, 103.0, 100.0)]).len(), 1);
    assert!(camera.see(&[at(3, 30.0, 130.0)]).is_empty());
}

#[test]
fn replacing_rules_keeps_the_state_of_an_unchanged_rule_and_ends_what_the_others_judged() {
    let mut camera = Camera::new(vec![presence(100_000)]);
    camera.see(&[inside(1)]);
    camera.rules.replace(vec![rule(presence(100_000))], EndReason::RuleChanged);
    assert_eq!(summary(&camera.see(&[inside(1)])), [(Raised, 1, 0)]);
    camera.rules.replace(vec![rule(presence(100_000)), rule(dwell(60))], EndReason::RuleChanged);
    assert!(camera.see(&[inside(1)]).is_empty());
    camera.rules.replace(vec![rule(presence(300_000))], EndReason::RuleChanged);
    assert_eq!(summary(&camera.see(&[])), [(Ended, 1, 0)]);
    camera.rules.replace(Vec::new(), EndReason::RuleChanged);
    assert!(!camera.rules.is_empty(), "the track may come back");
    camera.rules.finish(EndReason::StreamEnded);
    assert!(camera.rules.is_empty());
}
