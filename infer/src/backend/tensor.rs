//! The numbers of a model's inputs and outputs.

use half::f16;
use vru_vision::letterbox::Element;

/// The numbers of a model's input, in the type that the model takes.
#[derive(Debug, Clone, PartialEq)]
pub enum TensorData {
    F32(Vec<f32>),
    F16(Vec<f16>),
    U8(Vec<u8>),
}

impl TensorData {
    pub fn zeros(element: Element, len: usize) -> Self {
        match element {
            Element::F32 => Self::F32(vec![0.0; len]),
            Element::F16 => Self::F16(vec![f16::ZERO; len]),
            Element::U8 => Self::U8(vec![0; len]),
        }
    }

    pub fn element(&self) -> Element {
        match self {
            Self::F32(_) => Element::F32,
            Self::F16(_) => Element::F16,
            Self::U8(_) => Element::U8,
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::F32(numbers) => numbers.len(),
            Self::F16(numbers) => numbers.len(),
            Self::U8(numbers) => numbers.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The tensors one after the other, padded with zeros to `len` numbers. All must have the type `element`.
    pub fn stack<'a>(parts: impl Iterator<Item = &'a Self>, element: Element, len: usize) -> Self {
        let mut stacked = Self::zeros(element, 0);
        match &mut stacked {
            Self::F32(all) => all.reserve_exact(len),
            Self::F16(all) => all.reserve_exact(len),
            Self::U8(all) => all.reserve_exact(len),
        }
        for part in parts {
            match (&mut stacked, part) {
                (Self::F32(all), Self::F32(part)) => all.extend_from_slice(part),
                (Self::F16(all), Self::F16(part)) => all.extend_from_slice(part),
                (Self::U8(all), Self::U8(part)) => all.extend_from_slice(part),
                _ => debug_assert!(false, "all inputs of a model have one type"),
            }
        }
        match &mut stacked {
            Self::F32(all) => all.resize(len, 0.0),
            Self::F16(all) => all.resize(len, f16::ZERO),
            Self::U8(all) => all.resize(len, 0),
        }
        stacked
    }
}

/// An output of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputTensor {
    pub name: String,
    /// The batch is the first.
    pub dims: Vec<usize>,
    /// Converted from the type in the model.
    pub data: Vec<f32>,
}

impl OutputTensor {
    /// The numbers of one picture of the batch; all numbers if the first dimension is not the batch.
    pub fn of_picture(&self, index: usize, batch: usize) -> &[f32] {
        if self.dims.first() != Some(&batch) || batch == 0 {
            return &self.data;
        }
        let each = self.data.len() / batch;
        self.data.get(index * each..(index + 1) * each).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_padded_with_zeros() {
        let parts = [TensorData::U8(vec![1, 2]), TensorData::U8(vec![3, 4])];
        assert_eq!(TensorData::stack(parts.iter(), Element::U8, 6), TensorData::U8(vec![1, 2, 3, 4, 0, 0]));
    }

    #[test]
    fn each_picture_has_its_share_of_an_output() {
        let output =
            OutputTensor { name: "out".to_owned(), dims: vec![2, 3], data: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
        assert_eq!(output.of_picture(1, 2), [4.0, 5.0, 6.0]);
        assert!(output.of_picture(5, 2).is_empty());
    }
}
