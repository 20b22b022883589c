//! A decoded frame.

use vru_media::jpeg::Size;
use vru_vision::image::Image;

/// A decoded picture, and the size that its boxes are reported in: it may have been scaled down on the way here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The pixels.
    pub image: Image,
    /// Size of the camera's own picture.
    pub source: Size,
}

impl Picture {
    /// A picture that is the camera's own.
    pub fn new(image: Image) -> Self {
        let source = Size { width: image.width, height: image.height };
        Self { image, source }
    }
}
