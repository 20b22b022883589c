//! The MOT Challenge text format, and the evaluation of tracks against ground truth.

mod clear;
mod evaluation;
mod format;
mod frames;
mod hota;
mod identity;
#[cfg(test)]
mod tests;

pub use evaluation::{Evaluation, evaluate};
pub use format::{MotEntry, MotError, read, write};
pub use frames::EvaluationOptions;
pub use hota::Hota;
