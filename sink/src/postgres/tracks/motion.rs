//! How far and how fast a track moved, in pixels and, where the camera is calibrated, in metres.
//!
//! Boxes shake from frame to frame, so the distance between two frames is mostly noise. Motion is measured in *steps*: from one
//! position to the first one that is at least a second later.

use super::foot::Foot;

/// The shortest step.
const STEP_US: i64 = 1_000_000;

/// Metres on the ground plane.
pub(crate) type Ground = (f64, f64);

/// Where the present step began.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Anchor {
    pub(crate) at_us: i64,
    pub(crate) foot: Foot,
    pub(crate) ground: Option<Ground>,
}

/// The sum of all steps in one unit of length.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Travel {
    pub(crate) length: f64,
    pub(crate) time_us: i64,
    /// Speed of the fastest step, per second.
    pub(crate) top_speed: f64,
}

impl Travel {
    fn add(&mut self, length: f64, time_us: i64) {
        self.length += length;
        self.time_us += time_us;
        self.top_speed = self.top_speed.max(per_second(length, time_us));
    }

    /// Mean and top speed per second; `None` before the first step.
    pub(crate) fn speeds(&self) -> Option<(f64, f64)> {
        (self.time_us > 0).then(|| (per_second(self.length, self.time_us), self.top_speed))
    }
}

/// Division first: a length near the largest number must not become infinite.
fn per_second(length: f64, time_us: i64) -> f64 {
    length / (time_us as f64 / 1e6)
}

/// The motion of a track so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Motion {
    pub(crate) anchor: Anchor,
    pub(crate) pixels: Travel,
    /// Of the steps whose two ends have a ground position.
    pub(crate) metres: Travel,
}

impl Motion {
    /// At the first position.
    pub(crate) fn from(anchor: Anchor) -> Self {
        Self { anchor, pixels: Travel::default(), metres: Travel::default() }
    }

    /// Adds the next position.
    pub(crate) fn push(&mut self, next: Anchor) {
        let time_us = next.at_us - self.anchor.at_us;
        if time_us < STEP_US {
            return;
        }
        self.pixels.add(next.foot.distance(self.anchor.foot.coordinates()), time_us);
        if let (Some(from), Some(to)) = (self.anchor.ground, next.ground) {
            self.metres.add((to.0 - from.0).hypot(to.1 - from.1), time_us);
        }
        self.anchor = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchor(at_ms: i64, x: f32, ground: Option<Ground>) -> Anchor {
        Anchor { at_us: at_ms * 1_000, foot: Foot { x, y: 0.0 }, ground }
    }

    #[test]
    fn a_walk_has_its_speed_and_a_box_that_shakes_has_none() {
        let mut motion = Motion::from(anchor(0, 0.0, Some((0.0, 0.0))));
        for step in 1..=100_i64 {
            // 2 px and 0.14 m in each 100 ms; every other box is 30 px aside.
            let shaken = step as f32 * 2.0 + if step % 2 == 1 { 30.0 } else { 0.0 };
            motion.push(anchor(step * 100, shaken, Some((step as f64 * 0.14, 0.0))));
        }
        let (mean, top) = motion.pixels.speeds().unwrap();
        assert!((mean - 20.0).abs() < 1e-6 && (top - 20.0).abs() < 1e-6, "{mean} {top}");
        let (mean, top) = motion.metres.speeds().unwrap();
        assert!((mean - 1.4).abs() < 1e-9 && (top - 1.4).abs() < 1e-9, "{mean} {top}");
    }

    #[test]
    fn without_ground_positions_there_is_no_speed_in_metres() {
        let mut motion = Motion::from(anchor(0, 0.0, None));
        motion.push(anchor(500, 5.0, None));
        assert_eq!(motion.pixels.speeds(), None, "shorter than a step");
        motion.push(anchor(1_000, 10.0, Some((0.0, 0.0))));
        assert_eq!((motion.pixels.speeds(), motion.metres.speeds()), (Some((10.0, 10.0)), None));
        motion.push(anchor(3_000, 10.0, Some((6.0, 0.0))));
        assert_eq!(motion.metres.speeds(), Some((3.0, 3.0)));
        assert!((motion.pixels.length - 10.0).abs() < 1e-9);
    }
}
