//! Reads GStreamer samples.

use bytes::Bytes;
use gstreamer as gst;
use vru_media::Codec;
use vru_proto::v1::Encoding;

pub(super) fn encoding_of(codec: Codec) -> Encoding {
    match codec {
        Codec::H264 => Encoding::H264,
        Codec::H265 => Encoding::H265,
    }
}

/// Width and height from a sample's caps.
pub(super) fn sample_size(sample: &gst::Sample) -> Option<(u32, u32)> {
    let caps = sample.caps()?.structure(0)?;
    let side = |name: &str| u32::try_from(caps.get::<i32>(name).ok()?).ok();
    Some((side("width")?, side("height")?))
}

/// A sample's PTS in nanoseconds, and its bytes without a copy: they stay in GStreamer's memory.
pub(super) fn sample_payload(sample: &gst::Sample) -> Option<(Option<u64>, Bytes)> {
    let buffer = sample.buffer_owned()?;
    let pts_ns = buffer.pts().map(gst::ClockTime::nseconds);
    let mapped = buffer.into_mapped_buffer_readable().ok()?;
    Some((pts_ns, Bytes::from_owner(mapped)))
}
