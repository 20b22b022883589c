//! The ids of recent alerts. Inference that is killed between publishing and committing raises the same alerts again, with the
//! same ids; subscribers receive each once.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// How many ids are remembered. Far fewer alerts lie between an alert and its repetition.
const CAPACITY: usize = 10_000;

/// Remembers the last ids, oldest first.
#[derive(Debug)]
pub(crate) struct RecentIds {
    order: VecDeque<Arc<str>>,
    known: HashSet<Arc<str>>,
}

impl RecentIds {
    pub(crate) fn new() -> Self {
        Self { order: VecDeque::new(), known: HashSet::new() }
    }

    /// Remembers an id. False when it was known already.
    pub(crate) fn insert(&mut self, id: &Arc<str>) -> bool {
        if !self.known.insert(id.clone()) {
            return false;
        }
        self.order.push_back(id.clone());
        if self.order.len() > CAPACITY
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
    fn an_id_is_new_once_until_it_is_forgotten() {
        let mut recent = RecentIds::new();
        let ids: Vec<Arc<str>> = (0..=CAPACITY).map(|number| number.to_string().into()).collect();
        assert!(ids[..CAPACITY].iter().all(|id| recent.insert(id)));
        assert!(!recent.insert(&ids[0]));
        assert!(recent.insert(&ids[CAPACITY]));
        assert!(recent.insert(&ids[0]), "the oldest id was forgotten");
        assert_eq!((recent.order.len(), recent.known.len()), (CAPACITY, CAPACITY));
    }
}
