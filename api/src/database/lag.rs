//! How far a replica is behind, without a clock or a row of the primary: what the primary had written at a moment that passed, the replica has
//! once it has replayed that much.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// With two marks a second, some minutes. A replica that is further behind is not used anyway.
const MOST_MARKS: usize = 512;

/// A place in the log of the primary, in bytes from its start.
pub(super) type LogPosition = i64;

#[derive(Debug, Default)]
pub(super) struct Lag {
    /// When the primary had written how much, the oldest first; only what the replica has not replayed.
    ahead: VecDeque<(Instant, LogPosition)>,
    /// The newest moment whose state the replica has.
    reached: Option<Instant>,
}

impl Lag {
    /// `at` is a moment before the primary was asked.
    pub(super) fn written(&mut self, at: Instant, position: LogPosition) {
        if self.ahead.back().is_some_and(|(_, last)| *last > position) {
            // Another server is the primary now, or an older state of it was restored.
            *self = Self::default();
        }
        if self.ahead.len() == MOST_MARKS {
            self.ahead.pop_front();
        }
        self.ahead.push_back((at, position));
    }

    pub(super) fn replayed(&mut self, position: LogPosition) {
        while let Some(&(at, written)) = self.ahead.front()
            && written <= position
        {
            self.reached = Some(at);
            self.ahead.pop_front();
        }
    }

    /// How old the state of the replica is at most; `None` while that is not known.
    pub(super) fn at(&self, now: Instant) -> Option<Duration> {
        self.reached.map(|reached| now.saturating_duration_since(reached))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_lag_is_the_age_of_the_newest_state_that_was_replayed() {
        let start = Instant::now();
        let mut lag = Lag::default();
        assert_eq!(lag.at(start), None);
        lag.written(start, 100);
        assert_eq!(lag.at(start + SECOND), None);
        lag.replayed(99);
        assert_eq!(lag.at(start + SECOND), None);
        lag.replayed(150);
        assert_eq!(lag.at(start + SECOND), Some(SECOND));
        lag.written(start + SECOND, 200);
        lag.written(start + SECOND * 2, 300);
        lag.replayed(250);
        assert_eq!(lag.at(start + SECOND * 3), Some(SECOND * 2));
        lag.replayed(300);
        assert_eq!(lag.at(start + SECOND * 3), Some(SECOND));
    }

    #[test]
    fn an_idle_primary_makes_no_lag() {
        let start = Instant::now();
        let mut lag = Lag::default();
        for tick in 0..100 {
            lag.written(start + SECOND * tick, 100);
            lag.replayed(100);
            assert_eq!(lag.at(start + SECOND * tick), Some(Duration::ZERO));
        }
    }

    #[test]
    fn a_primary_that_went_back_is_another_one() {
        let start = Instant::now();
        let mut lag = Lag::default();
        lag.written(start, 100);
        lag.replayed(100);
        lag.written(start, 200);
        lag.written(start + SECOND, 50);
        assert_eq!(lag.at(start + SECOND), None);
        lag.replayed(50);
        assert_eq!(lag.at(start + SECOND), Some(Duration::ZERO));
    }

    #[test]
    fn a_replica_that_is_far_behind_takes_bounded_memory_and_is_never_called_near() {
        let start = Instant::now();
        let mut lag = Lag::default();
        for tick in 0..10_000_u32 {
            lag.written(start + SECOND * tick, i64::from(tick));
        }
        assert_eq!(lag.ahead.len(), MOST_MARKS);
        lag.replayed(5_000);
        assert_eq!(lag.at(start + SECOND * 10_000), None);
        lag.replayed(9_999);
        assert_eq!(lag.at(start + SECOND * 10_000), Some(SECOND));
    }
}
