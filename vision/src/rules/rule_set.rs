//! The rules of one camera.

use std::collections::HashSet;

use super::rule::{FrameTracks, Judgement, Rule};

/// The rules of one camera's session.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Box<dyn Rule>>,
}

impl RuleSet {
    pub fn new(rules: Vec<Box<dyn Rule>>) -> Self {
        Self { rules }
    }

    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Processes the next analysed frame. The judgements are in the order of rules, and of track ids within a rule. `is_alive`
    /// tells whether a track may be detected again ([`crate::tracker::Tracker::is_alive`]); state of all other tracks is
    /// discarded.
    pub fn observe(&mut self, frame: &FrameTracks<'_>, is_alive: impl Fn(u64) -> bool) -> Vec<Judgement> {
        let mut judgements = Vec::new();
        for rule in &mut self.rules {
            rule.observe(frame, &is_alive, &mut judgements);
        }
        judgements
    }

    /// Replaces the rules while the camera runs. An unchanged rule keeps its state, so that no track is judged twice.
    pub fn replace(&mut self, rules: Vec<Box<dyn Rule>>) {
        let mut old = std::mem::take(&mut self.rules);
        let mut taken = HashSet::new();
        self.rules = rules
            .into_iter()
            .map(|new| match old.iter().position(|old| old.same_rule(&*new)) {
                Some(at) if taken.insert(at) => std::mem::replace(&mut old[at], new),
                _ => new,
            })
            .collect();
    }
}
