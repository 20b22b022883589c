//! The path of a track: at most [`MAX_POINTS`] of its foot points, with a bound on what the others deviate.
//!
//! Points are added in the order of time. Whenever there is one too many, the point is removed whose removal costs least
//! (as Visvalingam and Whyatt do, but by distance at equal times instead of area). So the path after a detection follows from
//! the path before it, and no detection is read a second time.

use super::foot::Foot;

/// More points than this are never kept.
pub(crate) const MAX_POINTS: usize = 32;
/// Points are also removed, below the maximum, as long as the error stays within this many pixels.
const TOLERANCE_PX: f64 = 1.0;

/// A point of the path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PathPoint {
    /// Capture time, microseconds since the Unix epoch.
    pub(crate) at_us: i64,
    pub(crate) foot: Foot,
    /// For the piece from the previous point to this one: at each moment, no detection was farther in pixels from the place that
    /// linear interpolation gives.
    pub(crate) error_px: f32,
}

/// A simplified path.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Path {
    points: Vec<PathPoint>,
}

impl Path {
    pub(crate) fn of(points: Vec<PathPoint>) -> Self {
        Self { points }
    }

    pub(crate) fn points(&self) -> &[PathPoint] {
        &self.points
    }

    /// The largest error of all pieces.
    pub(crate) fn error_px(&self) -> f32 {
        self.points.iter().map(|point| point.error_px).fold(0.0, f32::max)
    }

    /// Adds the latest position. The first and the last position always stay.
    pub(crate) fn push(&mut self, at_us: i64, foot: Foot) {
        self.points.push(PathPoint { at_us, foot, error_px: 0.0 });
        while let Some((at, error)) = self.cheapest() {
            if self.points.len() <= MAX_POINTS && error > TOLERANCE_PX {
                break;
            }
            self.points.remove(at);
            self.points[at].error_px = rounded_up(error);
        }
    }

    /// The inner point whose removal gives the smallest error, and that error. The earliest of several.
    fn cheapest(&self) -> Option<(usize, f64)> {
        let costs = self.points.windows(3).map(|three| joined_error(three[0], three[1], three[2]));
        (1..).zip(costs).min_by(|one, other| one.1.total_cmp(&other.1))
    }
}

/// The error of the piece from `before` to `after` without `point`.
///
/// The old and the new piece agree at `before` and `after`. In between their distance grows linearly up to `point`, where it is
/// the distance of `point` from the new piece. So whatever was removed earlier deviates by at most that much more than before.
fn joined_error(before: PathPoint, point: PathPoint, after: PathPoint) -> f64 {
    let span = after.at_us - before.at_us;
    let share = if span > 0 { (point.at_us - before.at_us) as f64 / span as f64 } else { 0.0 };
    let distance = point.foot.distance(before.foot.towards(after.foot, share));
    f64::from(point.error_px.max(after.error_px)) + distance
}

/// A bound must not become smaller by rounding.
fn rounded_up(value: f64) -> f32 {
    let rounded = value as f32;
    if f64::from(rounded) < value { rounded.next_up() } else { rounded }
}

#[cfg(test)]
mod tests {
    use rand::Rng as _;
    use vru_runtime::test_util::seeded_rng;

    use super::*;

    fn path(positions: &[(i64, f32, f32)]) -> Path {
        let mut path = Path::default();
        for &(at_us, x, y) in positions {
            path.push(at_us, Foot { x, y });
        }
        path
    }

    /// The largest distance of a position from the place where the path is at the same time.
    fn deviation(path: &Path, positions: &[(i64, f32, f32)]) -> f64 {
        let deviation = |&(at_us, x, y): &(i64, f32, f32)| {
            let piece =
                path.points.windows(2).find(|piece| (piece[0].at_us..=piece[1].at_us).contains(&at_us)).unwrap();
            let share = (at_us - piece[0].at_us) as f64 / (piece[1].at_us - piece[0].at_us) as f64;
            Foot { x, y }.distance(piece[0].foot.towards(piece[1].foot, share))
        };
        positions.iter().map(deviation).fold(0.0, f64::max)
    }

    #[test]
    fn a_steady_walk_is_its_two_ends() {
        let walk: Vec<_> =
            (0..500).map(|step| (step * 100_000, step as f32 * 2.0, 300.0 - step as f32 * 0.5)).collect();
        let path = path(&walk);
        assert_eq!(path.points.len(), 2);
        assert!(path.error_px() <= 1.0);
        assert!(deviation(&path, &walk) <= f64::from(path.error_px()) + 1e-6);
    }

    #[test]
    fn corners_and_stops_stay() {
        // Right, a stop of 5 s, down.
        let walk: Vec<_> = (0..150_i64)
            .map(|step| (step * 100_000, step.min(50) as f32 * 4.0, (step - 100).max(0) as f32 * 4.0))
            .collect();
        let path = path(&walk);
        let corners: Vec<_> =
            path.points.iter().map(|point| (point.at_us / 100_000, point.foot.x, point.foot.y)).collect();
        assert_eq!(corners, [(0, 0.0, 0.0), (50, 200.0, 0.0), (100, 200.0, 0.0), (149, 200.0, 196.0)]);
    }

    #[test]
    fn the_stated_error_bounds_every_position_and_stays_small() {
        let mut random = seeded_rng("path");
        for steps in [3_usize, 40, 400, 5_000] {
            let (mut x, mut y, mut at) = (500.0, 500.0, 0);
            let walk: Vec<_> = (0..steps)
                .map(|step| {
                    let turn = step as f32 / 300.0;
                    (x, y) = (x + 2.0 * turn.cos(), y + 2.0 * turn.sin());
                    at += random.random_range(30_000..300_000);
                    (at, x + random.random_range(-2.0..2.0), y + random.random_range(-2.0..2.0))
                })
                .collect();
            let path = path(&walk);
            let (points, found) = (path.points(), deviation(&path, &walk));
            assert!(points.len() <= MAX_POINTS);
            let ends = [points[0], points[points.len() - 1]].map(|point| (point.at_us, point.foot.x, point.foot.y));
            assert_eq!(ends, [walk[0], walk[steps - 1]]);
            assert!(found <= f64::from(path.error_px()) + 1e-6, "{steps}: {found} > {}", path.error_px());
            assert!(path.error_px() < 300.0, "{steps}: {}", path.error_px());
        }
    }

    #[test]
    fn positions_of_the_same_time_and_far_outside_do_no_harm() {
        let same: Vec<_> = (0..100).map(|step| (7, step as f32, 0.0)).collect();
        assert!(path(&same).points.len() <= MAX_POINTS);
        let far: Vec<_> = (0..100).map(|step| (step, if step % 2 == 0 { 1e6 } else { -1e6 }, 0.0)).collect();
        let path = path(&far);
        assert!(path.points.len() <= MAX_POINTS && path.error_px().is_finite());
    }
}
