//! Conversion of raw scores and boxes.

use super::evidence::four;
use crate::geometry::Rect;
use crate::model_card::{BoxForm, BoxUnits};

/// The logistic function.
pub(super) fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// The logit of `probability`. Comparing logits with a threshold's logit saves one exponential per score.
pub(super) fn logit(probability: f32) -> f32 {
    (probability / (1.0 - probability)).ln()
}

/// The largest value and its index. NaN counts as the smallest value. `None` if `values` is empty.
pub(super) fn largest(values: &[f32]) -> Option<(usize, f32)> {
    // Two passes: the compiler vectorises the first, which needs values only.
    let best = values.iter().fold(f32::NEG_INFINITY, |best, &value| if value > best { value } else { best });
    let at = values.iter().position(|&value| value >= best)?;
    Some((at, best))
}

/// Converts the four numbers of a box to pixels of the input. `input` is its width and height.
pub(super) fn to_rect(numbers: &[f32], form: BoxForm, units: BoxUnits, input: (u32, u32)) -> Rect {
    let numbers = match form {
        BoxForm::YxYx => [numbers[1], numbers[0], numbers[3], numbers[2]],
        BoxForm::XyXy | BoxForm::CxCyWh => four(numbers),
    };
    let (across, down) = match units {
        BoxUnits::Pixels => (1.0, 1.0),
        BoxUnits::Normalised => (input.0 as f32, input.1 as f32),
    };
    let (first, second) = (numbers[0] * across, numbers[1] * down);
    let (third, fourth) = (numbers[2] * across, numbers[3] * down);
    match form {
        BoxForm::CxCyWh => Rect::from_centre(first, second, third, fourth),
        BoxForm::XyXy | BoxForm::YxYx => Rect::from_edges(first, second, third, fourth),
    }
}
