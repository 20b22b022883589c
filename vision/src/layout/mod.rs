//! Output layouts: the detector families whose outputs can be read, and the decoding of their boxes.
//!
//! [`detect`] runs once, when a model is loaded; [`Layout::decode`] then decodes each result. Both take untrusted values: a
//! shape or number that makes no sense is an error or is ignored, and never a panic.

mod decode_error;
mod detect;
mod detr;
mod end2end;
mod family;
mod grid;
mod metadata;
mod model_facts;
mod nanodet;
mod registry;
mod scores;
mod tensor;
#[cfg(test)]
mod tests;
mod yolov5;
mod yolov8;
mod yolox;

pub use decode_error::LayoutDecodeError;
pub use detect::{Layout, LayoutError, Tried, detect};
pub use metadata::{Metadata, input_size, labels};
pub use tensor::{TensorInfo, TensorView};
