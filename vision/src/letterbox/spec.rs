//! The format of a model's input.

use serde::Deserialize;

/// Order of a tensor's channels. Pictures themselves are always RGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColourOrder {
    Rgb,
    Bgr,
}

/// Type of the numbers in a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Element {
    F32,
    F16,
    U8,
}

/// Order of a tensor's dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TensorLayout {
    /// One plane per channel.
    Nchw,
    /// Interleaved channels.
    Nhwc,
}

/// How a picture is resized to the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resize {
    /// Scaled to fit with its aspect ratio kept, centred.
    Letterbox,
    /// Scaled to fit with its aspect ratio kept, in the top left corner.
    LetterboxTopLeft,
    /// Scaled to the input's size; the aspect ratio may change.
    Stretch,
}

/// The format of a model's input. Each number of the tensor is `(pixel × scale − mean) ÷ std`.
#[derive(Debug, Clone, PartialEq)]
pub struct InputSpec {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    pub colour: ColourOrder,
    /// Factor for the value of a pixel.
    pub scale: f32,
    /// Subtracted after scaling; in the tensor's channel order.
    pub mean: [f32; 3],
    /// Divisor after the subtraction; in the tensor's channel order.
    pub std: [f32; 3],
    pub element: Element,
    pub layout: TensorLayout,
    pub resize: Resize,
    /// Value of the padding pixels, before normalisation.
    pub pad: u8,
}

impl InputSpec {
    /// How many numbers the tensor of one picture has.
    pub fn tensor_len(&self) -> usize {
        self.width as usize * self.height as usize * 3
    }
}
