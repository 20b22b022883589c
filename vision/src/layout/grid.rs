//! The grids of cells from which anchor-free detectors predict, one grid per feature map.

use super::decode_error::LayoutDecodeError;

/// Pixels of the input per cell, unless the card names others.
pub(super) const USUAL_STRIDES: [u32; 3] = [8, 16, 32];

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
