//! The grids of cells from which anchor-free detectors predict, one grid per feature map.

use super::decode_error::LayoutDecodeError;

/// Pixels of the input per cell, unless the card names others.
pub(super) const USUAL_STRIDES: [u32; 3] = [8, 16, 32];

/// The strides of detectors: three maps, or a fourth for large or for small objects.
const STRIDE_SETS: [&[u32]; 3] = [&USUAL_STRIDES, &[8, 16, 32, 64], &[4, 8, 16, 32]];
/// Of tiny detectors with anchors. The grids of detectors without anchors are never so few.
const TINY_STRIDES: &[u32] = &[16, 32];

/// The cells of one feature map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Grid {
    pub stride: u32,
    pub columns: usize,
    pub rows: usize,
}

impl Grid {
    pub fn new(stride: u32, input: (u32, u32)) -> Self {
        let cells = |side: u32| side.div_ceil(stride.max(1)) as usize;
        Self { stride, columns: cells(input.0), rows: cells(input.1) }
    }

    pub fn len(&self) -> usize {
        self.columns.saturating_mul(self.rows)
    }

    /// Column and row of a cell.
    pub fn cell(&self, at: usize) -> (f32, f32) {
        ((at % self.columns) as f32, (at / self.columns) as f32)
    }
}

/// One grid per stride, in the order of the strides.
pub(super) fn grids(strides: &[u32], input: (u32, u32)) -> Vec<Grid> {
    strides.iter().map(|&stride| Grid::new(stride, input)).collect()
}

/// Number of cells in the grids of all strides. It saturates: metadata may claim an input of any size.
pub(super) fn cells(strides: &[u32], input: (u32, u32)) -> usize {
    strides.iter().fold(0, |sum, &stride| Grid::new(stride, input).len().saturating_add(sum))
}

/// The usual strides whose grids have `rows` cells.
pub(super) fn strides_of(input: (u32, u32), rows: i64) -> Option<&'static [u32]> {
    let rows = usize::try_from(rows).ok()?;
    STRIDE_SETS.into_iter().find(|strides| cells(strides, input) == rows)
}

/// Whether `rows` is the number of cells of the stated strides, or of usual ones, times `each`.
pub(super) fn cells_of_any(strides: Option<&[u32]>, input: (u32, u32), rows: usize, each: usize) -> bool {
    let counts = |strides: &[u32]| cells(strides, input).checked_mul(each) == Some(rows);
    let usual = || STRIDE_SETS.iter().any(|strides| counts(strides)) || (each > 1 && counts(TINY_STRIDES));
    strides.map_or_else(usual, counts)
}

/// The grids of all strides, if they have as many cells as the output has rows.
pub(super) fn grids_of(
    strides: &[u32],
    input: (u32, u32),
    output: usize,
    rows: usize,
) -> Result<Vec<Grid>, LayoutDecodeError> {
    let needed = cells(strides, input);
    if needed == rows { Ok(grids(strides, input)) } else { Err(LayoutDecodeError::Grid { output, rows, needed }) }
}
