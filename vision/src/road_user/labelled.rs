//! What a model found, by the meaning of its label.

use super::labels::ObjectKind;
use crate::geometry::Rect;

/// A detection with its label resolved, before fusion: a person may be a pedestrian or a rider.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelledDetection {
    /// In pixels of the camera's own picture.
    pub rect: Rect,
    pub kind: ObjectKind,
    /// The model's confidence, 0 to 1.
    pub score: f32,
}
