//! Constant-velocity Kalman filters, one per coordinate of a box.
//!
//! The coordinates of position and size are measured independently and move independently, so the filter with eight states
//! separates into four filters with two states. The result is the same, with a few multiplications instead of 8×8 matrices.

use crate::geometry::Rect;
use crate::state_codec::{StateError, StateReader, StateWriter};

// All values are in units of the box's longer side, so that they hold for near and far road users. A pedestrian reaches walking
// speed within a second, and walks about one body height per second.
const MEASUREMENT_STD: f32 = 0.1;
const SIZE_MEASUREMENT_STD: f32 = 0.1;
// Spectral density of the acceleration noise, box sizes² per second³.
const POSITION_NOISE: f32 = 0.8;
const SIZE_NOISE: f32 = 0.005;
const FIRST_SPEED_STD: f32 = 1.5;
const FIRST_SIZE_SPEED_STD: f32 = 0.15;
// Time constant with which the velocity of the size decays: a box does not grow or shrink for long.
const SIZE_DAMPING_S: f32 = 0.3;
// In pixels. Extrapolation must not make a box vanish.
const MIN_SIDE: f32 = 1.0;

/// One coordinate: its value, its velocity, and their covariance.
#[derive(Debug, Clone, Copy)]
struct Axis {
    value: f32,
    velocity: f32,
    // Covariance: v is the value, s the speed.
    vv: f32,
    vs: f32,
    ss: f32,
}

impl Axis {
    fn new(value: f32, value_std: f32, speed_std: f32) -> Self {
        Self { value, velocity: 0.0, vv: value_std * value_std, vs: 0.0, ss: speed_std * speed_std }
    }

    fn predict(&mut self, seconds: f32, noise: f32) {
        self.value += self.velocity * seconds;
        self.vv += seconds * (2.0 * self.vs + seconds * self.ss) + noise * seconds.powi(3) / 3.0;
        self.vs += seconds * self.ss + noise * seconds * seconds / 2.0;
        self.ss += noise * seconds;
    }

    fn update(&mut self, measured: f32, std: f32) {
        let total = self.vv + std * std;
        let (gain, speed_gain) = (self.vv / total, self.vs / total);
        let innovation = measured - self.value;
        self.value += gain * innovation;
        self.velocity += speed_gain * innovation;
        self.ss -= speed_gain * self.vs;
        self.vs *= 1.0 - gain;
        self.vv *= 1.0 - gain;
    }
}

/// The motion of one box.
#[derive(Debug, Clone, Copy)]
pub(super) struct Motion {
    x: Axis,
    y: Axis,
    width: Axis,
    height: Axis,
}

impl Motion {
    pub fn new(rect: &Rect) -> Self {
        let (x, y) = rect.centre();
        let size = rect.width.max(rect.height);
        let position = |value| Axis::new(value, MEASUREMENT_STD * size, FIRST_SPEED_STD * size);
        let side = |value| Axis::new(value, SIZE_MEASUREMENT_STD * size, FIRST_SIZE_SPEED_STD * size);
        Self { x: position(x), y: position(y), width: side(rect.width), height: side(rect.height) }
    }

    pub fn predict(&mut self, seconds: f32) {
        let square = self.size() * self.size();
        self.x.predict(seconds, POSITION_NOISE * square);
        self.y.predict(seconds, POSITION_NOISE * square);
        let damping = (-seconds / SIZE_DAMPING_S).exp();
        for side in [&mut self.width, &mut self.height] {
            side.predict(seconds, SIZE_NOISE * square);
            side.velocity *= damping;
            side.value = side.value.max(MIN_SIDE);
        }
    }

    /// Updates the filter with a measured box. A `trust` below 1 increases the measurement noise.
    pub fn update(&mut self, rect: &Rect, trust: f32) {
        let size = self.size() / trust.clamp(0.1, 1.0);
        let (x, y) = rect.centre();
        self.x.update(x, MEASUREMENT_STD * size);
        self.y.update(y, MEASUREMENT_STD * size);
        self.width.update(rect.width, SIZE_MEASUREMENT_STD * size);
        self.height.update(rect.height, SIZE_MEASUREMENT_STD * size);
    }

    pub fn rect(&self) -> Rect {
        Rect::from_centre(self.x.value, self.y.value, self.width.value.max(MIN_SIDE), self.height.value.max(MIN_SIDE))
    }

    /// Whether the state is finite. If it is not, no detection can match the track any more.
    pub fn is_finite(&self) -> bool {
        [self.x, self.y, self.width, self.height]
            .iter()
            .all(|axis| (axis.value + axis.velocity + axis.vv + axis.vs + axis.ss).is_finite())
    }

    pub fn save(&self, state: &mut StateWriter) {
        for Axis { value, velocity, vv, vs, ss } in [self.x, self.y, self.width, self.height] {
            state.reals(&[value, velocity, vv, vs, ss]);
        }
    }

    pub fn read(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let mut axis = || {
            let [value, velocity, vv, vs, ss] = state.reals()?;
            Ok(Axis { value, velocity, vv, vs, ss })
        };
        Ok(Self { x: axis()?, y: axis()?, width: axis()?, height: axis()? })
    }

    fn size(&self) -> f32 {
        self.width.value.max(self.height.value).max(MIN_SIDE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walker(seconds: f32) -> Rect {
        Rect { left: 100.0 + 60.0 * seconds, top: 50.0 - 20.0 * seconds, width: 30.0, height: 80.0 }
    }

    #[test]
    fn constant_motion_is_learnt_and_extrapolated() {
        let mut motion = Motion::new(&walker(0.0));
        for frame in 1..=20 {
            motion.predict(0.1);
            motion.update(&walker(frame as f32 * 0.1), 1.0);
        }
        // No detection for a second.
        for _ in 0..10 {
            motion.predict(0.1);
        }
        let (got, want) = (motion.rect(), walker(3.0));
        assert!((got.left - want.left).abs() < 4.0 && (got.top - want.top).abs() < 4.0, "{got:?} for {want:?}");
    }

    #[test]
    fn one_long_step_equals_many_short_ones() {
        let mut motion = Motion::new(&walker(0.0));
        for frame in 1..=10 {
            motion.predict(0.1);
            motion.update(&walker(frame as f32 * 0.1), 1.0);
        }
        let (mut long, mut short) = (motion, motion);
        long.predict(0.5);
        for _ in 0..5 {
            short.predict(0.1);
        }
        assert!((long.x.value - short.x.value).abs() < 1e-2);
        assert!((long.x.vv / short.x.vv - 1.0).abs() < 1e-3);
        assert!((long.x.vs / short.x.vs - 1.0).abs() < 1e-3);
    }

    #[test]
    fn uncertainty_stays_bounded_and_positive() {
        let mut motion = Motion::new(&walker(0.0));
        for frame in 1..2000 {
            motion.predict(if frame % 7 == 0 { 0.5 } else { 0.033 });
            motion.update(&walker(0.0), 1.0);
            for axis in [motion.x, motion.y, motion.width, motion.height] {
                assert!(axis.vv > 0.0 && axis.ss > 0.0 && axis.vv * axis.ss > axis.vs * axis.vs);
            }
        }
        assert!(motion.is_finite());
    }
}
