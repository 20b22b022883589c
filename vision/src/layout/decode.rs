//! The layouts as one type.

use super::detr::Detr;
use super::end2end::End2End;
use super::nanodet::NanoDet;
use super::tensor::TensorView;
use super::yolov5::YoloV5;
use super::yolov8::YoloV8;
use super::yolox::YoloX;
use crate::detection::RawDetection;
use crate::model_card::LayoutName;

/// How a model's outputs are read; made by [`super::detect`].
#[derive(Debug, Clone, PartialEq)]
pub struct Layout(pub(super) Family);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Family {
    YoloV5(YoloV5),
    YoloV8(YoloV8),
    End2End(End2End),
    YoloX(YoloX),
    NanoDet(NanoDet),
    Detr(Detr),
}

/// Outputs that are not what the model promised when it was loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// An output is not there.
    #[error("output {output} is missing: the run gave {got} outputs")]
    Missing {
        /// Position of the output.
        output: usize,
        /// How many there are.
        got: usize,
    },
    /// The batch is smaller than the picture's place in it.
    #[error("output {output} has {got} pictures, picture {batch} was asked for")]
    Batch {
        /// Position of the output.
        output: usize,
        /// The picture asked for.
        batch: usize,
        /// How many pictures there are.
        got: usize,
    },
    /// The shape fits neither the layout nor the data.
    #[error("output {output} has shape {shape:?} with {len} numbers, which does not fit the model's layout")]
    Shape {
        /// Position of the output.
        output: usize,
        /// Its dimensions.
        shape: Vec<usize>,
        /// How many numbers there are.
        len: usize,
    },
    /// The cells are not as many as the grids have.
    #[error("output {output} has {rows} cells, the grids of the input have {needed}")]
    Grid {
        /// Position of the output.
        output: usize,
        /// Cells there are.
        rows: usize,
        /// Cells of the grids.
        needed: usize,
    },
}

impl Layout {
    /// The family.
    pub fn name(&self) -> LayoutName {
        match &self.0 {
            Family::YoloV5(_) => LayoutName::YoloV5,
            Family::YoloV8(_) => LayoutName::YoloV8,
            Family::End2End(_) => LayoutName::End2End,
            Family::YoloX(_) => LayoutName::YoloX,
            Family::NanoDet(_) => LayoutName::NanoDet,
            Family::Detr(_) => LayoutName::Detr,
        }
    }

    /// How many classes the outputs have; `None` where the shape does not say.
    pub fn classes(&self) -> Option<usize> {
        match &self.0 {
            Family::YoloV5(layout) => Some(layout.classes),
            Family::YoloV8(layout) => Some(layout.classes),
            Family::End2End(_) => None,
            Family::YoloX(layout) => Some(layout.classes),
            Family::NanoDet(layout) => Some(layout.classes),
            Family::Detr(layout) => layout.classes(),
        }
    }

    /// Whether the outputs hold duplicates, so that [`crate::nms::suppress`] is needed;
    /// [`crate::nms::keep_strongest`] does for the others.
    pub fn needs_suppression(&self) -> bool {
        !matches!(self.0, Family::End2End(_) | Family::Detr(_))
    }

    /// Appends what was found in picture `batch` with at least `threshold` as score, in pixels of the model's input of size
    /// `input` (width, height).
    pub fn decode(
        &self,
        outputs: &[TensorView<'_>],
        batch: usize,
        input: (u32, u32),
        threshold: f32,
        found: &mut Vec<RawDetection>,
    ) -> Result<(), DecodeError> {
        match &self.0 {
            Family::YoloV5(layout) => layout.decode(outputs, batch, input, threshold, found),
            Family::YoloV8(layout) => layout.decode(outputs, batch, input, threshold, found),
            Family::End2End(layout) => layout.decode(outputs, batch, input, threshold, found),
            Family::YoloX(layout) => layout.decode(outputs, batch, input, threshold, found),
            Family::NanoDet(layout) => layout.decode(outputs, batch, input, threshold, found),
            Family::Detr(layout) => layout.decode(outputs, batch, input, threshold, found),
        }
    }
}
