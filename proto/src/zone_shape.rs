//! Whether a polygon has an area.

use std::collections::HashMap;

use crate::v1::Point;

/// Twice the area of the smallest triangle that counts, as a fraction of the picture: a tenth of a pixel of a large picture.
const FLAT: f64 = 1e-7;

/// Whether any part of the picture is inside the polygon. Corners that coincide, lie on a straight line or lead out and back add nothing.
pub(crate) fn has_area(polygon: &[Point]) -> bool {
    let mut corners: Vec<Point> = polygon.to_vec();
    // Where the last removal may have made another corner flat.
    let mut at = 0;
    let mut unchanged = 0;
    while corners.len() >= 3 && unchanged < corners.len() {
        let count = corners.len();
        let at_next = (at + 1) % count;
        if is_flat(corners[(at + count - 1) % count], corners[at], corners[at_next]) {
            corners.remove(at);
            at = at.saturating_sub(1) % corners.len();
            unchanged = 0;
        } else {
            at = at_next;
            unchanged += 1;
        }
    }
    corners.len() >= 3 && !edges_cancel(&corners)
}

fn is_flat(before: Point, corner: Point, after: Point) -> bool {
    let cross = (corner.x - before.x) * (after.y - before.y) - (corner.y - before.y) * (after.x - before.x);
    cross.abs() < FLAT
}

/// Whether each edge comes an even number of times: by the even-odd rule nothing is inside then.
fn edges_cancel(corners: &[Point]) -> bool {
    let bits = |point: Point| (point.x.to_bits(), point.y.to_bits());
    let mut odd: HashMap<_, bool> = HashMap::new();
    for (at, corner) in corners.iter().enumerate() {
        let (one, other) = (bits(*corner), bits(corners[(at + 1) % corners.len()]));
        let edge = if one <= other { (one, other) } else { (other, one) };
        *odd.entry(edge).or_default() ^= true;
    }
    !odd.values().any(|odd| *odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(corners: &[(f64, f64)]) -> bool {
        has_area(&corners.iter().map(|&(x, y)| Point { x, y }).collect::<Vec<_>>())
    }

    #[test]
    fn polygons_without_area_are_found() {
        let (a, b, c, d) = ((0.1, 0.1), (0.9, 0.2), (0.5, 0.8), (0.2, 0.7));
        for corners in [
            &[a, a, a][..],
            &[a, b, a],
            &[a, b, a, b],
            &[a, a, b, b],
            // On one line, in and out of order.
            &[(0.1, 0.1), (0.5, 0.5), (0.9, 0.9)],
            &[(0.1, 0.1), (0.9, 0.9), (0.5, 0.5), (0.3, 0.3)],
            &[(0.0, 1.0), (0.3, 1.0), (1.0, 1.0), (0.6, 1.0)],
            // Out and back.
            &[a, b, c, b],
            &[a, b, c, d, c, b],
            // Twice around: by the even-odd rule nothing is inside.
            &[a, b, c, a, b, c],
            // Thinner than a pixel.
            &[(0.1, 0.5), (0.9, 0.5), (0.9, 0.500_000_01), (0.1, 0.500_000_01)],
        ] {
            assert!(!area(corners), "{corners:?}");
        }
    }

    #[test]
    fn polygons_with_area_are_accepted() {
        let circle: Vec<(f64, f64)> = (0..1000)
            .map(|step| f64::from(step) * std::f64::consts::TAU / 1000.0)
            .map(|angle| (0.5 + 0.1 * angle.cos(), 0.5 + 0.1 * angle.sin()))
            .collect();
        for corners in [
            &[(0.1, 0.1), (0.9, 0.2), (0.5, 0.8)][..],
            // The first corner again at the end, and a corner twice.
            &[(0.1, 0.1), (0.9, 0.2), (0.9, 0.2), (0.5, 0.8), (0.1, 0.1)],
            // A spike, and corners along an edge.
            &[(0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.5), (1.0, 1.0), (0.0, 1.0)],
            // Edges that cross: two triangles, whose signed areas add up to 0.
            &[(0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)],
            // A pixel of 4K.
            &[(0.5, 0.5), (0.51, 0.5), (0.51, 0.5005), (0.5, 0.5005)],
            &circle,
        ] {
            assert!(area(corners), "{corners:?}");
        }
    }
}
