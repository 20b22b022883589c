//! A clip as RTP packets, and RTCP sender reports.

use std::path::Path;
use std::sync::Arc;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use vru_runtime::test_util::{Codec, clip};

/// Ticks of the RTP clock between two pictures, at 20 pictures a second.
pub const STEP: u32 = 4_500;
/// The synchronization source of the stream.
pub const SSRC: u32 = 0x1234_5678;

/// The first pictures of the street clip as RTP packets, which are sent in a loop.
#[derive(Debug)]
pub struct RecordedStream {
    /// The packets of each picture. The sender sets their timestamps and sequence numbers.
    pub pictures: Vec<Vec<Vec<u8>>>,
    /// `sprop-parameter-sets` as the payloader reports it.
    pub parameter_sets: String,
}

impl RecordedStream {
    /// H.264, 768×576, with a key frame every ten pictures.
    pub fn street(count: usize) -> Arc<Self> {
        vru_media::init().unwrap();
        let mut stream = Self { pictures: vec![Vec::new()], parameter_sets: String::new() };
        let sink = payload(&clip(Codec::H264));
        while stream.pictures.len() <= count {
            let sample = sink.1.pull_sample().unwrap();
            let packet = sample.buffer().unwrap().map_readable().unwrap().to_vec();
            let ends_picture = packet[1] & 0x80 != 0;
            stream.pictures.last_mut().unwrap().push(packet);
            if ends_picture {
                stream.pictures.push(Vec::new());
            }
            let sets = sample.caps().unwrap().structure(0).unwrap().get::<String>("sprop-parameter-sets");
            stream.parameter_sets = sets.unwrap();
        }
        stream.pictures.pop();
        sink.0.set_state(gst::State::Null).unwrap();
        Arc::new(stream)
    }
}

fn payload(file: &Path) -> (gst::Pipeline, gst_app::AppSink) {
    let launch = format!(
        "filesrc location=\"{}\" ! qtdemux ! h264parse ! rtph264pay pt=96 mtu=1200 config-interval=-1 ssrc={SSRC} \
         ! appsink name=sink sync=false max-buffers=8",
        file.display()
    );
    let pipeline = gst::parse::launch(&launch).unwrap().downcast::<gst::Pipeline>().unwrap();
    let sink = pipeline.by_name("sink").unwrap().downcast::<gst_app::AppSink>().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    (pipeline, sink)
}

/// Sets a packet's sequence number and timestamp.
pub fn stamp(packet: &mut [u8], sequence: u16, timestamp: u32) {
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    packet[4..8].copy_from_slice(&timestamp.to_be_bytes());
}

/// A sender report that maps a timestamp to wall-clock time.
pub fn sender_report(wall_us: i64, timestamp: u32) -> Vec<u8> {
    let wall_us = u64::try_from(wall_us).unwrap();
    let seconds = wall_us / 1_000_000 + 2_208_988_800;
    let fraction = ((wall_us % 1_000_000) << 32) / 1_000_000;
    let mut report = vec![0x80, 200, 0, 6];
    report.extend(SSRC.to_be_bytes());
    report.extend((seconds as u32).to_be_bytes());
    report.extend((fraction as u32).to_be_bytes());
    report.extend(timestamp.to_be_bytes());
    report.extend([0; 8]);
    report
}
