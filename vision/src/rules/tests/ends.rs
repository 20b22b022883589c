//! Whatever was raised ends once, with its reason, and nothing is raised twice under one number.

use super::*;
use crate::rules::{Dwell, Line, LineCrossing, Needed, Place, Presence};
use EndReason::{CameraSilent, Left, RuleChanged, TrackLost};
use Progress::{Ended, Raised};

const SECOND: i64 = 1_000_000;

fn presence() -> RuleKind {
    RuleKind::Presence(Presence::new(right_half(), Needed::Time { us: 0 }, SECOND, &[]))
}

fn dwell() -> RuleKind {
    RuleKind::Dwell(Dwell::new(right_half(), 0, SECOND, &[]))
}

fn crossing() -> RuleKind {
    let line = Line::new("gate".to_owned(), Point { x: 0.5, y: 1.0 }, Point { x: 0.5, y: 0.0 }).unwrap();
    RuleKind::LineCrossing(LineCrossing::new(line, None, &[]))
}

fn severe(kind: RuleKind) -> Rule {
    Rule { severity: Severity::Critical, ..rule(kind) }
}

fn moved(kind: RuleKind) -> Rule {
    let mut zone = right_half();
    zone.id = "other".to_owned();
    let presence = RuleKind::Presence(Presence::new(zone, Needed::Time { us: 0 }, SECOND, &[]));
    rule(if matches!(kind, RuleKind::Presence(_)) { presence } else { kind })
}

#[test]
fn whoever_leaves_and_whoever_is_lost_end_for_different_reasons() {
    let mut camera = Camera::new(vec![presence()]);
    camera.see(&[inside(1), inside(DEAD - 1)]);
    let left = (0..20).flat_map(|_| camera.see(&[outside(1)])).collect::<Vec<_>>();
    assert_eq!(reasons(&left), vec![("rule".to_owned(), 0, Some(Left)); 2], "both were not inside for too long");
    camera.see(&[inside(1)]);
    camera.now.sequence += 1;
    camera.now.captured_at_us += 100_000;
    let frame = TrackedFrame { stamp: camera.now, source_width: SIZE.0, source_height: SIZE.1, objects: &[] };
    assert_eq!(reasons(&camera.rules.observe(&frame, |_| false)), [("rule".to_owned(), 1, Some(TrackLost))]);
}

/// Whoever reads alerts takes a second one under the same number for a repetition of the first.
#[test]
fn a_changed_rule_ends_what_it_raised_and_counts_on() {
    let changes: [(&str, Vec<Rule>); 5] = [
        ("severity", vec![severe(presence())]),
        ("kind", vec![rule(dwell())]),
        ("zone", vec![moved(presence())]),
        ("another rule in between", vec![Rule { id: "other".to_owned(), ..rule(presence()) }]),
        ("no rule in between", Vec::new()),
    ];
    for (what, changed) in changes {
        let mut camera = Camera::new(vec![presence()]);
        assert_eq!(summary(&camera.see(&[inside(1)])), [(Raised, 1, 0)]);
        let same_id = changed.iter().any(|rule| rule.id == "rule");
        camera.rules.replace(changed, RuleChanged);
        assert_eq!(reasons(&camera.rules.open()), [("rule".to_owned(), 0, Some(RuleChanged))], "{what}");
        let ended = camera.rules.take_ended();
        assert_eq!(reasons(&ended), [("rule".to_owned(), 0, Some(RuleChanged))], "{what}");
        assert_eq!(ended[0].finding.place, Place::Zone("right".to_owned()), "{what}");
        let next = camera.see(&[inside(1)]);
        let counted = next.iter().find(|judgement| judgement.rule_id == "rule").map(|next| next.finding.occurrence);
        assert_eq!(counted, same_id.then_some(1), "{what}");
        // Back again, on another worker.
        let state = camera.rules.save(camera.now);
        let open = camera.rules.open();
        let mut other = Camera { now: camera.now, ..Camera::new(Vec::new()) };
        other.rules.restore(&state, camera.now).unwrap();
        other.rules.resume(open, RuleChanged);
        other.rules.replace(vec![rule(presence())], RuleChanged);
        let back = other.see(&[inside(1)]);
        let raised = back.iter().find(|judgement| judgement.finding.progress == Raised).unwrap();
        assert_eq!(raised.finding.occurrence, if same_id { 2 } else { 1 }, "{what}: {back:?}");
    }
}

#[test]
fn crossings_of_a_changed_rule_count_on() {
    let mut camera = Camera::new(vec![crossing()]);
    let walk = |camera: &mut Camera| -> Vec<u32> {
        let way = [20.0, 40.0, 60.0, 80.0, 60.0, 40.0, 20.0];
        let judged = way.iter().flat_map(|&x| camera.see(&[at(1, x, 50.0)]));
        judged.map(|judgement| judgement.finding.occurrence).collect()
    };
    assert_eq!(walk(&mut camera), [0, 1]);
    camera.rules.replace(vec![severe(crossing())], RuleChanged);
    assert!(camera.rules.take_ended().is_empty(), "a crossing has no end");
    assert_eq!(walk(&mut camera), [2, 3]);
}

#[test]
fn a_silence_ends_what_was_raised_once_and_the_next_frame_raises_anew() {
    let mut camera = Camera::new(vec![presence()]);
    camera.see(&[inside(1)]);
    let ended = camera.rules.end_open(CameraSilent);
    assert_eq!(reasons(&ended), [("rule".to_owned(), 0, Some(CameraSilent))]);
    assert!(camera.rules.end_open(CameraSilent).is_empty() && camera.rules.open().is_empty());
    assert_eq!(summary(&camera.see(&[inside(1)])), [(Raised, 1, 1)]);
}

/// At every frame: what is open is what was raised and has not ended, and its end is what the rule itself would say.
#[test]
fn what_is_open_is_what_was_raised_and_has_not_ended() {
    let mut camera = Camera::new(vec![presence()]);
    let mut open: Vec<(u64, u32)> = Vec::new();
    for frame in 0..300_usize {
        let here = |id: u64| if (frame / (7 + id as usize * 5)).is_multiple_of(2) { inside(id) } else { outside(id) };
        for (progress, track, occurrence) in summary(&camera.see(&[here(1), here(2), here(3)])) {
            match progress {
                Raised => open.push((track, occurrence)),
                Ended => open.retain(|known| *known != (track, occurrence)),
            }
        }
        let mut told: Vec<_> =
            summary(&camera.rules.open()).into_iter().map(|(_, track, number)| (track, number)).collect();
        told.sort_unstable();
        open.sort_unstable();
        assert_eq!(told, open);
    }
    let wanted = camera.rules.open();
    let finished = camera.rules.finish(CameraSilent);
    let without = |judgements: Vec<Judgement>| -> Vec<Finding> {
        judgements.into_iter().map(|judgement| Finding { end_reason: None, ..judgement.finding }).collect()
    };
    assert_eq!(without(finished), without(wanted));
}

/// What the rules of the worker that takes over cannot go on with has ended; they go on with the rest, also without a state.
#[test]
fn whoever_takes_over_goes_on_with_what_was_raised_or_ends_it() {
    for with_state in [true, false] {
        for (what, rules, goes_on) in [
            ("the same", vec![rule(presence())], true),
            ("severity", vec![severe(presence())], false),
            ("zone", vec![moved(presence())], false),
            ("kind", vec![rule(dwell())], false),
            ("none", Vec::new(), false),
        ] {
            let mut camera = Camera::new(vec![presence()]);
            // The second visit, so that the number matters.
            camera.see_often(3, &[inside(1)]);
            camera.see_often(20, &[outside(1)]);
            assert_eq!(summary(&camera.see(&[inside(1)])), [(Raised, 1, 1)]);
            let open = camera.rules.open();
            let mut other = Camera { rules: RuleSet::new(rules), now: camera.now };
            if with_state {
                other.rules.restore(&camera.rules.save(camera.now), camera.now).unwrap();
            }
            other.rules.resume(open, RuleChanged);
            let ended = other.rules.take_ended();
            let found = other.see(&[inside(1)]);
            if goes_on {
                assert!(ended.is_empty() && found.is_empty(), "{what}: {ended:?} {found:?}");
                let ended = (0..20).flat_map(|_| other.see(&[outside(1)])).collect::<Vec<_>>();
                let wanted = (0..20).flat_map(|_| camera.see(&[outside(1)])).collect::<Vec<_>>();
                assert_eq!((summary(&ended), reasons(&ended)[0].2), (vec![(Ended, 1, 1)], Some(Left)), "{what}");
                assert_eq!(ended[0].finding.frame, wanted[0].finding.frame, "{what}");
            } else {
                assert_eq!(reasons(&ended), [("rule".to_owned(), 1, Some(RuleChanged))], "{what}");
                let raised: Vec<u32> = found.iter().map(|judgement| judgement.finding.occurrence).collect();
                assert_eq!(raised, if what == "none" { vec![] } else { vec![2] }, "{what}");
            }
        }
    }
}

/// A worker that takes over replays frames that somebody else has judged. A rule that is new since then has published nothing.
#[test]
fn what_was_judged_in_a_replay_only_is_raised() {
    let mut camera = Camera::new(vec![presence()]);
    camera.see_often(3, &[inside(1)]);
    camera.rules.resume(Vec::new(), RuleChanged);
    assert_eq!(summary(&camera.see(&[inside(1)])), [(Raised, 1, 0)]);
}
