//! Finds the pairs of overlapping boxes without comparing all pairs.

use crate::geometry::Rect;

// Bounds the number of cells that a box over the whole picture covers.
const MAX_CELLS_PER_SIDE: usize = 64;

struct CellRange {
    columns: std::ops::RangeInclusive<usize>,
    lines: std::ops::RangeInclusive<usize>,
}

/// A coarse grid over a set of boxes. A cell has the size of an average box, so that a box covers few cells and a cell contains
/// few boxes.
struct BoxGrid {
    left: f32,
    top: f32,
    columns: usize,
    lines: usize,
    // Cells per pixel.
    per_x: f32,
    per_y: f32,
}

impl BoxGrid {
    fn over(rects: &[Rect]) -> Self {
        let bounds = rects.iter().skip(1).fold(rects[0], |bounds, rect| bounds.union(rect));
        let count = rects.len() as f32;
        let mean_width = rects.iter().map(|rect| rect.width).sum::<f32>() / count;
        let mean_height = rects.iter().map(|rect| rect.height).sum::<f32>() / count;
        // The cast converts NaN to 0, which the clamp raises to 1.
        let cells = |side: f32, mean: f32| ((side / mean) as usize).clamp(1, MAX_CELLS_PER_SIDE);
        let (columns, lines) = (cells(bounds.width, mean_width), cells(bounds.height, mean_height));
        let per = |cells: usize, side: f32| if side > 0.0 { cells as f32 / side } else { 0.0 };
        Self {
            left: bounds.left,
            top: bounds.top,
            columns,
            lines,
            per_x: per(columns, bounds.width),
            per_y: per(lines, bounds.height),
        }
    }

    fn column(&self, x: f32) -> usize {
        // The cast converts negative numbers and NaN to 0.
        (((x - self.left) * self.per_x) as usize).min(self.columns - 1)
    }

    fn line(&self, y: f32) -> usize {
        (((y - self.top) * self.per_y) as usize).min(self.lines - 1)
    }

    fn range(&self, rect: &Rect) -> CellRange {
        CellRange {
            columns: self.column(rect.left)..=self.column(rect.right()),
            lines: self.line(rect.top)..=self.line(rect.bottom()),
        }
    }
}

/// Calls `found(row, column)` once for each pair of overlapping boxes, in an order that depends on the boxes alone.
pub(super) fn overlapping(rows: &[Rect], columns: &[Rect], mut found: impl FnMut(usize, usize)) {
    if rows.is_empty() || columns.is_empty() {
        return;
    }
    let grid = BoxGrid::over(columns);
    let (starts, members) = fill(&grid, columns);
    for (row, rect) in rows.iter().enumerate() {
        let range = grid.range(rect);
        for line in range.lines {
            for cell_column in range.columns.clone() {
                let cell = line * grid.columns + cell_column;
                for &column in &members[starts[cell]..starts[cell + 1]] {
                    let other = &columns[column];
                    if rect.intersection(other) <= 0.0 {
                        continue;
                    }
                    // Both boxes may share several cells. The cell of the intersection's top left corner reports the pair.
                    let corner = (grid.column(rect.left.max(other.left)), grid.line(rect.top.max(other.top)));
                    if corner == (cell_column, line) {
                        found(row, column);
                    }
                }
            }
        }
    }
}

/// The boxes in each cell: those in cell `c` are `members[starts[c]..starts[c + 1]]`. Returns `(starts, members)`.
fn fill(grid: &BoxGrid, rects: &[Rect]) -> (Vec<usize>, Vec<usize>) {
    let mut starts = vec![0; grid.columns * grid.lines + 1];
    each_cell(grid, rects, |cell, _| starts[cell + 1] += 1);
    for cell in 1..starts.len() {
        starts[cell] += starts[cell - 1];
    }
    let mut next = starts.clone();
    let mut members = vec![0; starts[starts.len() - 1]];
    each_cell(grid, rects, |cell, rect| {
        members[next[cell]] = rect;
        next[cell] += 1;
    });
    (starts, members)
}

fn each_cell(grid: &BoxGrid, rects: &[Rect], mut visit: impl FnMut(usize, usize)) {
    for (at, rect) in rects.iter().enumerate() {
        let range = grid.range(rect);
        for line in range.lines {
            for column in range.columns.clone() {
                visit(line * grid.columns + column, at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn each_overlapping_pair_is_found_exactly_once() {
        let mut random = StdRng::seed_from_u64(11);
        for round in 0..60 {
            let mut boxes = |count: usize, largest: f32| -> Vec<Rect> {
                (0..count)
                    .map(|_| Rect {
                        left: random.random_range(-50.0..1900.0),
                        top: random.random_range(-50.0..1000.0),
                        width: random.random_range(1.0..largest),
                        height: random.random_range(1.0..largest),
                    })
                    .collect()
            };
            let largest = if round % 3 == 0 { 900.0 } else { 60.0 };
            let (rows, columns) = (boxes(1 + round * 3, largest), boxes(1 + round * 2, largest));
            let mut got = Vec::new();
            overlapping(&rows, &columns, |row, column| got.push((row, column)));
            got.sort_unstable();
            let mut want = Vec::new();
            for (row, a) in rows.iter().enumerate() {
                for (column, b) in columns.iter().enumerate() {
                    if a.intersection(b) > 0.0 {
                        want.push((row, column));
                    }
                }
            }
            assert_eq!(got, want);
        }
    }
}
