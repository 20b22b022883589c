//! Zones: simple polygons in fractions of the picture, so that they hold for every resolution of a camera.

/// A place in a picture as a fraction of its size: 0,0 is the top left, 1,1 the bottom right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

/// A polygon with at least three corners and some area; the last corner is joined to the first.
#[derive(Debug, Clone, PartialEq)]
pub struct Polygon {
    corners: Vec<Point>,
}

/// Why corners make no polygon.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PolygonError {
    /// Two corners or fewer.
    #[error("a polygon needs at least 3 corners, got {0}")]
    TooFewCorners(usize),
    /// A coordinate is no number.
    #[error("corner {0} of the polygon has a coordinate that is no number")]
    NotFinite(usize),
    /// All corners on one line.
    #[error("the polygon has no area")]
    NoArea,
}

// Fractions of a picture: a billionth is far below a pixel, and far above the rounding of the arithmetic.
const ON_EDGE: f64 = 1e-9;

impl Polygon {
    /// From its corners in order, clockwise or not.
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

    /// The corners in order.
    pub fn corners(&self) -> &[Point] {
        &self.corners
    }

    /// Whether a point is inside. Edges and corners belong to the polygon; where a polygon crosses itself, a part is
    /// inside when an odd number of edges lies between it and the outside.
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

    fn holds(polygon: &Polygon, x: f64, y: f64) -> bool {
        polygon.contains(Point { x, y })
    }

    #[test]
    fn a_concave_zone_leaves_its_bay_out() {
        let l_shape = polygon(&[(0.0, 0.0), (1.0, 0.0), (1.0, 0.4), (0.4, 0.4), (0.4, 1.0), (0.0, 1.0)]);
        assert!(holds(&l_shape, 0.2, 0.8));
        assert!(holds(&l_shape, 0.8, 0.2));
        assert!(!holds(&l_shape, 0.8, 0.8));
        assert!(!holds(&l_shape, -0.1, 0.2));
    }

    #[test]
    fn edges_and_corners_belong_to_the_zone() {
        let square = polygon(&[(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)]);
        for (x, y) in [(0.1, 0.1), (0.9, 0.9), (0.5, 0.1), (0.9, 0.3), (0.1, 0.7), (0.3, 0.9)] {
            assert!(holds(&square, x, y), "{x},{y}");
        }
        for (x, y) in [(0.0999, 0.1), (0.95, 0.1), (0.5, 0.0999), (0.9001, 0.3)] {
            assert!(!holds(&square, x, y), "{x},{y}");
        }
    }

    #[test]
    fn a_ray_through_a_corner_counts_once() {
        let diamond = polygon(&[(0.5, 0.0), (1.0, 0.5), (0.5, 1.0), (0.0, 0.5)]);
        assert!(holds(&diamond, 0.3, 0.5));
        assert!(!holds(&diamond, -0.3, 0.5));
        assert!(!holds(&diamond, 0.1, 0.0));
    }

    #[test]
    fn corners_that_make_no_zone_are_refused() {
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
    fn no_number_is_in_no_zone() {
        let square = polygon(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]);
        assert!(!holds(&square, f64::NAN, 0.5));
        assert!(!holds(&square, 0.5, f64::INFINITY));
    }
}
