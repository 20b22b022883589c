//! Frames of the sample clip, as ingest publishes them.

use bytes::Bytes;
use vru_proto::v1;
use vru_runtime::test_util::{self, Codec};

pub use vru_runtime::test_util::jpegs;

const SIZE: (u32, u32) = (768, 576);
const SESSION: u64 = 1_700_000_000_000_000;

/// The first access units of the clip, in byte-stream format.
pub fn access_units(codec: v1::Encoding, count: usize) -> Vec<Bytes> {
    let codec = if codec == v1::Encoding::H265 { Codec::H265 } else { Codec::H264 };
    test_util::access_units(codec, count)
}

/// A frame with a JPEG. Its time of ingest lies an hour in the future, so that it never becomes too old in a test.
pub fn jpeg_frame(camera: &str, sequence: u64, jpeg: &Bytes, delivery: v1::Delivery) -> v1::Frame {
    v1::Frame {
        id: Some(v1::FrameId { camera_id: camera.to_owned(), session: SESSION, sequence }),
        captured_at_us: SESSION as i64 + sequence as i64 * 100_000,
        clock_source: v1::ClockSource::File.into(),
        ingested_at_us: vru_runtime::clock::now_us() + 3_600_000_000,
        width: SIZE.0,
        height: SIZE.1,
        source_width: SIZE.0,
        source_height: SIZE.1,
        encoding: v1::Encoding::Jpeg.into(),
        key_frame: true,
        delivery: delivery.into(),
        analyse: true,
        payload: jpeg.clone(),
        ..Default::default()
    }
}

/// A frame with an H.264 or H.265 access unit.
pub fn coded_frame(camera: &str, sequence: u64, unit: &Bytes, encoding: v1::Encoding) -> v1::Frame {
    let codec = if encoding == v1::Encoding::H265 { vru_media::Codec::H265 } else { vru_media::Codec::H264 };
    v1::Frame {
        encoding: encoding.into(),
        key_frame: codec.is_key_unit(unit),
        ..jpeg_frame(camera, sequence, unit, v1::Delivery::EveryFrame)
    }
}
