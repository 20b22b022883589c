//! Alerts that went by lately. Inference that is killed between publishing and committing raises the same alerts again, with the
//! same ids: a subscriber is told once.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// What inference repeats it repeats soon: far fewer alerts than this lie between.
const KNOWN: usize = 10_000;

/// The ids of the last alerts.
#[derive(Debug)]
pub(crate) struct Recent {
    order: VecDeque<Arc<str>>,
    known: HashSet<Arc<str>>,
}

impl Recent {
    pub(crate) fn new() -> Self {
        Self { order: VecDeque::new(), known: HashSet::new() }
    }

    /// Notes an alert; false when it is known.
    pub(crate) fn note(&mut self, id: &Arc<str>) -> bool {
        if !self.known.insert(id.clone()) {
            return false;
        }
        self.order.push_back(id.clone());
        if self.order.len() > KNOWN
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_new_once_as_long_as_it_is_remembered() {
        let mut recent = Recent::new();
        let ids: Vec<Arc<str>> = (0..=KNOWN).map(|number| number.to_string().into()).collect();
        assert!(ids[..KNOWN].iter().all(|id| recent.note(id)));
        assert!(!recent.note(&ids[0]));
        assert!(recent.note(&ids[KNOWN]));
        assert!(recent.note(&ids[0]), "the oldest was forgotten");
        assert_eq!((recent.order.len(), recent.known.len()), (KNOWN, KNOWN));
    }
}
