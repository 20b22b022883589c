//! The picture of a tested camera: decoded for the model, and blurred by what the model finds.

use vru_media::jpeg::{self, JpegError, Size};
use vru_proto::validate::{MAX_SNAPSHOT_BYTES, MAX_SNAPSHOT_SIDE};
use vru_vision::image::Image;
use vru_vision::letterbox::Placement;
use vru_vision::privacy::{pixelate, region};

use crate::error::EngineError;
use crate::model::{Model, ModelOutput, PreparedPicture};
use crate::picture::Picture;

/// Tried one after the other until the picture is small enough.
const QUALITIES: [u8; 3] = [80, 40, 10];

/// Why there is no blurred picture.
#[derive(Debug, thiserror::Error)]
pub(super) enum PictureError {
    #[error("the picture cannot be decoded")]
    Decode(#[source] JpegError),
    #[error("the picture has {width}×{height} pixels, more than {MAX_SNAPSHOT_SIDE} at a side")]
    Size { width: u32, height: u32 },
    #[error("the model cannot use the picture")]
    Model(#[from] EngineError),
    #[error("the model did not answer")]
    NoAnswer,
    #[error("the blurred picture cannot be encoded")]
    Encode(#[source] JpegError),
    #[error("the blurred picture cannot be made small enough")]
    TooLarge,
}

/// The picture, and as the model takes it.
pub(super) fn prepare(bytes: &[u8], model: &Model) -> Result<(Image, PreparedPicture), PictureError> {
    let size = jpeg::header(bytes).map_err(PictureError::Decode)?;
    // Before it is decoded: a small file may state a size that takes much memory.
    if size.width.max(size.height) > MAX_SNAPSHOT_SIDE {
        return Err(PictureError::Size { width: size.width, height: size.height });
    }
    let picture = Picture::new(jpeg::decode(bytes, None).map_err(PictureError::Decode)?);
    let prepared = model.preparer()?.prepare(&picture)?;
    Ok((picture.image, prepared))
}

/// Heads and plates of all that the model finds, however doubtful, become coarse blocks.
pub(super) fn blurred(
    mut image: Image,
    (placement, source): (Placement, Size),
    output: &ModelOutput,
    model: &Model,
) -> Result<Vec<u8>, PictureError> {
    let found = model.detections(output, placement, source)?;
    for found in found {
        pixelate(&mut image, region(found.rect, found.class));
    }
    for quality in QUALITIES {
        let bytes = jpeg::encode(image.view(), quality).map_err(PictureError::Encode)?;
        if bytes.len() <= MAX_SNAPSHOT_BYTES {
            return Ok(bytes);
        }
    }
    Err(PictureError::TooLarge)
}
