//! Axis-aligned boxes.

use super::Point;

/// An axis-aligned box in pixels; y grows downwards.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rect {
    pub left: f32,
    pub top: f32,
    pub width: f32,
    pub height: f32,
}

impl Rect {
    pub fn from_edges(left: f32, top: f32, right: f32, bottom: f32) -> Self {
        Self { left, top, width: right - left, height: bottom - top }
    }

    pub fn from_centre(x: f32, y: f32, width: f32, height: f32) -> Self {
        Self { left: x - width / 2.0, top: y - height / 2.0, width, height }
    }

    pub fn right(&self) -> f32 {
        self.left + self.width
    }

    pub fn bottom(&self) -> f32 {
        self.top + self.height
    }

    /// The centre as (x, y).
    pub fn centre(&self) -> (f32, f32) {
        (self.left + self.width / 2.0, self.top + self.height / 2.0)
    }

    /// The area; 0 if width or height is negative.
    pub fn area(&self) -> f32 {
        self.width.max(0.0) * self.height.max(0.0)
    }

    /// Whether all edges are finite and the area is above 0.
    pub fn is_valid(&self) -> bool {
        self.left.is_finite()
            && self.top.is_finite()
            && self.width.is_finite()
            && self.height.is_finite()
            && self.width > 0.0
            && self.height > 0.0
    }

    /// The area of the intersection.
    pub fn intersection(&self, other: &Self) -> f32 {
        let width = self.right().min(other.right()) - self.left.max(other.left);
        let height = self.bottom().min(other.bottom()) - self.top.max(other.top);
        if width > 0.0 && height > 0.0 { width * height } else { 0.0 }
    }

    /// Intersection over union (IoU), 0 to 1.
    pub fn iou(&self, other: &Self) -> f32 {
        let both = self.intersection(other);
        let union = self.area() + other.area() - both;
        if both > 0.0 && union > 0.0 { both / union } else { 0.0 }
    }

    /// The smallest box that contains both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::from_edges(
            self.left.min(other.left),
            self.top.min(other.top),
            self.right().max(other.right()),
            self.bottom().max(other.bottom()),
        )
    }

    /// The box that lies between both: this one at a `share` of 0, the other one at 1.
    #[must_use]
    pub fn towards(&self, other: &Self, share: f32) -> Self {
        let between = |from: f32, to: f32| from + (to - from) * share;
        Self {
            left: between(self.left, other.left),
            top: between(self.top, other.top),
            width: between(self.width, other.width),
            height: between(self.height, other.height),
        }
    }

    /// The box extended on each side by `share` of its size.
    #[must_use]
    pub fn grown(&self, share: f32) -> Self {
        let (x, y) = (self.width * share, self.height * share);
        Self { left: self.left - x, top: self.top - y, width: self.width + 2.0 * x, height: self.height + 2.0 * y }
    }

    /// The part inside a picture of the given size; `None` if there is none, or if an edge is not finite.
    pub fn clamped(&self, width: f32, height: f32) -> Option<Self> {
        let has_area = width > 0.0 && height > 0.0;
        if !has_area {
            return None;
        }
        let cut = Self::from_edges(
            self.left.clamp(0.0, width),
            self.top.clamp(0.0, height),
            self.right().clamp(0.0, width),
            self.bottom().clamp(0.0, height),
        );
        cut.is_valid().then_some(cut)
    }

    /// The foot point, where the road user touches the ground: the middle of the bottom edge, as a fraction of a picture of the given
    /// size. Of a box that reaches beyond the picture it is the nearest point of the picture: the centre of a pixel at its edge, so that a
    /// zone which ends at the edge contains it.
    pub fn foot_point(&self, picture_width: u32, picture_height: u32) -> Point {
        let inside = |position: f64, size: u32| {
            let size = f64::from(size.max(1));
            position.clamp(0.5, size - 0.5) / size
        };
        Point {
            x: inside(f64::from(self.left) + f64::from(self.width) / 2.0, picture_width),
            y: inside(f64::from(self.top) + f64::from(self.height), picture_height),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_overlapping_squares_have_an_iou_of_a_third() {
        let a = Rect::from_edges(0.0, 0.0, 2.0, 2.0);
        let b = Rect::from_edges(1.0, 0.0, 3.0, 2.0);
        assert!((a.iou(&b) - 1.0 / 3.0).abs() < 1e-6);
        assert!((a.iou(&a) - 1.0).abs() < 1e-6);
        assert_eq!(a.union(&b), Rect::from_edges(0.0, 0.0, 3.0, 2.0));
    }

    #[test]
    fn boxes_that_are_not_valid_have_no_overlap() {
        let a = Rect::from_edges(0.0, 0.0, 2.0, 2.0);
        for other in [
            Rect::from_edges(1.0, 1.0, 1.0, 1.0),
            Rect::from_edges(2.0, 2.0, 1.0, 1.0),
            Rect::from_edges(f32::NAN, 0.0, 2.0, 2.0),
            Rect::from_edges(2.0, 0.0, 4.0, 2.0),
        ] {
            assert!(a.iou(&other) == 0.0, "{other:?}");
        }
    }

    #[test]
    fn clamping_keeps_the_part_inside() {
        let inside = Rect::from_edges(-5.0, 2.0, 5.0, 20.0).clamped(10.0, 10.0);
        assert_eq!(inside, Some(Rect::from_edges(0.0, 2.0, 5.0, 10.0)));
        assert_eq!(Rect::from_edges(11.0, 0.0, 15.0, 5.0).clamped(10.0, 10.0), None);
        assert_eq!(Rect::from_edges(f32::NAN, 0.0, 15.0, 5.0).clamped(10.0, 10.0), None);
        assert_eq!(Rect::from_edges(0.0, 0.0, 15.0, 5.0).clamped(f32::NAN, 10.0), None);
    }

    #[test]
    fn the_foot_point_is_the_middle_of_the_bottom_edge() {
        let foot = Rect::from_edges(10.0, 0.0, 30.0, 50.0).foot_point(100, 200);
        assert_eq!(foot, Point { x: 0.2, y: 0.25 });
    }

    #[test]
    fn the_foot_point_of_a_box_that_reaches_beyond_the_picture_is_at_the_pictures_edge() {
        for (left, right, bottom, foot) in [
            (10.0, 30.0, 230.0, Point { x: 0.2, y: 199.5 / 200.0 }),
            (10.0, 30.0, 200.0, Point { x: 0.2, y: 199.5 / 200.0 }),
            (-40.0, 20.0, 100.0, Point { x: 0.005, y: 0.5 }),
            (90.0, 130.0, 100.0, Point { x: 0.995, y: 0.5 }),
            (10.0, 30.0, -5.0, Point { x: 0.2, y: 0.0025 }),
        ] {
            assert_eq!(Rect::from_edges(left, -10.0, right, bottom).foot_point(100, 200), foot);
        }
    }
}
