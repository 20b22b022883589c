//! Pictures, access units and pipeline descriptions.

use std::cell::RefCell;

use vru_media::Codec;
use vru_media::description::{PipelineDescription, PlaceholderValues};
use vru_media::jpeg::{JpegDecoder, JpegError, MAX_PIXELS, Size};

use super::check_error;

/// Maximum number of pixels that are decoded: larger pictures cost milliseconds each.
const MAX_DECODED: u32 = 256 * 256;

thread_local! {
    static DECODER: RefCell<JpegDecoder> = RefCell::new(JpegDecoder::new().expect("libjpeg-turbo starts"));
}

/// A picture has the size in its header, which is within the limit. A corrupt picture leaves the decoder usable.
pub(crate) fn jpeg(case: &[u8]) {
    DECODER.with_borrow_mut(|decoder| {
        let size = match decoder.header(case) {
            Ok(size) => size,
            Err(error) => return check_error(&error),
        };
        assert!(u64::from(size.width) * u64::from(size.height) <= MAX_PIXELS && size.width > 0 && size.height > 0);
        if size.width * size.height > MAX_DECODED {
            return;
        }
        check(decoder.decode(case), size, size);
        let wanted = Size { width: size.width.div_ceil(3), height: size.height.div_ceil(3) };
        check(decoder.decode_at_least(case, wanted), wanted, size);
    });
}

fn check(decoded: Result<vru_vision::image::Image, JpegError>, least: Size, most: Size) {
    match decoded {
        Ok(image) => {
            assert!((least.width..=most.width).contains(&image.width), "{} pixels wide", image.width);
            assert!((least.height..=most.height).contains(&image.height), "{} pixels high", image.height);
            assert_eq!(image.data.len(), image.width as usize * image.height as usize * 3);
        }
        Err(error) => check_error(&error),
    }
}

/// A key frame is found after other NAL units, in both formats.
pub(crate) fn access_unit(case: &[u8]) {
    for codec in [Codec::H264, Codec::H265] {
        if codec.is_key_unit(case) {
            let mut longer = vec![0, 0, 0, 1, 0x09, 0xf0];
            longer.extend_from_slice(case);
            assert!(codec.is_key_unit(&longer), "{codec:?}");
        }
        // A NAL unit that is not a slice in either codec.
        let behind = [&[0, 0, 0, 2, 0x4e, 1], case].concat();
        assert_eq!(codec.first_slice(&behind), codec.first_slice(case), "{codec:?}");
    }
}

/// An accepted description has no placeholder left after the known ones are replaced.
pub(crate) fn pipeline(case: &[u8]) {
    match PipelineDescription::parse("software", &crate::input::text(case)) {
        Ok(description) => {
            let values = PlaceholderValues { decoder_threads: 2, jpeg_quality: 90 };
            let lines = [Codec::H264, Codec::H265].map(|codec| description.decode_launch(codec, values));
            for line in lines.into_iter().chain(description.encode_launch(values)) {
                assert!(!line.contains(['{', '}']), "a placeholder was not replaced: {line}");
            }
        }
        Err(error) => check_error(&error),
    }
}
