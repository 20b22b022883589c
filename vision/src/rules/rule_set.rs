//! The rules of one camera.

use std::collections::HashSet;

use super::codec::{StateError, StateReader, StateWriter};
use super::judgement::Judgement;
use super::observation::{FrameStamp, FrameTracks, TrackedFrame};
use super::paths::Paths;
use super::rule::Rule;

/// Changes with each change of what a kind of rule saves.
const STATE_VERSION: u8 = 1;

/// The rules of one camera's session.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    paths: Paths,
    /// What rules that were replaced have ended; for the next frame.
    ended: Vec<Judgement>,
}

impl RuleSet {
    pub fn new(rules: Vec<Rule>) -> Self {
        Self { rules, paths: Paths::default(), ended: Vec::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Processes the next analysed frame. The judgements are in the order of rules. `is_alive` tells whether a track may be detected
    /// again; the state of all other tracks ends.
    pub fn observe(&mut self, frame: &TrackedFrame<'_>, is_alive: impl Fn(u64) -> bool) -> Vec<Judgement> {
        let objects = self.paths.follow(frame, &is_alive);
        let &TrackedFrame { stamp, source_width, source_height, .. } = frame;
        let seen = FrameTracks { stamp, source_width, source_height, objects: &objects };
        let mut judgements = std::mem::take(&mut self.ended);
        for rule in &mut self.rules {
            rule.observe(&seen, &is_alive, &mut judgements);
        }
        judgements
    }

    /// Ends what goes on: there are no more frames of this session.
    pub fn finish(&mut self) -> Vec<Judgement> {
        let mut judgements = std::mem::take(&mut self.ended);
        for rule in &mut self.rules {
            rule.finish(&mut judgements);
        }
        self.paths = Paths::default();
        judgements
    }

    /// Replaces the rules while the camera runs. An unchanged rule keeps its state, so that no visit is judged twice. What any other rule
    /// has judged ends with the next frame.
    pub fn replace(&mut self, rules: Vec<Rule>) {
        let mut old = std::mem::take(&mut self.rules);
        let mut taken = HashSet::new();
        self.rules = rules
            .into_iter()
            .map(|new| match old.iter().position(|old| old.is_same(&new)) {
                Some(at) if taken.insert(at) => std::mem::replace(&mut old[at], new),
                _ => new,
            })
            .collect();
        let gone = old.iter_mut().enumerate().filter(|(at, _)| !taken.contains(at));
        gone.for_each(|(_, rule)| rule.finish(&mut self.ended));
    }

    /// The state after the frame `at`, for whoever continues with the next frame.
    pub fn save(&self, at: FrameStamp) -> Vec<u8> {
        let mut state = StateWriter::new(at);
        state.byte(STATE_VERSION);
        for rule in &self.rules {
            let mut block = state.nested();
            rule.save(&mut block);
            state.text(&rule.id).byte(rule.kind.name() as u8).block(&block.into_bytes());
        }
        state.into_bytes()
    }

    /// Continues from a state that was saved after the frame `at`. Rules that the state does not have keep the state that they have.
    /// After an error all of them do.
    pub fn restore(&mut self, bytes: &[u8], at: FrameStamp) -> Result<(), StateError> {
        let mut state = StateReader::new(bytes, at);
        match state.byte()? {
            STATE_VERSION => {}
            version => return Err(StateError::Version(version)),
        }
        let mut rules = self.rules.clone();
        while !state.is_empty() {
            let (id, kind, mut block) = (state.text()?, state.byte()?, state.block()?);
            if let Some(rule) = rules.iter_mut().find(|rule| rule.id == id && rule.kind.name() as u8 == kind) {
                rule.restore(&mut block)?;
                if !block.is_empty() {
                    return Err(StateError::Damaged);
                }
            }
        }
        self.rules = rules;
        Ok(())
    }
}
