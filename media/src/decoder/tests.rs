use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;

use super::*;

/// Access units of a test video, as a camera with this encoder would send them.
fn units(codec: Codec, encoder: &str, frames: u32, size: (u32, u32)) -> Vec<Bytes> {
    crate::init().unwrap();
    let parser = if codec == Codec::H264 { "h264parse" } else { "h265parse" };
    let line = format!(
        "videotestsrc num-buffers={frames} pattern=ball ! video/x-raw,width={},height={},framerate=10/1 ! {encoder} \
         ! {parser} config-interval=-1 ! {},stream-format=byte-stream,alignment=au ! appsink name=sink sync=false",
        size.0,
        size.1,
        codec.media_type()
    );
    let pipeline = gst::parse::launch(&line).unwrap().downcast::<gst::Pipeline>().unwrap();
    let sink = pipeline.by_name("sink").unwrap().downcast::<gst_app::AppSink>().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let mut units = Vec::new();
    while let Ok(sample) = sink.pull_sample() {
        let map = sample.buffer().unwrap().map_readable().unwrap();
        units.push(Bytes::copy_from_slice(&map));
    }
    pipeline.set_state(gst::State::Null).unwrap();
    units
}

const CAMERA_264: &str = "x264enc tune=zerolatency key-int-max=10 speed-preset=ultrafast";

#[test]
fn each_unit_returns_its_picture_immediately() {
    for (codec, encoder) in
        [(Codec::H264, CAMERA_264), (Codec::H265, "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=10")]
    {
        let mut decoder = VideoDecoder::new(codec, 1).unwrap();
        for (id, unit) in units(codec, encoder, 25, (322, 242)).into_iter().enumerate() {
            let key_frame = codec.is_key_unit(&unit);
            assert_eq!(key_frame, id % 10 == 0, "{codec:?} {id}");
            let pictures = decoder.push(unit, id as u64, key_frame).unwrap();
            assert_eq!(pictures.len(), 1, "{codec:?} unit {id}");
            assert_eq!(pictures[0].id, id as u64);
            let image = &pictures[0].image;
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
    let mut decoder = VideoDecoder::new(Codec::H264, 1).unwrap();
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
    let mut decoder = VideoDecoder::new(Codec::H264, 1).unwrap();
    assert!(matches!(decoder.push(units[1].clone(), 1, false), Err(VideoDecodeError::AwaitingKeyFrame)));
    assert_eq!(decoder.push(units[0].clone(), 0, true).unwrap().len(), 1);
    decoder.flush();
    assert!(matches!(decoder.push(units[1].clone(), 1, false), Err(VideoDecodeError::AwaitingKeyFrame)));
    assert_eq!(decoder.push(units[10].clone(), 10, true).unwrap()[0].id, 10);
}

#[test]
fn the_picture_size_may_change_within_a_stream() {
    let mut decoder = VideoDecoder::new(Codec::H264, 1).unwrap();
    for size in [(320, 240), (640, 360), (160, 120)] {
        for (id, unit) in units(Codec::H264, CAMERA_264, 3, size).into_iter().enumerate() {
            let pictures = decoder.push(unit, id as u64, id == 0).unwrap();
            assert_eq!((pictures[0].image.width, pictures[0].image.height), size);
        }
    }
}

#[test]
fn corrupt_units_never_panic_and_a_key_frame_recovers() {
    let units = units(Codec::H264, CAMERA_264, 21, (320, 240));
    let mut decoder = VideoDecoder::new(Codec::H264, 1).unwrap();
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
