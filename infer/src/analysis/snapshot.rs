//! The snapshot that an alert carries.

use bytes::Bytes;
use vru_media::jpeg;
use vru_proto::v1::{Encoding, Frame};
use vru_runtime::report;
use vru_vision::geometry::Rect;
use vru_vision::image::Image;
use vru_vision::privacy::pixelate_scaled;

use crate::config::SnapshotConfig;
use crate::metrics;
use crate::picture::{Picture, orientation};

/// The frame's own JPEG if it is one and is small enough, else the encoded picture. Empty if neither is possible: an alert
/// without a picture is better than no alert.
pub(super) fn take(frame: &Frame, picture: Option<&Picture>, config: SnapshotConfig) -> Bytes {
    let camera = camera(frame);
    if frame.encoding() == Encoding::Jpeg && frame.payload.len() <= config.max_bytes {
        return frame.payload.clone();
    }
    let Some(picture) = picture else { return lost(camera, "no_picture") };
    encode(&picture.image, camera, config)
}

/// The picture with these parts of it made unrecognisable, which are in pixels of the camera's picture. Empty if that is not possible.
pub(super) fn take_blurred(frame: &Frame, picture: Option<&Picture>, hidden: &[Rect], config: SnapshotConfig) -> Bytes {
    let camera = camera(frame);
    // The decoded picture of a JPEG may be smaller than the JPEG.
    let mut image = match (frame.encoding(), picture) {
        (Encoding::Jpeg, _) => match jpeg::decode(&frame.payload, None) {
            Ok(image) => orientation(frame).apply(image),
            Err(error) => {
                tracing::warn!(camera, error = %report::chain(&error), "cannot decode the picture of a snapshot");
                return lost(camera, "no_picture");
            }
        },
        (_, Some(picture)) => picture.image.clone(),
        (_, None) => return lost(camera, "no_picture"),
    };
    pixelate_scaled(&mut image, hidden, (frame.source_width, frame.source_height));
    encode(&image, camera, config)
}

fn camera(frame: &Frame) -> &str {
    frame.id.as_ref().map_or("", |id| id.camera_id.as_str())
}

fn lost(camera: &str, reason: &str) -> Bytes {
    metrics::SNAPSHOTS_LOST.with_label_values(&[camera, reason]).inc();
    Bytes::new()
}

fn encode(image: &Image, camera: &str, config: SnapshotConfig) -> Bytes {
    for quality in [config.quality, (config.quality / 2).max(1)] {
        match jpeg::encode(image.view(), quality) {
            Ok(bytes) if bytes.len() <= config.max_bytes => return bytes.into(),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(camera, error = %report::chain(&error), "cannot encode a snapshot");
                return lost(camera, "encode");
            }
        }
    }
    lost(camera, "too_large")
}
