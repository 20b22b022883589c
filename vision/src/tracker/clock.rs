//! The tracker's own time, which only moves forward.

use crate::frame_stamp::FrameStamp;
use crate::state_codec::{StateError, StateReader, StateWriter};

/// Converts capture times to steps. A step forward is the time that has passed, however long: after a silence, what is seen may
/// be somebody else. A short step backwards (frames out of order, a clock that is corrected) says nothing about the time that has
/// passed and counts as the usual interval between frames. A long one is a clock that was set, or another recording: nobody knows
/// how much time has passed, so it counts as a long silence.
#[derive(Debug, Default)]
pub(super) struct TrackClock {
    // All times are in microseconds.
    last_captured: Option<i64>,
    now: i64,
    usual_step: Option<i64>,
}

// A step of this length ends all tracks: it is longer than any track may be lost.
const SILENCE_US: i64 = 600_000_000;
// A longer step backwards is a silence.
const MAX_BACK_US: i64 = 2_000_000;
// Steps up to this length are frames of a stream, not gaps in it.
const MAX_USUAL_US: i64 = 2_000_000;
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
        let step = match captured_us.saturating_sub(last) {
            passed @ 1.. => passed.min(SILENCE_US),
            back if back >= -MAX_BACK_US => usual,
            _ => SILENCE_US,
        };
        if captured_us > last && step <= MAX_USUAL_US {
            self.usual_step = Some(self.usual_step.map_or(step, |usual| (usual * 7 + step) / 8));
        }
        // Steps are bounded, so this saturates only after 292,000 years of video.
        self.now = self.now.saturating_add(step);
        step as f32 / 1e6
    }

    /// The base of the times of tracks, which are this clock's.
    pub fn stamp(&self) -> FrameStamp {
        FrameStamp { sequence: 0, captured_at_us: self.now }
    }

    pub fn save(&self, state: &mut StateWriter) {
        state.number(self.now.unsigned_abs()).flag(self.last_captured.is_some());
        if let Some(last) = self.last_captured {
            state.time(last);
        }
        state.number(self.usual_step.unwrap_or(0).unsigned_abs());
    }

    pub fn read(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let now = i64::try_from(state.number()?).map_err(|_| StateError::Damaged)?;
        let last_captured = if state.flag()? { Some(state.time()?) } else { None };
        let usual_step = match i64::from(state.small()?) {
            0 => None,
            step @ 1..=MAX_USUAL_US => Some(step),
            _ => return Err(StateError::Damaged),
        };
        Ok(Self { last_captured, now, usual_step })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_forward_counts_as_it_is_and_a_short_one_backwards_as_the_usual_interval() {
        let mut clock = TrackClock::default();
        for frame in 0..10 {
            clock.advance(frame * 40_000);
        }
        assert_eq!(clock.now_us(), 360_000);
        let mut is_step = |capture_us, seconds: f32| (clock.advance(capture_us) - seconds).abs() < 1e-6;
        assert!(is_step(60_360_000, 60.0));
        assert!(is_step(60_350_000, 0.04));
        assert!(is_step(60_350_000, 0.04));
        assert!(is_step(60_390_000, 0.04));
    }

    #[test]
    fn a_clock_that_is_set_back_is_a_long_silence_and_time_stays_finite() {
        let mut clock = TrackClock::default();
        for captured_us in [3_600_000_000, 0, i64::MAX, i64::MIN, i64::MAX] {
            clock.advance(captured_us);
        }
        assert_eq!(clock.now_us(), 4 * SILENCE_US);
    }
}
