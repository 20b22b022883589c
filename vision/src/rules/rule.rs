//! A rule of a camera: what all kinds have in common, and which kind it is.

use super::dwell::Dwell;
use super::judge::{Judge, Occurrences};
use super::judgement::{EndReason, Finding, Judgement, KindName, Severity};
use super::line_crossing::{LineCrossing, Walks};
use super::observation::FrameTracks;
use super::presence::Presence;
use super::visits::Visits;
use crate::state_codec::{StateError, StateReader, StateWriter};

/// A rule with its state for one camera's session.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Unique among the rules of a camera.
    pub id: String,
    pub severity: Severity,
    pub kind: RuleKind,
}

/// The kinds of rules.
#[derive(Debug, Clone)]
pub enum RuleKind {
    Presence(Presence),
    Dwell(Dwell),
    LineCrossing(LineCrossing),
}

impl RuleKind {
    pub fn name(&self) -> KindName {
        match self {
            Self::Presence(_) => KindName::Presence,
            Self::Dwell(_) => KindName::Dwell,
            Self::LineCrossing(_) => KindName::LineCrossing,
        }
    }

    fn has_settings_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Presence(Presence(one)), Self::Presence(Presence(other)))
            | (Self::Dwell(Dwell(one)), Self::Dwell(Dwell(other))) => one.has_settings_of(other),
            (Self::LineCrossing(one), Self::LineCrossing(other)) => one.has_settings_of(other),
            _ => false,
        }
    }

    fn judge(&self) -> &dyn Judge {
        match self {
            Self::Presence(Presence(rule)) | Self::Dwell(Dwell(rule)) => rule,
            Self::LineCrossing(rule) => rule,
        }
    }

    fn judge_mut(&mut self) -> &mut dyn Judge {
        match self {
            Self::Presence(Presence(rule)) | Self::Dwell(Dwell(rule)) => rule,
            Self::LineCrossing(rule) => rule,
        }
    }
}

/// How many judgements about each track a rule of this kind has raised that saved this state.
pub(super) fn occurrences_in(kind: KindName, state: &mut StateReader<'_>) -> Result<Occurrences, StateError> {
    match kind {
        KindName::Presence | KindName::Dwell => Ok(Visits::read(state)?.occurrences()),
        KindName::LineCrossing => Ok(Walks::read(state)?.occurrences()),
    }
}

impl Rule {
    /// Processes the next analysed frame and appends the judgements.
    pub(super) fn observe(
        &mut self,
        frame: &FrameTracks<'_>,
        is_alive: &dyn Fn(u64) -> bool,
        judgements: &mut Vec<Judgement>,
    ) {
        let mut findings = Vec::new();
        self.kind.judge_mut().observe(frame, is_alive, &mut findings);
        self.append(findings, judgements);
    }

    /// Ends what goes on.
    pub(super) fn finish(&mut self, reason: EndReason, judgements: &mut Vec<Judgement>) {
        let mut findings = Vec::new();
        self.kind.judge_mut().finish(reason, &mut findings);
        self.append(findings, judgements);
    }

    /// Ends what was raised, and keeps the tracks.
    pub(super) fn end_open(&mut self, reason: EndReason, judgements: &mut Vec<Judgement>) {
        let mut findings = Vec::new();
        self.kind.judge_mut().end_open(reason, &mut findings);
        self.append(findings, judgements);
    }

    /// Appends what was raised and goes on.
    pub(super) fn open(&self, judgements: &mut Vec<Judgement>) {
        let mut findings = Vec::new();
        self.kind.judge().open(&mut findings);
        self.append(findings, judgements);
    }

    /// Goes on with what another worker has raised. False if the judgement is not what this rule would have made.
    pub(super) fn resume(&mut self, raised: &Judgement) -> bool {
        self.id == raised.rule_id
            && self.kind.name() == raised.kind
            && self.severity == raised.severity
            && self.kind.judge_mut().resume(&raised.finding)
    }

    pub(super) fn take_back_unless(&mut self, raised: &dyn Fn(u64, u32) -> bool) {
        self.kind.judge_mut().take_back_unless(raised);
    }

    pub(super) fn occurrences(&self) -> Occurrences {
        self.kind.judge().occurrences()
    }

    pub(super) fn begin_after(&mut self, raised: &Occurrences) {
        self.kind.judge_mut().begin_after(raised);
    }

    /// Whether `other` is the same rule with the same settings. The state is not compared.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.id == other.id && self.severity == other.severity && self.kind.has_settings_of(&other.kind)
    }

    pub(super) fn save(&self, state: &mut StateWriter) {
        self.kind.judge().save(state);
    }

    pub(super) fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.kind.judge_mut().restore(state)
    }

    fn append(&self, findings: Vec<Finding>, judgements: &mut Vec<Judgement>) {
        judgements.extend(findings.into_iter().map(|finding| Judgement {
            rule_id: self.id.clone(),
            kind: self.kind.name(),
            severity: self.severity,
            finding,
        }));
    }
}
