//! Rules: the situations in which a camera's operator wants an alert.
//!
//! A rule receives the tracks of each analysed frame, in order, and returns judgements.

mod rule;
mod rule_set;
mod zone_presence;

pub use rule::{FrameTracks, Judgement, Rule, Severity, Zone};
pub use rule_set::RuleSet;
pub use zone_presence::ZonePresence;
