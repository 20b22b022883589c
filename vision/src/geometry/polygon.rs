//! Polygons in fractions of the picture, so that they are valid for every resolution of a camera.

/// A position in a picture as a fraction of its size: 0,0 is the top left, 1,1 the bottom right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// A polygon with at least three corners and some area. The last corner is connected to the first.
#[derive(Debug, Clone, PartialEq)]
pub struct Polygon {
    corners: Vec<Point>,
}

/// Why a list of corners is not a polygon.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PolygonError {
    #[error("a polygon needs at least 3 corners, got {0}")]
    TooFewCorners(usize),
    #[error("corner {0} of the polygon has a coordinate that is not finite")]
    NotFinite(usize),
    /// All corners are on one line.
    #[error("the polygon has no area")]
    NoArea,
}

// In fractions of a picture. A billionth is far below a pixel, and far above the rounding error.
const ON_EDGE: f64 = 1e-9;

impl Polygon {
    /// The corners may be in either direction.
    pub fn new(corners: Vec<Point>) -> Result<Self, PolygonError> {
        if corners.len() < 3 {
            return Err(PolygonError::TooFewCorners(corners.len()));
        }
        if let Some(at) = corners.iter().position(|corner| !corner.x.is_finite() || !corner.y.is_finite()) {
            return Err(PolygonError::NotFinite(at));
        }
        let first = corners[0];
        if corners.windows(2).all(|pair| cross(first, pair[0], pair[1]).abs() < ON_EDGE * ON_EDGE) {
            return Err(PolygonError::NoArea);
        }
        Ok(Self { corners })
    }

    pub fn corners(&self) -> &[Point] {
        &self.corners
    }

    /// Whether a point is inside. Edges and corners belong to the polygon. Polygons that intersect themselves follow the
    /// even-odd rule.
    pub fn contains(&self, point: Point) -> bool {
        if !point.x.is_finite() || !point.y.is_finite() {
            return false;
        }
        let mut inside = false;
        let mut previous = self.corners[self.corners.len() - 1];
        for &corner in &self.corners {
            if is_on_edge(previous, corner, point) {
                return true;
            }
            if (corner.y > point.y) != (previous.y > point.y) {
                let along = (point.y - corner.y) / (previous.y - corner.y);
                if point.x < corner.x + along * (previous.x - corner.x) {
                    inside = !inside;
                }
            }
            previous = corner;
        }
        inside
    }
}

fn cross(origin: Point, a: Point, b: Point) -> f64 {
    (a.x - origin.x) * (b.y - origin.y) - (a.y - origin.y) * (b.x - origin.x)
}

fn is_on_edge(from: Point, to: Point, point: Point) -> bool {
    let length = (to.x - from.x).hypot(to.y - from.y);
    cross(from, to, point).abs() <= ON_EDGE * length.max(ON_EDGE)
        && point.x >= from.x.min(to.x) - ON_EDGE
        && point.x <= from.x.max(to.x) + ON_EDGE
        && point.y >= from.y.min(to.y) - ON_EDGE
        && point.y <= from.y.max(to.y) + ON_EDGE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polygon(corners: &[(f64, f64)]) -> Polygon {
        Polygon::new(corners.iter().map(|&(x, y)| Point { x, y }).collect()).unwrap()
    }

    fn contains(polygon: &Polygon, x: f64, y: f64) -> bool {
        polygon.contains(Point { x, y })
    }

    #[test]
    fn the_notch_of_a_concave_polygon_is_outside() {
        let l_shape = polygon(&[(0.0, 0.0), (1.0, 0.0), (1.0, 0.4), (0.4, 0.4), (0.4, 1.0), (0.0, 1.0)]);
        assert!(contains(&l_shape, 0.2, 0.8));
        assert!(contains(&l_shape, 0.8, 0.2));
        assert!(!contains(&l_shape, 0.8, 0.8));
        assert!(!contains(&l_shape, -0.1, 0.2));
    }

    #[test]
    fn edges_and_corners_belong_to_the_polygon() {
        let square = polygon(&[(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)]);
        for (x, y) in [(0.1, 0.1), (0.9, 0.9), (0.5, 0.1), (0.9, 0.3), (0.1, 0.7), (0.3, 0.9)] {
            assert!(contains(&square, x, y), "{x},{y}");
        }
        for (x, y) in [(0.0999, 0.1), (0.95, 0.1), (0.5, 0.0999), (0.9001, 0.3)] {
            assert!(!contains(&square, x, y), "{x},{y}");
        }
    }

    #[test]
    fn a_ray_through_a_corner_counts_once() {
        let diamond = polygon(&[(0.5, 0.0), (1.0, 0.5), (0.5, 1.0), (0.0, 0.5)]);
        assert!(contains(&diamond, 0.3, 0.5));
        assert!(!contains(&diamond, -0.3, 0.5));
        assert!(!contains(&diamond, 0.1, 0.0));
    }

    #[test]
    fn corners_without_area_are_refused() {
        let point = |x, y| Point { x, y };
        assert_eq!(Polygon::new(vec![point(0.0, 0.0); 2]), Err(PolygonError::TooFewCorners(2)));
        assert_eq!(Polygon::new(vec![point(0.5, 0.5); 4]), Err(PolygonError::NoArea));
        assert_eq!(Polygon::new(vec![point(0.0, 0.0), point(0.5, 0.5), point(1.0, 1.0)]), Err(PolygonError::NoArea));
        assert_eq!(
            Polygon::new(vec![point(0.0, 0.0), point(f64::NAN, 0.5), point(1.0, 1.0)]),
            Err(PolygonError::NotFinite(1))
        );
    }

    #[test]
    fn a_point_that_is_not_finite_is_outside() {
        let square = polygon(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]);
        assert!(!contains(&square, f64::NAN, 0.5));
        assert!(!contains(&square, 0.5, f64::INFINITY));
    }
}
