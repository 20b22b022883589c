use super::*;
use crate::rules::{Dwell, Line, LineCrossing, Needed, Presence, StateError};

fn kinds() -> Vec<(&'static str, RuleKind)> {
    let line = Line::new("gate".to_owned(), Point { x: 0.2, y: 0.5 }, Point { x: 0.8, y: 0.5 }).unwrap();
    vec![
        ("presence", RuleKind::Presence(Presence::new(right_half(), Needed::Time { us: 200_000 }, 1_000_000, &[]))),
        ("dwell", RuleKind::Dwell(Dwell::new(right_half(), 3_000_000, 1_000_000, &[]))),
        ("gate", RuleKind::LineCrossing(LineCrossing::new(line, None, &[]))),
    ]
}

fn rules() -> Vec<Rule> {
    kinds().into_iter().map(|(id, kind)| Rule { id: id.to_owned(), severity: Severity::Info, kind }).collect()
}

fn camera() -> Camera {
    Camera { rules: RuleSet::new(rules()), ..Camera::new(Vec::new()) }
}

/// Three road users who walk around in and out of the zone and across the line, and are not always detected.
fn walkers(frame: usize) -> Vec<Seen> {
    let walker = |id: u64| {
        let phase = frame as f32 / 11.0 + id as f32 * 2.0;
        at(id, 50.0 + 35.0 * phase.cos(), 50.0 + 35.0 * (phase * 1.7).sin())
    };
    (1..=3).filter(|id| !(frame as u64 + id).is_multiple_of(7)).map(walker).collect()
}

#[test]
fn whoever_continues_from_a_saved_state_judges_the_same() {
    let mut undisturbed = camera();
    let mut wanted = Vec::new();
    for frame in 0..400 {
        wanted.push(undisturbed.see(&walkers(frame)));
    }
    wanted.push(undisturbed.rules.finish(EndReason::StreamEnded));
    assert!(wanted.iter().flatten().count() > 30, "the walkers are judged often");

    let mut camera = self::camera();
    let mut found = Vec::new();
    for frame in 0..400 {
        found.push(camera.see(&walkers(frame)));
        if frame % 5 == 4 {
            // Another worker: it knows the last frames, and the state.
            let state = camera.rules.save(camera.now);
            let mut next = self::camera();
            next.now.sequence = camera.now.sequence - 2;
            next.now.captured_at_us = camera.now.captured_at_us - 200_000;
            for replayed in [frame - 1, frame] {
                next.see(&walkers(replayed));
            }
            assert_eq!(next.now, camera.now);
            next.rules.restore(&state, next.now).unwrap();
            assert_eq!(next.rules.save(next.now), state);
            camera = next;
        }
    }
    found.push(camera.rules.finish(EndReason::StreamEnded));
    assert_eq!(found, wanted);
}

#[test]
fn a_state_is_small() {
    let mut camera = camera();
    let crowd: Vec<Seen> = (0..20).map(|id| inside(u64::from(id as u32))).collect();
    camera.see_often(40, &crowd);
    // Three rules, each with 20 tracks.
    assert!(camera.rules.save(camera.now).len() < 2_500);
}

#[test]
fn a_state_of_another_version_or_a_damaged_one_is_refused_and_changes_nothing() {
    let mut camera = camera();
    (0..100).for_each(|frame| drop(camera.see(&walkers(frame))));
    let state = camera.rules.save(camera.now);
    let refused = |camera: &mut Camera, state: &[u8]| {
        let now = camera.now;
        camera.rules.restore(state, now).expect_err("a refusal")
    };
    assert_eq!(refused(&mut camera, &[]), StateError::Damaged);
    let other: Vec<u8> = std::iter::once(99).chain(state[1..].iter().copied()).collect();
    assert_eq!(refused(&mut camera, &other), StateError::Version(99));
    // Cut inside of a rule.
    let cut = state.len() - 3;
    assert_eq!(refused(&mut camera, &state[..cut]), StateError::Damaged);
    assert_eq!(camera.rules.save(camera.now), state);
    // Whatever a byte becomes, reading ends.
    for at in 0..state.len() {
        let mut damaged = state.clone();
        damaged[at] ^= 0xa5;
        let mut other = self::camera();
        other.rules.restore(&damaged, camera.now).ok();
        other.see(&walkers(100));
    }
}

#[test]
fn a_state_of_rules_that_have_changed_restores_those_that_have_not() {
    let mut camera = camera();
    camera.see_often(40, &[inside(1)]);
    let state = camera.rules.save(camera.now);
    // The dwell rule is gone, and presence has become a crossing.
    let mut changed = rules();
    changed.remove(1);
    changed[0].kind = changed[1].kind.clone();
    changed.push(rules().remove(0));
    changed[2].id = "new".to_owned();
    let mut other = Camera { rules: RuleSet::new(changed), now: camera.now };
    other.rules.restore(&state, camera.now).unwrap();
    let raised: Vec<String> = other.see_often_rules(3, &[inside(1)]);
    assert_eq!(raised, ["new"]);
}

impl Camera {
    fn see_often_rules(&mut self, frames: usize, objects: &[Seen]) -> Vec<String> {
        (0..frames).flat_map(|_| self.see(objects)).map(|judgement| judgement.rule_id).collect()
    }
}
