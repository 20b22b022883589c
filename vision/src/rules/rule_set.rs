//! The rules of one camera.

use std::collections::HashSet;

use super::judge::Occurrences;
use super::judgement::{EndReason, Judgement, KindName};
use super::observation::{FrameTracks, TrackedFrame};
use super::past::Past;
use super::paths::Paths;
use super::rule::{self, Rule};
use crate::frame_stamp::FrameStamp;
use crate::state_codec::{StateError, StateReader, StateWriter};

/// Changes with each change of what a kind of rule saves.
const STATE_VERSION: u8 = 1;
/// In the place of a kind: the block has what a rule that is gone has raised.
const GONE: u8 = 0;

/// The rules of one camera's session.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    paths: Paths,
    past: Past,
    /// What ended between two frames.
    ended: Vec<Judgement>,
}

impl RuleSet {
    pub fn new(rules: Vec<Rule>) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Whether there is neither a rule nor anything to remember.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.past == Past::default()
    }

    /// Processes the next analysed frame. The judgements are in the order of rules. `is_alive` tells whether a track may be detected
    /// again; the state of all other tracks ends.
    pub fn observe(&mut self, frame: &TrackedFrame<'_>, is_alive: impl Fn(u64) -> bool) -> Vec<Judgement> {
        let objects = self.paths.follow(frame, &is_alive);
        let &TrackedFrame { stamp, source_width, source_height, .. } = frame;
        let seen = FrameTracks { stamp, source_width, source_height, objects: &objects };
        self.past.keep(&is_alive);
        let mut judgements = self.take_ended();
        for rule in &mut self.rules {
            rule.observe(&seen, &is_alive, &mut judgements);
        }
        judgements
    }

    /// Ends what goes on: there are no more frames of this session.
    pub fn finish(&mut self, reason: EndReason) -> Vec<Judgement> {
        let mut judgements = self.take_ended();
        for rule in &mut self.rules {
            rule.finish(reason, &mut judgements);
        }
        self.paths = Paths::default();
        self.past = Past::default();
        judgements
    }

    /// Ends what was raised and goes on. The tracks stay: what they do later is judged anew.
    pub fn end_open(&mut self, reason: EndReason) -> Vec<Judgement> {
        let mut judgements = self.take_ended();
        for rule in &mut self.rules {
            rule.end_open(reason, &mut judgements);
        }
        judgements
    }

    /// What ended between two frames. The next frame returns it if nobody takes it before.
    pub fn take_ended(&mut self) -> Vec<Judgement> {
        std::mem::take(&mut self.ended)
    }

    /// What was raised and has no published end: each as if it ended now.
    pub fn open(&self) -> Vec<Judgement> {
        let mut open = self.ended.clone();
        self.rules.iter().for_each(|rule| rule.open(&mut open));
        open
    }

    /// Replaces the rules while the camera runs. An unchanged rule keeps its state, so that no visit is judged twice. What any other rule
    /// has raised ends now, for this reason ([`RuleSet::take_ended`]).
    pub fn replace(&mut self, rules: Vec<Rule>, reason: EndReason) {
        let mut old = std::mem::take(&mut self.rules);
        let kept = |new: &Rule| old.iter().position(|old| old.is_same(new));
        let mut taken = HashSet::new();
        let places: Vec<Option<usize>> = rules.iter().map(|new| kept(new).filter(|&at| taken.insert(at))).collect();
        let gone = old.iter_mut().enumerate().filter(|(at, _)| !taken.contains(at));
        for (_, rule) in gone {
            self.past.add(&rule.id, &rule.occurrences());
            rule.finish(reason, &mut self.ended);
        }
        self.rules = rules
            .into_iter()
            .zip(places)
            .map(|(mut new, place)| {
                if let Some(at) = place {
                    return std::mem::replace(&mut old[at], new);
                }
                new.begin_after(&self.past.of(&new.id));
                new
            })
            .collect();
    }

    /// Goes on with what another worker has raised until the frame before the next one, after [`RuleSet::restore`]. What no rule can go on
    /// with has ended for the reason `otherwise`. What was judged here only, while frames were replayed, was not published.
    pub fn resume(&mut self, raised: Vec<Judgement>, otherwise: EndReason) {
        let (mut resumed, mut ended) = (Vec::new(), Vec::new());
        for judgement in raised {
            let goes_on = self.rules.iter_mut().any(|rule| rule.resume(&judgement));
            if goes_on { resumed.push(judgement) } else { ended.push(judgement) }
        }
        for rule in &mut self.rules {
            let of_rule = |judgement: &&Judgement| judgement.rule_id == rule.id;
            let known: HashSet<(u64, u32)> = resumed
                .iter()
                .filter(of_rule)
                .filter_map(|Judgement { finding, .. }| Some((finding.subject()?, finding.occurrence)))
                .collect();
            rule.take_back_unless(&|track_id, occurrence| known.contains(&(track_id, occurrence)));
        }
        for Judgement { rule_id, kind, severity, finding } in ended {
            let count = finding.occurrence.saturating_add(1);
            self.begin_after(&rule_id, &finding.subject().map(|track_id| (track_id, count)).into_iter().collect());
            let (ended_at_us, reason) = (finding.ended_at_us.unwrap_or(finding.began_at_us), Some(otherwise));
            let finding = finding.ended(ended_at_us, reason);
            self.ended.push(Judgement { rule_id, kind, severity, finding });
        }
    }

    /// Rules of this id have raised so many judgements.
    fn begin_after(&mut self, rule_id: &str, raised: &Occurrences) {
        self.past.add(rule_id, raised);
        if let Some(rule) = self.rules.iter_mut().find(|rule| rule.id == rule_id) {
            rule.begin_after(raised);
        }
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
        for (rule_id, block) in self.past.save(&state) {
            state.text(rule_id).byte(GONE).block(&block);
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
        let mut restored = Self { rules: self.rules.clone(), past: self.past.clone(), ..Self::default() };
        while !state.is_empty() {
            let (id, kind, mut block) = (state.text()?, state.byte()?, state.block()?);
            let rule = restored.rules.iter_mut().find(|rule| rule.id == id && rule.kind.name() as u8 == kind);
            match (rule, KindName::from_number(kind)) {
                (Some(rule), _) => rule.restore(&mut block)?,
                // The rule is gone, or is of another kind now.
                (None, Some(kind)) => restored.begin_after(id, &rule::occurrences_in(kind, &mut block)?),
                (None, None) if kind == GONE => restored.begin_after(id, &Past::read(&mut block)?),
                (None, None) => return Err(StateError::Damaged),
            }
            if !block.is_empty() {
                return Err(StateError::Damaged);
            }
        }
        (self.rules, self.past) = (restored.rules, restored.past);
        Ok(())
    }
}
