//! A rule of a camera: what all kinds have in common, and which kind it is.

use super::codec::{StateError, StateReader, StateWriter};
use super::dwell::Dwell;
use super::judge::Judge;
use super::judgement::{Finding, Judgement, KindName, Severity};
use super::line_crossing::LineCrossing;
use super::observation::FrameTracks;
use super::presence::Presence;

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
    pub(super) fn finish(&mut self, judgements: &mut Vec<Judgement>) {
        let mut findings = Vec::new();
        self.kind.judge_mut().finish(&mut findings);
        self.append(findings, judgements);
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
