//! The number types of tensors.

use half::f16;

use super::spec::Element;

/// A number type that a tensor can have.
pub trait TensorElement: Copy + Send + Sync + 'static {
    const ELEMENT: Element;

    /// Converts a normalised value, rounded to the precision and range of the type.
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
