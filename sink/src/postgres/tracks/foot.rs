//! The foot point of a detection: where the road user touches the ground.

/// No picture is as large. Boxes are only known to be finite; their sums may not be.
const LIMIT_PX: f64 = 1e6;

/// The middle of a box's bottom edge, in pixels of the camera's own picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Foot {
    pub(crate) x: f32,
    pub(crate) y: f32,
}

impl Foot {
    /// Of the box `left`, `top`, `width`, `height`.
    pub(crate) fn of([left, top, width, height]: [f32; 4]) -> Self {
        let x = f64::from(left) + f64::from(width) / 2.0;
        let y = f64::from(top) + f64::from(height);
        Self { x: x.clamp(-LIMIT_PX, LIMIT_PX) as f32, y: y.clamp(-LIMIT_PX, LIMIT_PX) as f32 }
    }

    pub(crate) fn distance(self, other: (f64, f64)) -> f64 {
        (f64::from(self.x) - other.0).hypot(f64::from(self.y) - other.1)
    }

    /// The place at `share` of the way to `other`.
    pub(crate) fn towards(self, other: Self, share: f64) -> (f64, f64) {
        let between = |from: f32, to: f32| f64::from(from) + (f64::from(to) - f64::from(from)) * share;
        (between(self.x, other.x), between(self.y, other.y))
    }

    pub(crate) fn coordinates(self) -> (f64, f64) {
        (f64::from(self.x), f64::from(self.y))
    }
}
