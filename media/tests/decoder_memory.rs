//! Memory of a video decoder. The only test of this process, because it measures the resident memory of the whole process.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod test_video;

use bytes::Bytes;
use vru_media::Codec;
use vru_media::decoder::{Reordering, VideoDecoder};

fn units(encoder: &str, frames: u32) -> Vec<Bytes> {
    vru_media::init().unwrap();
    let encoder = format!("capsfilter caps=video/x-raw,format=I420 ! {encoder}");
    test_video::units(Codec::H264.media_type(), "ball", &encoder, frames, (768, 576))
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1_024
}

/// Resident memory that one more decoder costs, without what all share.
fn cost_mb(units: &[Bytes]) -> f64 {
    const FEW: usize = 8;
    const MANY: usize = 40;
    let mut decoders = Vec::new();
    let mut grow_to = |count: usize| {
        while decoders.len() < count {
            let mut decoder = VideoDecoder::new(Codec::H264, Reordering::AsSeen).unwrap();
            let mut pictures = 0;
            for (id, unit) in units.iter().enumerate() {
                pictures += decoder.push(unit.clone(), id as u64, Codec::H264.is_key_unit(unit)).unwrap().len();
            }
            assert_eq!(pictures, units.len());
            decoders.push(decoder);
        }
        resident()
    };
    let few = grow_to(FEW);
    (grow_to(MANY) - few) as f64 / (MANY - FEW) as f64 / 1e6
}

#[test]
fn a_decoder_keeps_only_the_pictures_that_its_stream_needs() {
    // It has the reference and the picture that is being decoded, of 0.66 MB each, and 2.3 MB of tables of libavcodec and of the parser.
    // Measured: 3.7 MB, and 5.0 MB when GStreamer copies each picture. The mean of 32 decoders varies by 0.02 MB.
    let cost =
        cost_mb(&units("x264enc tune=zerolatency key-int-max=10 speed-preset=ultrafast ref=1 b-adapt=false", 30));
    println!("{cost:.2} MB per decoder");
    assert!(cost < 4.0, "a decoder of a stream with one reference costs {cost:.2} MB");
}
