//! Whether a bicycle or motorcycle without a detected rider is a road user: only if it moves.

use super::config::micros;
use crate::geometry::Rect;
use crate::state_codec::{StateError, StateReader, StateWriter};

// A rider whom the model misses for a moment still rides.
const RIDER_S: f32 = 1.0;
// A rider who waits at a crossing without being detected stays a road user for this long.
const STANDSTILL_S: f32 = 3.0;
// The distance that counts as motion, as a share of the box's longer side. The box of a parked bicycle jumps by less when a
// passer-by hides half of it.
const MOVED: f32 = 0.6;

/// The evidence that somebody rides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parking {
    // Where it was when it last moved.
    anchor: (f32, f32),
    last_moved_us: Option<i64>,
    last_ridden_us: Option<i64>,
}

impl Parking {
    pub fn start(rect: &Rect) -> Self {
        Self { anchor: rect.centre(), last_moved_us: None, last_ridden_us: None }
    }

    /// Records a detection; `rect` is the smoothed box.
    pub fn observe(&mut self, rect: &Rect, riderless: bool, now_us: i64) {
        if !riderless {
            self.last_ridden_us = Some(now_us);
        }
        let (x, y) = rect.centre();
        let distance = (x - self.anchor.0).hypot(y - self.anchor.1);
        if distance > MOVED * rect.width.max(rect.height) {
            self.anchor = (x, y);
            self.last_moved_us = Some(now_us);
        }
    }

    /// Whether it stands still without a rider. Always false for what is no bicycle or motorcycle.
    pub fn is_parked(&self, now_us: i64) -> bool {
        let within = |last: Option<i64>, seconds: f32| last.is_some_and(|last| now_us - last <= micros(seconds));
        !within(self.last_ridden_us, RIDER_S) && !within(self.last_moved_us, STANDSTILL_S)
    }

    pub fn save(&self, state: &mut StateWriter) {
        state.reals(&[self.anchor.0, self.anchor.1]);
        for time in [self.last_moved_us, self.last_ridden_us] {
            state.flag(time.is_some());
            if let Some(time) = time {
                state.time(time);
            }
        }
    }

    pub fn read(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let [x, y] = state.reals()?;
        let mut time = || Ok(if state.flag()? { Some(state.past()?) } else { None });
        Ok(Self { anchor: (x, y), last_moved_us: time()?, last_ridden_us: time()? })
    }

    /// Whether no rider had been detected for a while at a time.
    pub fn is_riderless(&self, now_us: i64) -> bool {
        self.last_ridden_us.is_none_or(|last| now_us - last > micros(RIDER_S))
    }
}
