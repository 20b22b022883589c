//! Letterboxing: writes a picture into a model's input tensor, and maps the model's boxes back to the picture.

mod element;
mod placement;
mod resample;
mod spec;
#[cfg(test)]
mod tests;
mod write;

pub use element::TensorElement;
pub use placement::Placement;
pub use spec::{ColourOrder, Element, InputSpec, Resize, TensorLayout};
pub use write::{Letterbox, LetterboxError};
