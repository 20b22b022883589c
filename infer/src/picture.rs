//! A decoded picture.

use vru_media::jpeg::Size;
use vru_media::shown::ContainerColours;
use vru_proto::v1;
use vru_vision::image::Image;
use vru_vision::orientation::Orientation;

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

/// How the picture of a frame must be turned after it is decoded.
pub fn orientation(frame: &v1::Frame) -> Orientation {
    u8::try_from(frame.orientation).ok().and_then(Orientation::from_number).unwrap_or_default()
}

/// The colours that the container of a frame states.
pub fn container_colours(frame: &v1::Frame) -> ContainerColours {
    let stated = frame.container_colours.as_ref();
    stated.map(|stated| ContainerColours::from_numbers(stated.matrix, stated.range)).unwrap_or_default()
}
