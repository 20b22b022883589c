//! Descriptions and views of output tensors.

use std::fmt;

use super::DecodeError;

/// What a model says about one of its outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Name of the output.
    pub name: String,
    /// Dimensions, the batch first; -1 where free.
    pub shape: Vec<i64>,
}

impl fmt::Display for TensorInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<_> =
            self.shape.iter().map(|&size| if size < 0 { "?".to_owned() } else { size.to_string() }).collect();
        write!(f, "{} [{}]", self.name, sizes.join("×"))
    }
}

/// One output of one run.
#[derive(Debug, Clone, Copy)]
pub struct TensorView<'a> {
    /// Dimensions, the batch first.
    pub shape: &'a [usize],
    /// The numbers, the last dimension fastest.
    pub data: &'a [f32],
}

/// One picture's part of an output: `rows` of `columns` numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub rows: usize,
    pub columns: usize,
    pub data: &'a [f32],
}

/// The part of picture `batch` of output `output`, which has `rank` dimensions.
fn part<'a>(
    outputs: &[TensorView<'a>],
    output: usize,
    batch: usize,
    rank: usize,
) -> Result<(&'a [usize], &'a [f32]), DecodeError> {
    let view = outputs.get(output).ok_or(DecodeError::Missing { output, got: outputs.len() })?;
    let shape = view.shape;
    let fault = || DecodeError::Shape { output, shape: shape.to_vec(), len: view.data.len() };
    if shape.len() != rank {
        return Err(fault());
    }
    if batch >= shape[0] {
        return Err(DecodeError::Batch { output, batch, got: shape[0] });
    }
    let len = shape[1..].iter().try_fold(1_usize, |len, &size| len.checked_mul(size)).ok_or_else(fault)?;
    let end = batch.checked_add(1).and_then(|next| next.checked_mul(len)).ok_or_else(fault)?;
    let data = view.data.get(end - len..end).ok_or_else(fault)?;
    Ok((&shape[1..], data))
}

/// One picture's part of an output of three dimensions.
pub(super) fn matrix<'a>(outputs: &[TensorView<'a>], output: usize, batch: usize) -> Result<Matrix<'a>, DecodeError> {
    let (shape, data) = part(outputs, output, batch, 3)?;
    Ok(Matrix { rows: shape[0], columns: shape[1], data })
}

/// One picture's part of an output of two dimensions.
pub(super) fn vector<'a>(outputs: &[TensorView<'a>], output: usize, batch: usize) -> Result<&'a [f32], DecodeError> {
    part(outputs, output, batch, 2).map(|(_, data)| data)
}

impl<'a> Matrix<'a> {
    /// Fails unless the columns are as many as the layout was made for.
    pub fn with_columns(self, output: usize, columns: usize) -> Result<Self, DecodeError> {
        if self.columns == columns { Ok(self) } else { Err(self.misfit(output)) }
    }

    /// The error for a size that does not fit the layout.
    pub fn misfit(&self, output: usize) -> DecodeError {
        DecodeError::Shape { output, shape: vec![1, self.rows, self.columns], len: self.data.len() }
    }

    /// Row after row.
    pub fn iter_rows(&self) -> std::slice::ChunksExact<'a, f32> {
        self.data.chunks_exact(self.columns.max(1))
    }

    /// One row.
    pub fn row(&self, at: usize) -> &'a [f32] {
        &self.data[at * self.columns..(at + 1) * self.columns]
    }
}
