//! Model cards: TOML files that describe what an ONNX file does not contain.
//!
//! A model whose metadata and output shapes are sufficient (an Ultralytics export) needs no card.

#[cfg(test)]
mod examples;
mod validate;

pub use validate::{CardError, CardProblem};

use serde::Deserialize;

use crate::letterbox::{ColourOrder, Element, InputSpec, Resize, TensorLayout};
use crate::tracker::TrackerConfig;

/// A model card. Every absent field has the stated default.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCard {
    /// Model name in published detections, e.g. `nanodet-g`.
    pub name: String,
    /// Model version in published detections.
    pub version: String,
    /// Licence of the weights; informational.
    #[serde(default)]
    pub licence: String,
    #[serde(default)]
    pub input: InputCard,
    #[serde(default)]
    pub output: OutputCard,
    /// Names of the classes, by class index. If empty, the names in the model's metadata.
    #[serde(default)]
    pub labels: Vec<String>,
    #[serde(default)]
    pub thresholds: Thresholds,
    /// Settings of the tracker; a camera may override single ones.
    #[serde(default)]
    pub tracker: TrackerConfig,
}

/// The format of the model's input. Each number is `(pixel × scale − mean) ÷ std`, with mean and std in the tensor's channel order.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InputCard {
    /// In pixels; the model's own width by default. Required if the model's input size is dynamic.
    pub width: Option<u32>,
    /// In pixels; the model's own height by default.
    pub height: Option<u32>,
    /// `rgb` by default.
    pub colour: ColourOrder,
    /// Factor for the value of a pixel; 1/255 by default, and 1 if the model takes bytes.
    pub scale: Option<f32>,
    /// Subtracted after scaling; 0 by default.
    pub mean: [f32; 3],
    /// Divisor after the subtraction; 1 by default.
    pub std: [f32; 3],
    /// `f32`, `f16` or `u8`; the model's own type by default.
    pub element: Option<Element>,
    /// How a picture is resized to the input; `letterbox` by default.
    pub resize: Resize,
    /// Value of the padding pixels of a letterboxed picture, before normalisation; 114 by default.
    pub pad: u8,
}

/// The format of the model's outputs. The defaults depend on the layout.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputCard {
    /// Detected from shapes and metadata by default.
    pub layout: Option<LayoutName>,
    /// Input pixels per cell of each grid; 8, 16 and 32 by default. For YOLOX and NanoDet.
    pub strides: Option<Vec<u32>>,
    /// Largest distance in NanoDet's distributions, in cells; 7 by default.
    pub reg_max: Option<u32>,
    /// Position of the anchor in its cell, as a fraction of the cell: 0.5 (NanoDet) is the centre, 0 (NanoDet-Plus) the corner.
    pub cell_offset: Option<f32>,
    /// Whether the scores are probabilities or logits.
    pub scores: Option<ScoreForm>,
    /// Meaning of the four numbers of a box. Not for YOLOX and NanoDet, whose boxes are relative to cells.
    pub boxes: Option<BoxForm>,
    /// Unit of the numbers of a box.
    pub box_units: Option<BoxUnits>,
    /// Whether YOLOX's boxes are in pixels already. Found by a test run by default.
    pub decoded: Option<bool>,
    /// Numbers of a box after its classes, which are no classes: mask coefficients or key points. By default from the metadata.
    pub extras: Option<u32>,
}

/// A family of output layouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LayoutName {
    /// `1×N×(5+C)`: centre, size, objectness, classes.
    YoloV5,
    /// `1×(4+C)×N`, or transposed: centre, size, classes. Also YOLO11.
    YoloV8,
    /// NMS is part of the model. `1×N×6`: left, top, right, bottom, score, class, and perhaps extras. Also rows of all pictures together,
    /// and boxes, classes and scores as separate outputs.
    End2End,
    /// `1×N×(5+C)`, relative to grid cells.
    YoloX,
    /// Class scores and distance distributions, as one output or as two outputs per stride.
    NanoDet,
    /// Detection transformers: RT-DETR, D-FINE, RF-DETR. Also other detectors whose boxes and class scores are two outputs.
    Detr,
}

/// Form of the scores in the model's outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScoreForm {
    /// Probabilities: the model has applied the activation.
    Activated,
    /// Logits of independent classes.
    Sigmoid,
    /// Logits of exclusive classes, of which the last means "no object".
    Softmax,
}

/// Meaning of the four numbers of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BoxForm {
    /// Centre and size.
    CxCyWh,
    /// Left, top, right, bottom.
    XyXy,
    /// Top, left, bottom, right, as TensorFlow's detectors write it.
    YxYx,
}

/// Unit of the numbers of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BoxUnits {
    /// Pixels of the model's input.
    Pixels,
    /// Fractions of the model's input.
    Normalised,
}

/// Upper limit of `thresholds.max_detections`. Each frame has this many track ids for new tracks; with more detections, two tracks
/// could get the same id.
pub const MAX_DETECTIONS: u32 = 4_096;

/// Which detections are kept.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// Minimum score, 0 to 1; 0.1 by default, because the tracker uses weak detections.
    pub score: f32,
    /// NMS removes a box whose IoU with a stronger box of its class is above this; 0.6 by default.
    pub nms_iou: f32,
    /// Maximum number of detections per frame, 1 to 4096; 300 by default.
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
            scale: None,
            mean: [0.0; 3],
            std: [1.0; 3],
            element: None,
            resize: Resize::Letterbox,
            pad: 114,
        }
    }
}

impl InputCard {
    /// The input format, for the size, element type and tensor layout of the model itself.
    pub fn spec(&self, width: u32, height: u32, element: Element, layout: TensorLayout) -> InputSpec {
        InputSpec {
            width,
            height,
            colour: self.colour,
            scale: self.scale.unwrap_or(if element == Element::U8 { 1.0 } else { 1.0 / 255.0 }),
            mean: self.mean,
            std: self.std,
            element,
            layout,
            resize: self.resize,
            pad: self.pad,
        }
    }
}

impl ModelCard {
    /// Parses and validates a card.
    pub fn parse(text: &str) -> Result<Self, CardError> {
        let card: Self = toml::from_str(text).map_err(CardError::Syntax)?;
        let problems = card.problems();
        if problems.is_empty() { Ok(card) } else { Err(CardError::Invalid(problems)) }
    }
}
