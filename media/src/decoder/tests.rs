use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;

use super::*;

mod parameter_set;
mod shared_pictures;
#[path = "../../tests/test_video/mod.rs"]
mod test_video;

/// Access units of a test video, as a camera with this encoder would send them.
fn units(codec: Codec, encoder: &str, frames: u32, size: (u32, u32)) -> Vec<Bytes> {
    units_of(codec, "ball", encoder, frames, size)
}

fn units_of(codec: Codec, pattern: &str, encoder: &str, frames: u32, size: (u32, u32)) -> Vec<Bytes> {
    crate::init().unwrap();
    test_video::units(codec.media_type(), pattern, encoder, frames, size)
}

const CAMERA_264: &str = "x264enc tune=zerolatency key-int-max=10 speed-preset=ultrafast";

#[test]
fn each_unit_returns_its_picture_immediately() {
    for (codec, encoder) in
        [(Codec::H264, CAMERA_264), (Codec::H265, "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=10")]
    {
        let mut decoder = VideoDecoder::new(codec, Reordering::AsSeen).unwrap();
        for (id, unit) in units(codec, encoder, 25, (322, 242)).into_iter().enumerate() {
            let key_frame = codec.is_key_unit(&unit);
            assert_eq!(key_frame, id % 10 == 0, "{codec:?} {id}");
            let pictures = decoder.push(unit, id as u64, key_frame).unwrap();
            assert_eq!(pictures.len(), 1, "{codec:?} unit {id}");
            assert_eq!(pictures[0].id, id as u64);
            let image = RgbConverter::default().convert(&pictures[0].picture).unwrap();
            assert_eq!((image.width, image.height), (322, 242));
            // A white ball on black.
            assert!(image.data.iter().any(|v| *v > 200) && image.data.iter().any(|v| *v < 30));
        }
        assert!(decoder.flush().is_empty());
    }
}

#[test]
fn reordered_pictures_keep_their_ids_and_none_is_lost() {
    let units =
        units(Codec::H264, "x264enc bframes=2 b-adapt=false key-int-max=30 speed-preset=medium", 30, (320, 240));
    let mut decoder = VideoDecoder::new(Codec::H264, Reordering::AsAllowed).unwrap();
    let mut ids = Vec::new();
    for (id, unit) in units.into_iter().enumerate() {
        let key_frame = Codec::H264.is_key_unit(&unit);
        ids.extend(decoder.push(unit, id as u64, key_frame).unwrap().into_iter().map(|picture| picture.id));
    }
    ids.extend(decoder.flush().into_iter().map(|picture| picture.id));
    assert_ne!(ids, (0..30).collect::<Vec<_>>(), "the stream has no reordered pictures");
    ids.sort_unstable();
    assert_eq!(ids, (0..30).collect::<Vec<_>>());
}

#[test]
fn decoding_starts_at_a_key_frame_also_after_a_flush() {
    let units = units(Codec::H264, CAMERA_264, 12, (320, 240));
    let mut decoder = VideoDecoder::new(Codec::H264, Reordering::AsSeen).unwrap();
    assert!(matches!(decoder.push(units[1].clone(), 1, false), Err(VideoDecodeError::AwaitingKeyFrame)));
    assert_eq!(decoder.push(units[0].clone(), 0, true).unwrap().len(), 1);
    decoder.flush();
    assert!(matches!(decoder.push(units[1].clone(), 1, false), Err(VideoDecodeError::AwaitingKeyFrame)));
    assert_eq!(decoder.push(units[10].clone(), 10, true).unwrap()[0].id, 10);
}

#[test]
fn the_picture_size_may_change_within_a_stream() {
    let mut decoder = VideoDecoder::new(Codec::H264, Reordering::AsSeen).unwrap();
    for size in [(320, 240), (640, 360), (160, 120)] {
        for (id, unit) in units(Codec::H264, CAMERA_264, 3, size).into_iter().enumerate() {
            let pictures = decoder.push(unit, id as u64, id == 0).unwrap();
            assert_eq!((pictures[0].picture.width(), pictures[0].picture.height()), size);
        }
    }
}

#[test]
fn corrupt_units_never_panic_and_a_key_frame_recovers() {
    let units = units(Codec::H264, CAMERA_264, 21, (320, 240));
    let mut decoder = VideoDecoder::new(Codec::H264, Reordering::AsSeen).unwrap();
    let mut seed = 7_u32;
    for (id, unit) in units[..20].iter().enumerate() {
        let mut broken = unit.to_vec();
        for _ in 0..20 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = seed as usize % broken.len();
            broken[at] ^= (seed >> 24) as u8;
        }
        broken.truncate(broken.len().saturating_sub(id * 3).max(1));
        // Both results are acceptable, but the call must return.
        drop(decoder.push(Bytes::from(broken), id as u64, id == 0));
    }
    drop(decoder.push(Bytes::from_static(b"no video at all"), 99, true));
    decoder.flush();
    assert_eq!(decoder.push(units[20].clone(), 20, true).unwrap()[0].id, 20);
}

/// The pictures of these units, converted by the element that GStreamer's users have for it.
fn converted_by_element(codec: Codec, units: &[Bytes]) -> Vec<Vec<u8>> {
    let name = if codec == Codec::H264 { "h264" } else { "h265" };
    let line = format!(
        "appsrc name=source format=time caps=video/x-{name},stream-format=byte-stream,alignment=au ! {name}parse ! avdec_{name} \
         ! videoconvert ! video/x-raw,format=RGB ! appsink name=sink sync=false"
    );
    let pipeline = gst::parse::launch(&line).unwrap().downcast::<gst::Pipeline>().unwrap();
    let source = pipeline.by_name("source").unwrap().downcast::<gst_app::AppSrc>().unwrap();
    let sink = pipeline.by_name("sink").unwrap().downcast::<gst_app::AppSink>().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    for unit in units {
        source.push_buffer(gst::Buffer::from_slice(unit.clone())).unwrap();
    }
    source.end_of_stream().unwrap();
    let mut pictures = Vec::new();
    while let Ok(sample) = sink.pull_sample() {
        pictures.push(sample.buffer().unwrap().map_readable().unwrap().to_vec());
    }
    pipeline.set_state(gst::State::Null).unwrap();
    pictures
}

#[test]
fn the_pixels_are_those_of_gstreamers_own_conversion() {
    let colours = [
        "format=I420,colorimetry=bt601",
        "format=I420,colorimetry=bt709",
        "format=I420,colorimetry=1:4:0:0",
        "format=Y42B,colorimetry=bt709",
        "format=Y444,colorimetry=bt709",
        "format=I420_10LE,colorimetry=bt709",
    ];
    for (codec, encoder) in
        [(Codec::H264, CAMERA_264), (Codec::H265, "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=10")]
    {
        for colour in colours {
            let coloured = format!("videoconvert ! video/x-raw,{colour} ! {encoder}");
            // A width of a multiple of four, so that rows have no padding.
            let units = units_of(codec, "smpte", &coloured, 12, (324, 242));
            assert_pixels_are_gstreamers(codec, colour, units);
        }
    }
}

/// Keeps all pictures until the end, so that libavcodec has reused what it gave out, if it does.
fn assert_pixels_are_gstreamers(codec: Codec, what: &str, units: Vec<Bytes>) {
    let expected = converted_by_element(codec, &units);
    let mut decoder = VideoDecoder::new(codec, Reordering::AsAllowed).unwrap();
    let mut pictures = Vec::new();
    for (id, unit) in units.into_iter().enumerate() {
        let key_frame = codec.is_key_unit(&unit);
        pictures.extend(decoder.push(unit, id as u64, key_frame).unwrap());
    }
    pictures.extend(decoder.flush());
    assert_eq!(pictures.len(), expected.len(), "{codec:?} {what}");
    let mut converter = RgbConverter::default();
    for (decoded, expected) in pictures.iter().zip(&expected) {
        let image = converter.convert(&decoded.picture).unwrap();
        assert!(image.data == *expected, "{codec:?} {what}: other pixels in picture {}", decoded.id);
    }
}
