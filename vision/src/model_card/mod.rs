//! Model cards: what an ONNX file does not say about itself, in TOML.
//!
//! A model whose metadata and output shapes say everything (an Ultralytics export) needs no card.

#[cfg(test)]
mod examples;
mod validate;

pub use validate::{CardError, CardProblem};

use serde::Deserialize;

use crate::letterbox::{ColourOrder, Element, Resize};

/// A model card. Every field that is left out has the stated default.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCard {
    /// Name under which detections are published, e.g. `nanodet-g`.
    pub name: String,
    /// Version under which detections are published.
    pub version: String,
    /// Licence of the weights, for people.
    #[serde(default)]
    pub licence: String,
    /// What the model wants to see.
    #[serde(default)]
    pub input: InputCard,
    /// How its outputs are read.
    #[serde(default)]
    pub output: OutputCard,
    /// Names of the classes, in the order of the model's class indices. Empty: from the model's own metadata.
    #[serde(default)]
    pub labels: Vec<String>,
    /// What is kept.
    #[serde(default)]
    pub thresholds: Thresholds,
}

/// What the model wants to see: `value = (pixel × scale − mean) ÷ std`, with mean and std in the tensor's channel order.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InputCard {
    /// Pixels; from the model when left out. Needed when the model's own input has a free size.
    pub width: Option<u32>,
    /// Pixels; from the model when left out.
    pub height: Option<u32>,
    /// Order of the channels; `rgb` by default.
    pub colour: ColourOrder,
    /// Factor of the pixel's value; 1/255 by default.
    pub scale: f32,
    /// Subtracted after scaling; 0 by default.
    pub mean: [f32; 3],
    /// Divides what is left; 1 by default.
    pub std: [f32; 3],
    /// `f32`, `f16` or `u8`; from the model when left out.
    pub element: Option<Element>,
    /// How the picture is brought to the input's size; `letterbox` by default.
    pub resize: Resize,
    /// Value of the pixels around a letterboxed picture, before normalisation; 114 by default.
    pub pad: u8,
}

/// How the outputs are read. What is left out follows from the layout.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputCard {
    /// The family of the outputs; found from shapes and metadata when left out.
    pub layout: Option<LayoutName>,
    /// Pixels of the input per cell of each grid; 8, 16 and 32 by default. For YOLOX and NanoDet.
    pub strides: Option<Vec<u32>>,
    /// Largest distance that NanoDet's distributions hold, in cells; 7 by default.
    pub reg_max: Option<u32>,
    /// Where a cell's anchor lies, as a fraction of the cell: 0.5 (NanoDet) is its middle, 0 (NanoDet-Plus) its corner.
    pub cell_offset: Option<f32>,
    /// Whether scores are ready for use.
    pub scores: Option<ScoreForm>,
    /// What the four numbers of a box are. For end-to-end and DETR layouts.
    pub boxes: Option<BoxForm>,
    /// What the numbers of a box count.
    pub box_units: Option<BoxUnits>,
}

/// A family of outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LayoutName {
    /// `1×N×(5+C)`: centre, size, objectness, classes.
    YoloV5,
    /// `1×(4+C)×N`: centre, size, classes. Also YOLO11.
    YoloV8,
    /// `1×N×6`: left, top, right, bottom, score, class; no suppression needed.
    End2End,
    /// `1×N×(5+C)` relative to grid cells.
    YoloX,
    /// Class scores and distances as distributions, joined or one pair for each stride.
    NanoDet,
    /// Queries: RT-DETR, D-FINE, RF-DETR.
    Detr,
}

/// What was done to the scores inside the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScoreForm {
    /// Probabilities already.
    Activated,
    /// Logits, each its own yes or no.
    Sigmoid,
    /// Logits of which the last is "nothing".
    Softmax,
}

/// What the four numbers of a box are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BoxForm {
    /// Centre and size.
    CxCyWh,
    /// Left, top, right, bottom.
    XyXy,
}

/// What the numbers of a box count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BoxUnits {
    /// Pixels of the model's input.
    Pixels,
    /// Fractions of the model's input.
    Normalised,
}

/// What is kept of a model's output.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// Least score, 0 to 1; 0.1 by default, because the tracker makes use of weak detections.
    pub score: f32,
    /// Of two boxes of one class that overlap by more than this, the weaker one goes; 0.6 by default.
    pub nms_iou: f32,
    /// Most detections a frame; 300 by default.
    pub max_detections: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { score: 0.1, nms_iou: 0.6, max_detections: 300 }
    }
}

impl Default for InputCard {
    fn default() -> Self {
        Self {
            width: None,
            height: None,
            colour: ColourOrder::Rgb,
            scale: 1.0 / 255.0,
            mean: [0.0; 3],
            std: [1.0; 3],
            element: None,
            resize: Resize::Letterbox,
            pad: 114,
        }
    }
}

impl ModelCard {
    /// Reads a card and checks all of it.
    pub fn parse(text: &str) -> Result<Self, CardError> {
        let card: Self = toml::from_str(text).map_err(CardError::Syntax)?;
        let problems = card.problems();
        if problems.is_empty() { Ok(card) } else { Err(CardError::Invalid(problems)) }
    }
}
