//! From scores as models write them to probabilities.

use crate::geometry::Rect;
use crate::model_card::{BoxForm, BoxUnits};

/// The logistic function.
pub(super) fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// The logit whose probability is `probability`: comparing logits with it saves one exponential for each number.
pub(super) fn logit(probability: f32) -> f32 {
    (probability / (1.0 - probability)).ln()
}

/// Largest value and its position; numbers that are none count as the smallest. `None` when there is nothing.
pub(super) fn largest(values: &[f32]) -> Option<(usize, f32)> {
    // Two passes: the first, over values only, runs in vector registers.
    let best = values.iter().fold(f32::NEG_INFINITY, |best, &value| if value > best { value } else { best });
    let at = values.iter().position(|&value| value >= best)?;
    Some((at, best))
}

/// A box of four numbers in pixels of the input.
pub(super) fn to_rect(numbers: &[f32], form: BoxForm, units: BoxUnits, input: (u32, u32)) -> Rect {
    let (across, down) = match units {
        BoxUnits::Pixels => (1.0, 1.0),
        BoxUnits::Normalised => (input.0 as f32, input.1 as f32),
    };
    let (first, second) = (numbers[0] * across, numbers[1] * down);
    let (third, fourth) = (numbers[2] * across, numbers[3] * down);
    match form {
        BoxForm::CxCyWh => Rect::from_centre(first, second, third, fourth),
        BoxForm::XyXy => Rect::from_edges(first, second, third, fourth),
    }
}
