//! Number types of a tensor.

use half::f16;

use super::Element;

/// A number type that a tensor can have.
pub trait TensorElement: Copy + Send + Sync + 'static {
    /// Which one it is.
    const ELEMENT: Element;

    /// From a normalised value; rounded to what the type can hold.
    fn from_value(value: f32) -> Self;
}

impl TensorElement for f32 {
    const ELEMENT: Element = Element::F32;

    fn from_value(value: f32) -> Self {
        value
    }
}

impl TensorElement for f16 {
    const ELEMENT: Element = Element::F16;

    fn from_value(value: f32) -> Self {
        Self::from_f32(value)
    }
}

impl TensorElement for u8 {
    const ELEMENT: Element = Element::U8;

    fn from_value(value: f32) -> Self {
        value.round().clamp(0.0, 255.0) as Self
    }
}
