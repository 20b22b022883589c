//! What rules that are gone have raised about tracks that still exist. A rule that comes back under its id, or replaces another one, begins
//! after it: otherwise its judgements would be taken for repetitions of the earlier ones.

use std::collections::BTreeMap;

use super::judge::Occurrences;
use crate::state_codec::{StateError, StateReader, StateWriter};

/// By the id of the rule.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Past {
    raised: BTreeMap<String, Occurrences>,
}

impl Past {
    /// A rule is gone that has raised so many judgements.
    pub fn add(&mut self, rule_id: &str, raised: &Occurrences) {
        for (&track_id, &count) in raised.iter().filter(|&(_, &count)| count > 0) {
            let known = self.raised.entry(rule_id.to_owned()).or_default().entry(track_id).or_default();
            *known = count.max(*known);
        }
    }

    /// What rules of this id had raised when they went.
    pub fn of(&self, rule_id: &str) -> Occurrences {
        self.raised.get(rule_id).cloned().unwrap_or_default()
    }

    /// Forgets tracks that have ended.
    pub fn keep(&mut self, is_alive: &dyn Fn(u64) -> bool) {
        self.raised.retain(|_, tracks| {
            tracks.retain(|&track_id, _| is_alive(track_id));
            !tracks.is_empty()
        });
    }

    /// Each rule with its numbers.
    pub fn save(&self, state: &StateWriter) -> Vec<(&str, Vec<u8>)> {
        let block = |tracks: &Occurrences| {
            let mut block = state.nested();
            block.number(tracks.len() as u64);
            for (&track_id, &count) in tracks {
                block.number(track_id).number(u64::from(count));
            }
            block.into_bytes()
        };
        self.raised.iter().map(|(rule_id, tracks)| (rule_id.as_str(), block(tracks))).collect()
    }

    pub fn read(block: &mut StateReader<'_>) -> Result<Occurrences, StateError> {
        let mut tracks = Occurrences::new();
        for _ in 0..block.number()? {
            tracks.insert(block.number()?, block.small()?);
        }
        Ok(tracks)
    }
}
