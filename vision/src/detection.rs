//! Detections: as a model outputs them, and as road users.

use crate::appearance::Appearance;
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
    /// A bicycle or motorcycle on which no rider was detected. It is a road user only if it moves, which its track tells.
    pub riderless: bool,
    /// What it looks like; `None` if that is not known.
    pub appearance: Option<Appearance>,
}

impl Detection {
    /// A detection of somebody who is there, without a picture.
    pub fn new(rect: Rect, class: RoadUserClass, score: f32) -> Self {
        Self { rect, class, score, riderless: false, appearance: None }
    }
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
