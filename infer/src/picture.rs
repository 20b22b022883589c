//! A decoded picture.

pub use vru_media::frame::{container_colours, orientation};
use vru_media::jpeg::Size;
use vru_vision::image::Image;

/// A decoded picture, perhaps scaled down, and the size of the original, in whose pixels boxes are reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub image: Image,
    /// Size of the camera's original picture.
    pub source: Size,
}

impl Picture {
    /// A picture in its original size.
    pub fn new(image: Image) -> Self {
        let source = Size { width: image.width, height: image.height };
        Self { image, source }
    }
}
