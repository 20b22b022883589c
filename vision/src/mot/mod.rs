//! The MOT Challenge text format, and the evaluation of tracks against ground truth.

mod evaluate;
mod format;

pub use evaluate::{Evaluation, evaluate};
pub use format::{MotEntry, MotError, read, write};
