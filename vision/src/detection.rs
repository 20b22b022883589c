//! What a model saw, before and after it is understood as a road user.

use crate::geometry::Rect;
use crate::road_user::RoadUserClass;

/// A road user seen in one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// In pixels of the camera's own picture.
    pub rect: Rect,
    /// What it is.
    pub class: RoadUserClass,
    /// The model's confidence, 0 to 1.
    pub score: f32,
}

/// What a model's output says, before labels and picture size are applied.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RawDetection {
    /// In pixels of the model's input.
    pub rect: Rect,
    /// Position in the model's list of labels.
    pub class_index: u32,
    /// Confidence, 0 to 1.
    pub score: f32,
}
