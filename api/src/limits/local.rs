//! Limits of one process.

use std::collections::HashMap;
use std::mem;
use std::time::Instant;

use parking_lot::Mutex;

use super::gcra::{Rate, Verdict, decide};

/// How many callers a generation has: some 10 MB.
const GENERATION: usize = 50_000;

/// Counts in memory. There are two generations of callers. When the newer is full, the older is forgotten: whoever keeps sending requests is
/// in the newer one.
#[derive(Debug)]
pub(super) struct LocalLimits {
    started: Instant,
    generations: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    newer: HashMap<String, u64>,
    older: HashMap<String, u64>,
}

impl Default for LocalLimits {
    fn default() -> Self {
        Self { started: Instant::now(), generations: Mutex::default() }
    }
}

impl LocalLimits {
    pub(super) fn count(&self, key: String, rate: Rate) -> Verdict {
        // From 1: 0 stands for a caller that is not known.
        let now_us = self.started.elapsed().as_micros() as u64 + 1;
        self.generations.lock().count(key, now_us, rate, GENERATION)
    }
}

impl Generations {
    fn count(&mut self, key: String, now_us: u64, rate: Rate, generation: usize) -> Verdict {
        if let Some(stored) = self.newer.get_mut(&key) {
            return decide(now_us, stored, rate);
        }
        let mut stored = self.older.remove(&key).unwrap_or_default();
        let verdict = decide(now_us, &mut stored, rate);
        if self.newer.len() >= generation {
            self.older = mem::take(&mut self.newer);
        }
        self.newer.insert(key, stored);
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { interval_us: 1_000_000, burst: 2 };

    #[test]
    fn callers_are_counted_apart() {
        let limits = LocalLimits::default();
        for (caller, allowed) in [("a", true), ("a", true), ("a", false), ("b", true), ("a", false)] {
            assert_eq!(limits.count(caller.to_owned(), RATE).allowed, allowed, "{caller}");
        }
    }

    #[test]
    fn memory_is_bounded_and_whoever_keeps_asking_is_not_forgotten() {
        let mut generations = Generations::default();
        for number in 0..1_000 {
            generations.count(format!("once {number}"), 1, RATE, 10);
            let verdict = generations.count("busy".to_owned(), 1, RATE, 10);
            assert_eq!(verdict.allowed, number < 2, "{number}");
            assert!(generations.newer.len() + generations.older.len() <= 20);
        }
    }
}
