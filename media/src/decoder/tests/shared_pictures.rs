//! Pictures share their bytes with libavcodec: it must not change them after it has given them out.

use vru_vision::image::Image;

use super::memory::is_shared;
use super::*;

/// Codecs and encoders whose pictures depend on others in many ways.
const STREAMS: [(Codec, &str); 6] = [
    (Codec::H264, "x264enc ref=4 bframes=3 b-pyramid=true b-adapt=false key-int-max=15 speed-preset=medium"),
    (Codec::H264, "x264enc ref=4 bframes=0 tune=zerolatency key-int-max=15 speed-preset=medium"),
    (Codec::H264, "x264enc intra-refresh=true tune=zerolatency key-int-max=15 speed-preset=veryfast"),
    (
        Codec::H264,
        "capssetter caps=video/x-raw,interlace-mode=interleaved,field-order=top-field-first \
         ! x264enc bframes=2 key-int-max=15 speed-preset=veryfast",
    ),
    (Codec::H265, "x265enc key-int-max=15 speed-preset=veryfast option-string=bframes=3:ref=4"),
    (Codec::H265, "x265enc tune=zerolatency key-int-max=15 speed-preset=ultrafast"),
];

/// In a size for which libavcodec takes our memory: its rows need no padding.
fn stream(codec: Codec, encoder: &str, format: &str) -> Vec<Bytes> {
    units(codec, &format!("videoconvert ! video/x-raw,format={format} ! {encoder}"), 40, (320, 240))
}

#[test]
fn the_pixels_are_gstreamers_whatever_pictures_depend_on() {
    for (codec, encoder) in STREAMS {
        for format in ["I420", "I420_10LE"] {
            assert_pixels_are_gstreamers(codec, &format!("{encoder} {format}"), stream(codec, encoder, format));
        }
    }
}

/// Changes and drops units, so that references are missing and slices are broken.
fn damage(units: &[Bytes], mut seed: u32) -> Vec<Bytes> {
    let mut random = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize
    };
    let mut damaged = Vec::new();
    for unit in units {
        let mut unit = unit.to_vec();
        match random() % 6 {
            0 => continue,
            1 => unit.truncate(1 + random() % unit.len()),
            2 => {
                let at = random() % unit.len();
                unit[at] ^= 1 << (random() % 8);
            }
            _ => {}
        }
        damaged.push(Bytes::from(unit));
    }
    damaged
}

#[test]
fn a_picture_does_not_change_after_it_was_given_out_however_damaged_the_stream_is() {
    let mut converter = RgbConverter::default();
    let mut seen = 0;
    for (codec, encoder) in STREAMS {
        let units = stream(codec, encoder, "I420");
        for seed in 0..10 {
            let mut decoder = VideoDecoder::new(codec, Reordering::AsSeen).unwrap();
            let mut kept: Vec<(DecodedPicture, Image)> = Vec::new();
            let mut keep = |pictures: Vec<DecodedPicture>| {
                for picture in pictures {
                    let image = converter.convert(&picture.picture).unwrap();
                    kept.push((picture, image));
                }
            };
            for (id, unit) in damage(&units, seed).into_iter().enumerate() {
                let key_frame = codec.is_key_unit(&unit);
                keep(decoder.push(unit, id as u64, key_frame).unwrap_or_default());
            }
            keep(decoder.flush());
            drop(decoder);
            seen += kept.len();
            for (picture, image) in &kept {
                let now = converter.convert(&picture.picture).unwrap();
                assert!(now.data == image.data, "{encoder}, seed {seed}: picture {} has changed", picture.id);
            }
        }
    }
    assert!(seen > 600, "only {seen} pictures were decoded");
}

#[test]
fn pictures_may_be_read_on_another_thread_while_the_decoder_goes_on() {
    let (codec, encoder) = STREAMS[1];
    let units = stream(codec, encoder, "I420");
    let expected = converted_by_element(codec, &units);
    let (sender, receiver) = std::sync::mpsc::sync_channel::<DecodedPicture>(40);
    let reader = std::thread::spawn(move || {
        let mut converter = RgbConverter::default();
        receiver.into_iter().map(|decoded| converter.convert(&decoded.picture).unwrap().data).collect::<Vec<_>>()
    });
    let mut decoder = VideoDecoder::new(codec, Reordering::AsSeen).unwrap();
    for (id, unit) in units.into_iter().enumerate() {
        let key_frame = codec.is_key_unit(&unit);
        for decoded in decoder.push(unit, id as u64, key_frame).unwrap() {
            sender.send(decoded).unwrap();
        }
    }
    drop((sender, decoder));
    assert!(reader.join().unwrap() == expected);
}

#[test]
fn only_pictures_that_libavcodec_leaves_alone_share_their_bytes() {
    for (codec, encoder) in STREAMS {
        let mut decoder = VideoDecoder::new(codec, Reordering::AsSeen).unwrap();
        let mut shared = 0;
        for (id, unit) in stream(codec, encoder, "I420").into_iter().enumerate() {
            let key_frame = codec.is_key_unit(&unit);
            let pictures = decoder.push(unit, id as u64, key_frame).unwrap();
            shared += pictures.iter().filter(|decoded| is_shared(decoded.picture.memory())).count();
        }
        assert_eq!(shared > 0, !encoder.contains("interleaved"), "{encoder}: {shared} pictures share their bytes");
    }
}
