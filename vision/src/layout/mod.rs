//! Output layouts: the detector families whose outputs can be read, and the decoding of their boxes.
//!
//! [`detect_with_run`] runs once, when a model is loaded, and uses what the model says (metadata, names and shapes) and the
//! numbers of one run; [`Layout::decode`] then decodes each result. What is ambiguous is refused. Both take untrusted values: a
//! shape or number that makes no sense is an error or is ignored, and never a panic.

mod advice;
mod candidates;
mod coco;
mod decode_error;
mod detect;
mod detr;
mod end2end;
mod evidence;
mod family;
mod flat;
mod grid;
mod metadata;
mod model_facts;
mod nanodet;
mod registry;
mod scores;
mod selected;
mod tensor;
#[cfg(test)]
mod tests;
mod yolov5;
mod yolov8;
mod yolov8_rows;
mod yolox;

pub use coco::assumed_labels;
pub use decode_error::LayoutDecodeError;
pub use detect::{Layout, LayoutError, MAX_OUTPUT_NUMBERS, Tried, detect, detect_with_run};
pub use evidence::Run;
pub use metadata::{Metadata, input_size, labels};
pub use tensor::{TensorInfo, TensorView};
