//! What a model wants to see.

use serde::Deserialize;

use crate::model_card::InputCard;

/// Order of a tensor's channels. Pictures are always red first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColourOrder {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
}

/// Type of a tensor's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Element {
    /// 32-bit floating point.
    F32,
    /// 16-bit floating point.
    F16,
    /// 8-bit unsigned.
    U8,
}

/// Order of a tensor's dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TensorLayout {
    /// One plane a channel.
    Nchw,
    /// The channels of a pixel side by side.
    Nhwc,
}

/// How a picture is brought to the input's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resize {
    /// Scaled to fit, keeping its shape, in the middle.
    Letterbox,
    /// Scaled to fit, keeping its shape, in the top left corner.
    LetterboxTopLeft,
    /// Scaled to the input's size whatever its shape.
    Stretch,
}

/// What a model wants to see: `value = (pixel × scale − mean) ÷ std`.
#[derive(Debug, Clone, PartialEq)]
pub struct InputSpec {
    /// Pixels a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Order of the channels.
    pub colour: ColourOrder,
    /// Factor of a pixel's value.
    pub scale: f32,
    /// Subtracted after scaling, in the tensor's channel order.
    pub mean: [f32; 3],
    /// Divides what is left, in the tensor's channel order.
    pub std: [f32; 3],
    /// Type of the numbers.
    pub element: Element,
    /// Order of the dimensions.
    pub layout: TensorLayout,
    /// How the picture is brought to the size.
    pub resize: Resize,
    /// Value of the pixels around the picture, before normalisation.
    pub pad: u8,
}

impl InputSpec {
    /// As a card says, for the size, type and order that the model itself has.
    pub fn from_card(card: &InputCard, width: u32, height: u32, element: Element, layout: TensorLayout) -> Self {
        Self {
            width,
            height,
            colour: card.colour,
            scale: card.scale,
            mean: card.mean,
            std: card.std,
            element,
            layout,
            resize: card.resize,
            pad: card.pad,
        }
    }

    /// Numbers in the tensor of one picture.
    pub fn tensor_len(&self) -> usize {
        self.width as usize * self.height as usize * 3
    }
}
