//! The rectangle of the input that a picture covers.

use super::spec::{InputSpec, Resize};
use crate::geometry::Rect;

/// The rectangle of the model's input that a picture covers, in whole pixels of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// Columns of padding to the left of the picture.
    pub left: u32,
    /// Rows of padding above the picture.
    pub top: u32,
    pub width: u32,
    pub height: u32,
}

impl Placement {
    /// The placement of a picture of the given size.
    pub fn of(spec: &InputSpec, picture_width: u32, picture_height: u32) -> Self {
        if spec.resize == Resize::Stretch {
            return Self { left: 0, top: 0, width: spec.width, height: spec.height };
        }
        let (width, height) = (f64::from(picture_width.max(1)), f64::from(picture_height.max(1)));
        let ratio = (f64::from(spec.width) / width).min(f64::from(spec.height) / height);
        let fit = |side: f64, most: u32| ((side * ratio).round() as u32).clamp(1, most.max(1));
        let (width, height) = (fit(width, spec.width), fit(height, spec.height));
        // With odd padding the extra pixel is on the right and at the bottom, as in the training code of the YOLO family.
        let (left, top) = match spec.resize {
            Resize::Letterbox => ((spec.width - width) / 2, (spec.height - height) / 2),
            Resize::LetterboxTopLeft | Resize::Stretch => (0, 0),
        };
        Self { left, top, width, height }
    }

    /// Maps a box from pixels of the input to pixels of the camera's picture, whose size is given, and clips it to that picture.
    /// The picture in the input may be a scaled-down copy: only its aspect ratio matters. `None` if the box is not valid or is
    /// outside the picture.
    pub fn to_source(&self, rect: &Rect, source_width: u32, source_height: u32) -> Option<Rect> {
        let x_scale = source_width as f32 / self.width as f32;
        let y_scale = source_height as f32 / self.height as f32;
        Rect {
            left: (rect.left - self.left as f32) * x_scale,
            top: (rect.top - self.top as f32) * y_scale,
            width: rect.width * x_scale,
            height: rect.height * y_scale,
        }
        .clamped(source_width as f32, source_height as f32)
    }

    /// The inverse of [`Placement::to_source`], without clipping.
    pub fn to_input(&self, rect: &Rect, source_width: u32, source_height: u32) -> Rect {
        let x_scale = self.width as f32 / source_width.max(1) as f32;
        let y_scale = self.height as f32 / source_height.max(1) as f32;
        Rect {
            left: rect.left * x_scale + self.left as f32,
            top: rect.top * y_scale + self.top as f32,
            width: rect.width * x_scale,
            height: rect.height * y_scale,
        }
    }
}
