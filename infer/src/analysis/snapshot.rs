//! The snapshot that an alert carries.

use bytes::Bytes;
use vru_media::jpeg;
use vru_proto::v1::{Encoding, Frame};
use vru_runtime::report;

use crate::config::SnapshotConfig;
use crate::metrics;
use crate::picture::Picture;

/// The frame's own JPEG if it is one and is small enough, else the encoded picture. Empty if neither is possible: an alert
/// without a picture is better than no alert.
pub(super) fn take(frame: &Frame, picture: Option<&Picture>, config: SnapshotConfig) -> Bytes {
    let camera = frame.id.as_ref().map_or("", |id| id.camera_id.as_str());
    let lost = |reason: &str| {
        metrics::SNAPSHOTS_LOST.with_label_values(&[camera, reason]).inc();
        Bytes::new()
    };
    if frame.encoding() == Encoding::Jpeg && frame.payload.len() <= config.max_bytes {
        return frame.payload.clone();
    }
    let Some(picture) = picture else { return lost("no_picture") };
    for quality in [config.quality, (config.quality / 2).max(1)] {
        match jpeg::encode(picture.image.view(), quality) {
            Ok(bytes) if bytes.len() <= config.max_bytes => return bytes.into(),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(camera, error = %report::chain(&error), "cannot encode a snapshot");
                return lost("encode");
            }
        }
    }
    lost("too_large")
}
