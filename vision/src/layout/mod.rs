//! Output layouts: which family of detector wrote a model's outputs, and how its boxes are read.
//!
//! [`detect`] decides once, when a model is loaded; [`Layout::decode`] then reads each result. Both take foreign values: a
//! shape or a number that makes no sense is an error or ignored, never a panic.

mod decode;
mod detect;
mod detr;
mod end2end;
mod grid;
mod metadata;
mod nanodet;
mod scores;
mod tensor;
#[cfg(test)]
mod tests;
mod yolov5;
mod yolov8;
mod yolox;

pub use decode::{DecodeError, Layout};
pub use detect::{LayoutError, Tried, detect};
pub use metadata::{Metadata, input_size, labels};
pub use tensor::{TensorInfo, TensorView};
