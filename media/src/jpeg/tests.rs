use super::*;

fn gradient(width: u32, height: u32) -> Image {
    let data = (0..height)
        .flat_map(|y| (0..width).flat_map(move |x| [(x * 255 / width) as u8, (y * 255 / height) as u8, 128]))
        .collect();
    Image { width, height, data }
}

fn view(image: &Image) -> ImageRef<'_> {
    ImageRef { width: image.width, height: image.height, data: &image.data }
}

#[test]
fn a_picture_survives_the_round_trip() {
    let image = gradient(320, 240);
    let jpeg = encode(view(&image), 95).unwrap();
    assert_eq!(header(&jpeg).unwrap(), Size { width: 320, height: 240 });
    let back = decode(&jpeg, None).unwrap();
    assert_eq!((back.width, back.height), (320, 240));
    let worst = image.data.iter().zip(&back.data).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
    assert!(worst <= 12, "off by {worst}");
}

#[test]
fn decoding_scales_down_but_never_below_the_wanted_size() {
    let jpeg = encode(view(&gradient(640, 480)), 90).unwrap();
    for (wanted, expected) in [
        ((320, 240), (320, 240)),
        ((321, 240), (640, 480)),
        ((100, 100), (160, 120)),
        ((1, 1), (80, 60)),
        ((4_000, 4_000), (640, 480)),
    ] {
        let image = decode(&jpeg, Some(Size { width: wanted.0, height: wanted.1 })).unwrap();
        assert_eq!((image.width, image.height), expected, "wanted {wanted:?}");
        assert_eq!(image.data.len(), (expected.0 * expected.1 * 3) as usize);
    }
}

#[test]
fn a_scaled_decode_does_not_affect_the_next() {
    let mut decoder = JpegDecoder::new().unwrap();
    let jpeg = encode(view(&gradient(64, 64)), 90).unwrap();
    assert_eq!(decoder.decode_at_least(&jpeg, Size { width: 8, height: 8 }).unwrap().width, 8);
    assert_eq!(decoder.decode(&jpeg).unwrap().width, 64);
}

/// A JPEG whose header declares 30,000² pixels must be refused by its header: the pixels would take 2.7 GB.
#[test]
fn a_decompression_bomb_is_refused_by_its_header() {
    let mut jpeg = encode(view(&gradient(64, 64)), 90).unwrap();
    let start_of_frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    jpeg[start_of_frame + 5..start_of_frame + 9].copy_from_slice(&[0x75, 0x30, 0x75, 0x30]);
    for result in [decode(&jpeg, None), decode(&jpeg, Some(Size { width: 64, height: 64 }))] {
        assert!(matches!(result, Err(JpegError::TooLarge { width: 30_000, height: 30_000 })), "{result:?}");
    }
}

#[test]
fn bytes_that_are_not_a_jpeg_are_errors() {
    let jpeg = encode(view(&gradient(64, 64)), 90).unwrap();
    for bytes in [&[][..], b"not a jpeg", &jpeg[..10]] {
        assert!(matches!(decode(bytes, None), Err(JpegError::Header { .. })), "{} bytes", bytes.len());
    }
    let truncated = decode(&jpeg[..jpeg.len() - 40], None);
    assert!(matches!(truncated, Err(JpegError::Decode { .. })), "{truncated:?}");
}

#[test]
fn flipped_bits_never_panic_and_leave_the_decoder_usable() {
    let jpeg = encode(view(&gradient(64, 64)), 90).unwrap();
    let mut decoder = JpegDecoder::new().unwrap();
    let mut decoded = 0;
    for bit in (0..jpeg.len() * 8).step_by(7) {
        let mut broken = jpeg.clone();
        broken[bit / 8] ^= 1 << (bit % 8);
        if let Ok(image) = decoder.decode(&broken) {
            assert_eq!(image.data.len(), (image.width * image.height * 3) as usize);
            decoded += 1;
        }
    }
    assert!(decoded > 0);
    assert!(decoder.decode(&jpeg).is_ok());
}
