//! The tracker's own time, which only moves forward, in plausible steps.

/// Converts capture times to steps. A camera's clock may be set while it runs: a step backwards, or one longer than the lifetime
/// of a lost track, says nothing about the time that has passed. Such a step counts as the usual interval between frames.
#[derive(Debug, Default)]
pub(super) struct TrackClock {
    // All times are in microseconds.
    last_captured: Option<i64>,
    now: i64,
    usual_step: Option<i64>,
}

const MAX_STEP_US: i64 = 5_000_000;
// The interval between frames until one has been measured.
const FIRST_GUESS_US: i64 = 100_000;

impl TrackClock {
    pub fn now_us(&self) -> i64 {
        self.now
    }

    /// Advances to the next frame and returns the seconds since the last one.
    pub fn advance(&mut self, captured_us: i64) -> f32 {
        let Some(last) = self.last_captured.replace(captured_us) else { return 0.0 };
        let usual = self.usual_step.unwrap_or(FIRST_GUESS_US);
        let passed = captured_us.checked_sub(last).filter(|step| (1..=MAX_STEP_US).contains(step));
        let step = passed.unwrap_or(usual);
        if passed.is_some() {
            self.usual_step = Some(self.usual_step.map_or(step, |usual| (usual * 7 + step) / 8));
        }
        // Steps are bounded, so this saturates only after 292,000 years of video.
        self.now = self.now.saturating_add(step);
        step as f32 / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_counts_as_the_usual_interval() {
        let mut clock = TrackClock::default();
        for frame in 0..10 {
            clock.advance(frame * 40_000);
        }
        assert_eq!(clock.now_us(), 360_000);
        clock.advance(3_600_000_000);
        assert_eq!(clock.now_us(), 400_000);
        clock.advance(5);
        clock.advance(5);
        clock.advance(i64::MIN);
        clock.advance(i64::MAX);
        assert_eq!(clock.now_us(), 560_000);
        clock.advance(i64::MIN);
        clock.advance(i64::MIN + 80_000);
        assert_eq!(clock.now_us(), 680_000);
    }
}
