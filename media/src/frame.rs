//! What a message says about how its picture is decoded.

use vru_proto::v1;
use vru_vision::orientation::Orientation;

use crate::shown::ContainerColours;

/// How the picture of a frame must be turned after it is decoded.
pub fn orientation(frame: &v1::Frame) -> Orientation {
    u8::try_from(frame.orientation).ok().and_then(Orientation::from_number).unwrap_or_default()
}

/// The colours that the container of a frame states.
pub fn container_colours(frame: &v1::Frame) -> ContainerColours {
    let stated = frame.container_colours.as_ref();
    stated.map(|stated| ContainerColours::from_numbers(stated.matrix, stated.range)).unwrap_or_default()
}
