//! The error of decoding one run's outputs.

/// The outputs of a run do not have the shapes that the model declared when it was loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutDecodeError {
    #[error("output {output} is missing: the run returned {got} outputs")]
    Missing {
        /// Index of the output.
        output: usize,
        /// Number of outputs that the run returned.
        got: usize,
    },
    #[error("output {output} has a batch of {got} pictures, but picture {batch} was requested")]
    Batch {
        /// Index of the output.
        output: usize,
        /// Index of the requested picture in the batch.
        batch: usize,
        /// Size of the batch.
        got: usize,
    },
    /// The shape does not match the layout, or not the length of the data.
    #[error("output {output} has shape {shape:?} and {len} numbers, which does not fit the model's layout")]
    Shape {
        /// Index of the output.
        output: usize,
        shape: Vec<usize>,
        /// Length of the data.
        len: usize,
    },
    #[error("output {output} has {rows} cells, but the grids of this input size have {needed}")]
    Grid {
        /// Index of the output.
        output: usize,
        /// Cells in the output.
        rows: usize,
        /// Cells in the grids of all strides.
        needed: usize,
    },
}
