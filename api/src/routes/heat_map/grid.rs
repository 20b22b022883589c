//! How long paths are in each cell of a picture.

use vru_storage::paths::TrackPath;

/// Seconds in each cell, row by row, from the top left.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grid {
    columns: u16,
    rows: u16,
    seconds: Vec<f64>,
}

impl Grid {
    pub(super) fn new(columns: u16, rows: u16) -> Self {
        Self { columns, rows, seconds: vec![0.0; usize::from(columns) * usize::from(rows)] }
    }

    /// Adds a path. A foot point beyond the picture counts for the nearest cell.
    pub(super) fn add(&mut self, path: &TrackPath) {
        let (width, height) = path.source_size;
        let x = |at: &f32| f64::from(*at) / f64::from(width.max(1)) * f64::from(self.columns);
        let y = |at: &f32| f64::from(*at) / f64::from(height.max(1)) * f64::from(self.rows);
        let points: Vec<_> = path.at.iter().zip(path.x.iter().map(x)).zip(path.y.iter().map(y)).collect();
        for pair in points.windows(2) {
            let [((began, x0), y0), ((ended, x1), y1)] = pair else { continue };
            let seconds = ended.duration_since(**began).unwrap_or_default().as_secs_f64();
            self.add_step((*x0, *y0), (*x1, *y1), seconds);
        }
    }

    /// A straight and even step, in cells. Each part of it between two edges of cells counts for its cell.
    fn add_step(&mut self, from: (f64, f64), to: (f64, f64), seconds: f64) {
        let mut cuts = vec![0.0, 1.0];
        cuts.extend(crossings(from.0, to.0, self.columns));
        cuts.extend(crossings(from.1, to.1, self.rows));
        cuts.sort_by(f64::total_cmp);
        for pair in cuts.windows(2) {
            let [start, end] = [pair[0], pair[1]];
            let middle = f64::midpoint(start, end);
            let cell = self.cell(from.0 + (to.0 - from.0) * middle, from.1 + (to.1 - from.1) * middle);
            self.seconds[cell] += seconds * (end - start);
        }
    }

    fn cell(&self, x: f64, y: f64) -> usize {
        let number = |at: f64, cells: u16| (at.max(0.0) as usize).min(usize::from(cells) - 1);
        number(y, self.rows) * usize::from(self.columns) + number(x, self.columns)
    }

    /// Row by row, to the millisecond.
    pub(super) fn into_rows(self) -> Vec<Vec<f64>> {
        let rounded = |row: &[f64]| row.iter().map(|seconds| (seconds * 1e3).round() / 1e3).collect();
        self.seconds.chunks(usize::from(self.columns)).map(rounded).collect()
    }
}

/// At which shares of the way from one place to another the edges between cells are crossed.
fn crossings(from: f64, to: f64, cells: u16) -> impl Iterator<Item = f64> {
    let (low, high) = (from.min(to), from.max(to));
    let first = (low.floor() + 1.0).clamp(1.0, f64::from(cells));
    let last = (high.ceil() - 1.0).clamp(0.0, f64::from(cells) - 1.0);
    (first as u16..=last as u16).map(move |edge| (f64::from(edge) - from) / (to - from))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn path(points: &[(f64, f32, f32)]) -> TrackPath {
        let at = |(seconds, ..): &(f64, f32, f32)| SystemTime::UNIX_EPOCH + Duration::from_secs_f64(*seconds);
        TrackPath {
            source_size: (400, 200),
            at: points.iter().map(at).collect(),
            x: points.iter().map(|point| point.1).collect(),
            y: points.iter().map(|point| point.2).collect(),
        }
    }

    /// Of a picture of 400 × 200 pixels in 4 × 2 cells.
    fn grid(points: &[(f64, f32, f32)]) -> Vec<Vec<f64>> {
        let mut grid = Grid::new(4, 2);
        grid.add(&path(points));
        grid.into_rows()
    }

    #[test]
    fn who_walks_evenly_is_as_long_in_each_cell_as_the_cell_is_wide() {
        // From x = 50 to x = 350 in 6 s: 1 s to the first edge, then 2 s for each cell.
        let right = grid(&[(0.0, 50.0, 50.0), (6.0, 350.0, 50.0)]);
        assert_eq!(right, [[1.0, 2.0, 2.0, 1.0], [0.0; 4]]);
        assert_eq!(grid(&[(0.0, 350.0, 50.0), (6.0, 50.0, 50.0)]), right);
    }

    #[test]
    fn a_diagonal_counts_for_the_cells_that_it_passes() {
        // Through the corner that four cells share, and beside it.
        assert_eq!(grid(&[(0.0, 0.0, 0.0), (4.0, 200.0, 200.0)]), [[2.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0]]);
        let beside = grid(&[(0.0, 50.0, 0.0), (4.0, 250.0, 200.0)]);
        assert_eq!(beside, [[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 1.0, 0.0]]);
    }

    #[test]
    fn who_stands_counts_where_they_stand_and_one_point_is_no_time() {
        assert_eq!(grid(&[(0.0, 130.0, 150.0), (30.0, 130.0, 150.0)])[1], [0.0, 30.0, 0.0, 0.0]);
        assert_eq!(grid(&[(0.0, 130.0, 150.0)]), [[0.0; 4]; 2]);
    }

    #[test]
    fn a_foot_point_at_the_edge_or_beyond_it_counts_for_the_nearest_cell() {
        // The bottom of the picture belongs to its last row.
        assert_eq!(grid(&[(0.0, 400.0, 200.0), (2.0, 400.0, 200.0)])[1], [0.0, 0.0, 0.0, 2.0]);
        assert_eq!(grid(&[(0.0, -50.0, -10.0), (2.0, -50.0, -10.0)])[0], [2.0, 0.0, 0.0, 0.0]);
        // From 100 left of the picture to 100 right of it, at 100 pixels a second.
        assert_eq!(grid(&[(0.0, -100.0, 50.0), (6.0, 500.0, 50.0)])[0], [2.0, 1.0, 1.0, 2.0]);
    }

    #[test]
    fn no_time_is_lost_whatever_the_path() {
        let mut state = 7_u64;
        let mut random = |limit: f32| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1_u64 << 24) as f32 * limit - 50.0
        };
        for _ in 0..1_000 {
            let points: Vec<_> = (0..5).map(|at| (f64::from(at) * 1.5, random(500.0), random(300.0))).collect();
            let mut grid = Grid::new(16, 9);
            grid.add(&path(&points));
            let sum: f64 = grid.seconds.iter().sum();
            assert!((sum - 6.0).abs() < 1e-6, "{sum} of {points:?}");
        }
    }
}
