//! Pictures, access units and pipeline descriptions.

use std::cell::RefCell;
use std::io::Cursor;

use vru_media::description::{PipelineDescription, PlaceholderValues};
use vru_media::jpeg::{JpegDecoder, JpegError, MAX_PIXELS, Size};
use vru_media::sei::{Framing, StreamOrientation};
use vru_media::{Codec, Orientation, exif, mp4};

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

/// Only a JPEG has an orientation, and another header in front of the one that states it changes nothing.
pub(crate) fn exif(case: &[u8]) {
    let stated = exif::orientation(case);
    let Some(rest) = case.strip_prefix(&[0xff, 0xd8]) else {
        return assert_eq!(stated, None);
    };
    let behind = [&[0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2], rest].concat();
    assert_eq!(exif::orientation(&behind), stated);
    assert!(stated.is_some());
}

/// An orientation that is written is read, and changes no colours.
pub(crate) fn mp4(case: &[u8]) {
    let before = mp4::stated(&mut Cursor::new(case));
    for orientation in Orientation::all() {
        let mut turned = case.to_vec();
        if mp4::set_orientation(&mut turned, orientation).is_none() || before.orientation.is_none() {
            continue;
        }
        let after = mp4::stated(&mut Cursor::new(&turned));
        assert_eq!(after, mp4::Stated { orientation: Some(orientation), ..before });
    }
}

/// A key frame is found after other NAL units, in both formats, and so is an orientation.
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
        let orientation = |unit| StreamOrientation::default().next(codec, Framing::Lengths(4), unit);
        assert_eq!(orientation(&behind), orientation(case), "{codec:?}");
        StreamOrientation::default().next(codec, Framing::StartCodes, case);
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
