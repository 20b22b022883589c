//! Descriptions of output tensors, and access to their data.

use std::fmt;

use super::decode_error::LayoutDecodeError;

/// The declaration of one model output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    pub name: String,
    /// Dimensions, the batch first; -1 where dynamic.
    pub shape: Vec<i64>,
}

impl TensorInfo {
    /// The declaration with the sizes that a run gave, except that of the batch.
    pub(super) fn sized(&self, shape: &[usize]) -> Self {
        let batch = self.shape.first().copied().unwrap_or(-1);
        let sizes = shape.iter().skip(1).map(|&size| i64::try_from(size).unwrap_or(i64::MAX));
        let shape = if shape.is_empty() { Vec::new() } else { std::iter::once(batch).chain(sizes).collect() };
        Self { name: self.name.clone(), shape }
    }

    /// Numbers per picture; a dynamic dimension counts as one.
    pub(super) fn numbers_per_picture(&self) -> usize {
        let sizes = self.shape.iter().skip(1).map(|&size| usize::try_from(size).unwrap_or(1));
        sizes.fold(1, usize::saturating_mul)
    }
}

impl fmt::Display for TensorInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<_> =
            self.shape.iter().map(|&size| if size < 0 { "?".to_owned() } else { size.to_string() }).collect();
        write!(f, "{} [{}]", self.name, sizes.join("×"))
    }
}

/// The data of one output of one run.
#[derive(Debug, Clone, Copy)]
pub struct TensorView<'a> {
    /// Dimensions, the batch first.
    pub shape: &'a [usize],
    /// The numbers in row-major order.
    pub data: &'a [f32],
}

/// The part of an output that belongs to one picture: `rows` rows of `columns` numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub rows: usize,
    pub columns: usize,
    pub data: &'a [f32],
}

/// Shape and data of picture `batch` in output `output`, which must have `rank` dimensions.
fn part<'a>(
    outputs: &[TensorView<'a>],
    output: usize,
    batch: usize,
    rank: usize,
) -> Result<(&'a [usize], &'a [f32]), LayoutDecodeError> {
    let view = outputs.get(output).ok_or(LayoutDecodeError::Missing { output, got: outputs.len() })?;
    let shape = view.shape;
    let fault = || LayoutDecodeError::Shape { output, shape: shape.to_vec(), len: view.data.len() };
    if shape.len() != rank {
        return Err(fault());
    }
    if batch >= shape[0] {
        return Err(LayoutDecodeError::Batch { output, batch, got: shape[0] });
    }
    let len = shape[1..].iter().try_fold(1_usize, |len, &size| len.checked_mul(size)).ok_or_else(fault)?;
    let end = batch.checked_add(1).and_then(|next| next.checked_mul(len)).ok_or_else(fault)?;
    let data = view.data.get(end - len..end).ok_or_else(fault)?;
    Ok((&shape[1..], data))
}

/// The part of picture `batch` in an output with three dimensions.
pub(super) fn matrix<'a>(
    outputs: &[TensorView<'a>],
    output: usize,
    batch: usize,
) -> Result<Matrix<'a>, LayoutDecodeError> {
    let (shape, data) = part(outputs, output, batch, 3)?;
    Ok(Matrix { rows: shape[0], columns: shape[1], data })
}

/// The part of picture `batch` in an output with two dimensions.
pub(super) fn vector<'a>(
    outputs: &[TensorView<'a>],
    output: usize,
    batch: usize,
) -> Result<&'a [f32], LayoutDecodeError> {
    part(outputs, output, batch, 2).map(|(_, data)| data)
}

/// An output with two dimensions whose rows are of all pictures.
pub(super) fn list<'a>(outputs: &[TensorView<'a>], output: usize) -> Result<Matrix<'a>, LayoutDecodeError> {
    let view = outputs.get(output).ok_or(LayoutDecodeError::Missing { output, got: outputs.len() })?;
    match *view.shape {
        [rows, columns] if rows.checked_mul(columns) == Some(view.data.len()) => {
            Ok(Matrix { rows, columns, data: view.data })
        }
        _ => Err(LayoutDecodeError::Shape { output, shape: view.shape.to_vec(), len: view.data.len() }),
    }
}

/// The number of rows of picture `batch`, from an output `[N]` or `[N×1]`. What is no number is none.
pub(super) fn count(outputs: &[TensorView<'_>], output: usize, batch: usize) -> Result<usize, LayoutDecodeError> {
    let view = outputs.get(output).ok_or(LayoutDecodeError::Missing { output, got: outputs.len() })?;
    let pictures = match *view.shape {
        [pictures] | [pictures, 1] if view.data.len() == pictures => pictures,
        _ => return Err(LayoutDecodeError::Shape { output, shape: view.shape.to_vec(), len: view.data.len() }),
    };
    let number = view.data.get(batch).ok_or(LayoutDecodeError::Batch { output, batch, got: pictures })?;
    Ok(number.max(0.0) as usize)
}

impl<'a> Matrix<'a> {
    /// Fails if the number of columns is not the one that the layout expects.
    pub fn with_columns(self, output: usize, columns: usize) -> Result<Self, LayoutDecodeError> {
        if self.columns == columns { Ok(self) } else { Err(self.misfit(output)) }
    }

    /// The error for a matrix whose size does not fit the layout.
    pub fn misfit(&self, output: usize) -> LayoutDecodeError {
        LayoutDecodeError::Shape { output, shape: vec![1, self.rows, self.columns], len: self.data.len() }
    }

    pub fn iter_rows(&self) -> std::slice::ChunksExact<'a, f32> {
        self.data.chunks_exact(self.columns.max(1))
    }

    pub fn row(&self, at: usize) -> &'a [f32] {
        &self.data[at * self.columns..(at + 1) * self.columns]
    }
}
