//! Pictures and what carries them.

use std::cell::RefCell;

use vru_media::Codec;
use vru_media::description::{PipelineDescription, PlaceholderValues};
use vru_media::jpeg::{JpegDecoder, JpegError, MAX_PIXELS, Size};

use super::assert_says;

/// Larger ones cost milliseconds each; what bounds them is their header.
const DECODED: u32 = 256 * 256;

thread_local! {
    static DECODER: RefCell<JpegDecoder> = RefCell::new(JpegDecoder::new().expect("libjpeg-turbo starts"));
}

/// A picture has the size that its header says, within the limit; and a broken one leaves the decoder whole.
pub(crate) fn jpeg(case: &[u8]) {
    DECODER.with_borrow_mut(|decoder| {
        let size = match decoder.header(case) {
            Ok(size) => size,
            Err(error) => return assert_says(&error),
        };
        assert!(u64::from(size.width) * u64::from(size.height) <= MAX_PIXELS && size.width > 0 && size.height > 0);
        if size.width * size.height > DECODED {
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
        Err(error) => assert_says(&error),
    }
}

/// An access unit that begins with a key frame does so behind whatever comes before it, in either format.
pub(crate) fn access_unit(case: &[u8]) {
    for codec in [Codec::H264, Codec::H265] {
        if codec.is_key_unit(case) {
            let mut longer = vec![0, 0, 0, 1, 0x09, 0xf0];
            longer.extend_from_slice(case);
            assert!(codec.is_key_unit(&longer), "{codec:?}");
        }
        // No slice in either codec.
        let behind = [&[0, 0, 0, 2, 0x4e, 1], case].concat();
        assert_eq!(codec.first_slice(&behind), codec.first_slice(case), "{codec:?}");
    }
}

/// What is accepted has no placeholder left once it is filled in.
pub(crate) fn pipeline(case: &[u8]) {
    match PipelineDescription::parse("software", &crate::input::text(case)) {
        Ok(description) => {
            let values = PlaceholderValues { decoder_threads: 2, jpeg_quality: 90 };
            let lines = [Codec::H264, Codec::H265].map(|codec| description.decode_launch(codec, values));
            for line in lines.into_iter().chain(description.encode_launch(values)) {
                assert!(!line.contains(['{', '}']), "a placeholder is left: {line}");
            }
        }
        Err(error) => assert_says(&error),
    }
}
