//! How far a camera's clock is ahead of ours, as far as arrivals prove it.

/// After this time without proof, a correction is forgotten: the camera's clock may have been put right gradually.
const MEMORY_US: i64 = 30_000_000;

/// The largest proven lead of the last 30 to 60 seconds.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    // All in microseconds.
    /// Of the current and of the previous half of the memory.
    current: i64,
    previous: i64,
    /// When the current half began.
    since: Option<i64>,
}

impl Ahead {
    /// What to subtract from the camera's times.
    pub(super) fn by_us(&self) -> i64 {
        self.current.max(self.previous)
    }

    /// Records by how much the camera's time of a packet lies after its arrival, negative if before. Returns by how much that is more
    /// than was known.
    pub(super) fn record(&mut self, lead_us: i64, now_us: i64) -> Option<i64> {
        let more_us = lead_us.saturating_sub(self.by_us());
        if now_us.saturating_sub(*self.since.get_or_insert(now_us)) >= MEMORY_US {
            self.previous = std::mem::take(&mut self.current);
            self.since = Some(now_us);
        }
        self.current = self.current.max(lead_us);
        (more_us > 0).then_some(more_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_is_remembered_until_it_is_long_gone() {
        let mut ahead = Ahead::default();
        assert_eq!((ahead.record(-50, 0), ahead.by_us()), (None, 0));
        assert_eq!((ahead.record(200, 1), ahead.by_us()), (Some(200), 200));
        assert_eq!((ahead.record(150, 2), ahead.by_us()), (None, 200));
        assert_eq!((ahead.record(230, 3), ahead.by_us()), (Some(30), 230));
        assert_eq!((ahead.record(10, MEMORY_US), ahead.by_us()), (None, 230));
        assert_eq!((ahead.record(10, 2 * MEMORY_US), ahead.by_us()), (None, 10));
        assert_eq!((ahead.record(-5, 4 * MEMORY_US), ahead.by_us()), (None, 10));
        assert_eq!((ahead.record(-5, 5 * MEMORY_US), ahead.by_us()), (None, 0));
    }
}
