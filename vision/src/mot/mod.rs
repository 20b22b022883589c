//! MOT Challenge text, and how good tracks are against ground truth.

mod evaluate;
mod format;

pub use evaluate::{Evaluation, evaluate};
pub use format::{MotEntry, MotError, read, write};
