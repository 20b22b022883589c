//! The rule "a road user is in a zone for some frames".

use std::any::Any;
use std::collections::BTreeMap;

use super::rule::{FrameTracks, Judgement, Rule, Severity, Zone};
use crate::road_user::RoadUserClass;
use crate::tracker::{TrackState, TrackedObject};

/// One judgement per track, once the foot point of a road user has been inside the zone for `min_frames` consecutive analysed
/// frames. A frame in which the track is not detected, is only tentative, or is outside the zone restarts the count.
#[derive(Debug, Clone)]
pub struct ZonePresence {
    rule_id: String,
    severity: Severity,
    zone: Zone,
    min_frames: u32,
    classes: Vec<RoadUserClass>,
    // By track id, for every track that is inside, and for judged tracks that may return.
    presence: BTreeMap<u64, Presence>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Presence {
    frames_inside: u32,
    judged: bool,
}

impl ZonePresence {
    /// A `min_frames` of 0 counts as 1. If `classes` is empty, the rule is for all vulnerable road users.
    pub fn new(rule_id: String, severity: Severity, zone: Zone, min_frames: u32, classes: Vec<RoadUserClass>) -> Self {
        let classes = if classes.is_empty() {
            RoadUserClass::ALL.into_iter().filter(|class| class.is_vulnerable()).collect()
        } else {
            classes
        };
        Self { rule_id, severity, zone, min_frames: min_frames.max(1), classes, presence: BTreeMap::new() }
    }

    fn is_inside(&self, object: &TrackedObject, frame: &FrameTracks<'_>) -> bool {
        object.state == TrackState::Confirmed
            && self.classes.contains(&object.class)
            && self.zone.polygon.contains(object.rect.foot_point(frame.source_width, frame.source_height))
    }
}

impl Rule for ZonePresence {
    fn observe(&mut self, frame: &FrameTracks<'_>, is_alive: &dyn Fn(u64) -> bool, judgements: &mut Vec<Judgement>) {
        let mut inside: Vec<&TrackedObject> =
            frame.objects.iter().filter(|object| self.is_inside(object, frame)).collect();
        inside.sort_unstable_by_key(|object| object.track_id);
        self.presence.retain(|&track_id, presence| {
            let in_zone = inside.binary_search_by_key(&track_id, |object| object.track_id).is_ok();
            if !in_zone {
                presence.frames_inside = 0;
            }
            in_zone || (presence.judged && is_alive(track_id))
        });
        for object in inside {
            let presence = self.presence.entry(object.track_id).or_default();
            presence.frames_inside = presence.frames_inside.saturating_add(1);
            if presence.frames_inside >= self.min_frames && !presence.judged {
                presence.judged = true;
                judgements.push(Judgement {
                    rule_id: self.rule_id.clone(),
                    zone_id: self.zone.id.clone(),
                    severity: self.severity,
                    track_id: object.track_id,
                    rect: object.rect,
                    class: object.class,
                });
            }
        }
    }

    fn same_rule(&self, other: &dyn Rule) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref::<Self>().is_some_and(|other| {
            self.rule_id == other.rule_id
                && self.severity == other.severity
                && self.zone == other.zone
                && self.min_frames == other.min_frames
                && self.classes == other.classes
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Point, Polygon, Rect};
    use crate::rules::RuleSet;

    fn rule(min_frames: u32, classes: &[RoadUserClass]) -> Box<dyn Rule> {
        Box::new(presence(min_frames, classes))
    }

    fn presence(min_frames: u32, classes: &[RoadUserClass]) -> ZonePresence {
        let corners = [(0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)].map(|(x, y)| Point { x, y });
        let zone = Zone { id: "crossing".to_owned(), polygon: Polygon::new(corners.to_vec()).unwrap() };
        ZonePresence::new("presence".to_owned(), Severity::Warning, zone, min_frames, classes.to_vec())
    }

    fn object(track_id: u64, foot_x: f32, class: RoadUserClass, state: TrackState) -> TrackedObject {
        let rect = Rect::from_edges(foot_x - 5.0, 20.0, foot_x + 5.0, 50.0);
        TrackedObject { track_id, state, rect, class, score: 0.9, detection: 0 }
    }

    fn pedestrian(track_id: u64, foot_x: f32) -> TrackedObject {
        object(track_id, foot_x, RoadUserClass::Pedestrian, TrackState::Confirmed)
    }

    fn observe(rules: &mut RuleSet, objects: &[TrackedObject]) -> Vec<u64> {
        let frame = FrameTracks { source_width: 100, source_height: 100, objects };
        rules.observe(&frame, |track_id| track_id < 1000).iter().map(|judgement| judgement.track_id).collect()
    }

    #[test]
    fn the_last_required_frame_raises_one_judgement() {
        let mut rules = RuleSet::new(vec![rule(3, &[])]);
        let inside = [pedestrian(1, 70.0)];
        let raised: Vec<usize> = (0..6).map(|_| observe(&mut rules, &inside).len()).collect();
        assert_eq!(raised, [0, 0, 1, 0, 0, 0]);
    }

    #[test]
    fn a_frame_outside_or_undetected_restarts_the_count() {
        for gap in [vec![pedestrian(1, 20.0)], vec![]] {
            let mut rules = RuleSet::new(vec![rule(3, &[])]);
            observe(&mut rules, &[pedestrian(1, 70.0)]);
            observe(&mut rules, &[pedestrian(1, 70.0)]);
            assert!(observe(&mut rules, &gap).is_empty());
            assert!(observe(&mut rules, &[pedestrian(1, 70.0)]).is_empty());
            assert!(observe(&mut rules, &[pedestrian(1, 70.0)]).is_empty());
            assert_eq!(observe(&mut rules, &[pedestrian(1, 70.0)]), [1]);
        }
    }

    #[test]
    fn a_track_that_leaves_and_returns_is_not_judged_twice() {
        let mut rules = RuleSet::new(vec![rule(1, &[])]);
        assert_eq!(observe(&mut rules, &[pedestrian(1, 70.0)]), [1]);
        observe(&mut rules, &[pedestrian(1, 20.0)]);
        observe(&mut rules, &[]);
        assert!(observe(&mut rules, &[pedestrian(1, 70.0)]).is_empty());
    }

    #[test]
    fn tentative_tracks_and_other_classes_are_not_judged() {
        let mut rules = RuleSet::new(vec![rule(1, &[RoadUserClass::Cyclist])]);
        let objects = [
            object(1, 70.0, RoadUserClass::Pedestrian, TrackState::Confirmed),
            object(2, 70.0, RoadUserClass::Cyclist, TrackState::Tentative),
            object(3, 70.0, RoadUserClass::Cyclist, TrackState::Confirmed),
        ];
        assert_eq!(observe(&mut rules, &objects), [3]);
        let mut vulnerable = RuleSet::new(vec![rule(1, &[])]);
        let car = object(4, 70.0, RoadUserClass::Car, TrackState::Confirmed);
        assert!(observe(&mut vulnerable, &[car]).is_empty());
    }

    #[test]
    fn state_of_ended_tracks_is_discarded() {
        let mut rule = presence(1, &[]);
        let mut observe = |objects: &[TrackedObject]| {
            let frame = FrameTracks { source_width: 100, source_height: 100, objects };
            rule.observe(&frame, &|_| false, &mut Vec::new());
        };
        for track_id in 1000..2000 {
            observe(&[pedestrian(track_id, 70.0)]);
        }
        observe(&[]);
        assert!(rule.presence.is_empty());
    }

    #[test]
    fn replacing_rules_keeps_the_state_of_an_unchanged_rule() {
        let mut rules = RuleSet::new(vec![rule(2, &[])]);
        observe(&mut rules, &[pedestrian(1, 70.0)]);
        rules.replace(vec![rule(2, &[])]);
        assert_eq!(observe(&mut rules, &[pedestrian(1, 70.0)]), [1]);
        rules.replace(vec![rule(2, &[]), rule(1, &[])]);
        assert_eq!(observe(&mut rules, &[pedestrian(1, 70.0)]), [1]);
        rules.replace(Vec::new());
        assert!(rules.is_empty());
    }
}
