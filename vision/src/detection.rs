//! Detections: as a model outputs them, and as road users.

use crate::geometry::Rect;
use crate::road_user::RoadUserClass;

/// A road user detected in one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// In pixels of the camera's picture.
    pub rect: Rect,
    pub class: RoadUserClass,
    /// The model's confidence, 0 to 1.
    pub score: f32,
}

/// A detection as the model outputs it, before it is mapped to labels and to the camera's picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RawDetection {
    /// In pixels of the model's input.
    pub rect: Rect,
    /// Index in the model's list of labels.
    pub class_index: u32,
    /// Confidence, 0 to 1.
    pub score: f32,
}
