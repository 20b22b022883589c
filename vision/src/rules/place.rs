//! Zones and lines in the picture, in fractions of its size.

use crate::geometry::{Point, Polygon};

/// Where a situation is: the id of a zone or of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Zone(String),
    Line(String),
}

/// A named part of the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// Unique among the zones of a camera.
    pub id: String,
    pub polygon: Polygon,
}

/// A named line across the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Unique among the lines of a camera.
    pub id: String,
    from: Point,
    to: Point,
}

/// Why two points are not a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    #[error("a point of the line has a coordinate that is not finite")]
    NotFinite,
    #[error("the points of the line are the same")]
    NoLength,
}

impl Line {
    pub fn new(id: String, from: Point, to: Point) -> Result<Self, LineError> {
        if ![from.x, from.y, to.x, to.y].iter().all(|value| value.is_finite()) {
            return Err(LineError::NotFinite);
        }
        if from == to {
            return Err(LineError::NoLength);
        }
        Ok(Self { id, from, to })
    }

    /// How far a point is from the endless line through both points, in pixels of a picture of this size. Positive on the right hand of
    /// somebody who stands at the first point and looks to the second.
    pub(super) fn signed_distance(&self, point: Point, size: (u32, u32)) -> f64 {
        let ((from, to), point) = (self.in_pixels(size), pixels(point, size));
        cross(from, to, point) / (to.x - from.x).hypot(to.y - from.y).max(f64::MIN_POSITIVE)
    }

    /// Whether the way between two points on different sides of the endless line leads between the line's two points.
    pub(super) fn is_between(&self, one: Point, other: Point, size: (u32, u32)) -> bool {
        let ((from, to), one, other) = (self.in_pixels(size), pixels(one, size), pixels(other, size));
        let (a, b) = (cross(one, other, from), cross(one, other, to));
        // A way through an end of the line crosses it.
        a == 0.0 || b == 0.0 || (a < 0.0) != (b < 0.0)
    }

    fn in_pixels(&self, size: (u32, u32)) -> (Point, Point) {
        (pixels(self.from, size), pixels(self.to, size))
    }
}

fn pixels(point: Point, (width, height): (u32, u32)) -> Point {
    Point { x: point.x * f64::from(width), y: point.y * f64::from(height) }
}

fn cross(origin: Point, a: Point, b: Point) -> f64 {
    (a.x - origin.x) * (b.y - origin.y) - (a.y - origin.y) * (b.x - origin.x)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (u32, u32) = (200, 100);

    fn point(x: f64, y: f64) -> Point {
        Point { x, y }
    }

    #[test]
    fn the_right_hand_of_a_line_to_the_right_is_below_it_and_distances_are_pixels() {
        let line = Line::new("l".to_owned(), point(0.2, 0.5), point(0.8, 0.5)).unwrap();
        assert!((line.signed_distance(point(0.3, 0.7), SIZE) - 20.0).abs() < 1e-9);
        assert!((line.signed_distance(point(0.3, 0.4), SIZE) + 10.0).abs() < 1e-9);
        let upright = Line::new("l".to_owned(), point(0.5, 1.0), point(0.5, 0.0)).unwrap();
        assert!((upright.signed_distance(point(0.6, 0.5), SIZE) - 20.0).abs() < 1e-9);
    }

    #[test]
    fn a_way_around_the_end_does_not_lead_between_the_points() {
        let line = Line::new("l".to_owned(), point(0.2, 0.5), point(0.8, 0.5)).unwrap();
        assert!(line.is_between(point(0.5, 0.4), point(0.6, 0.6), SIZE));
        assert!(!line.is_between(point(0.9, 0.4), point(0.85, 0.6), SIZE));
        assert!(!line.is_between(point(0.1, 0.4), point(0.1, 0.6), SIZE));
    }

    #[test]
    fn points_without_a_line_are_refused() {
        let line = |x| Line::new("l".to_owned(), point(0.2, 0.5), point(x, 0.5));
        assert_eq!(line(0.2), Err(LineError::NoLength));
        assert_eq!(line(f64::NAN), Err(LineError::NotFinite));
    }
}
