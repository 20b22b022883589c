//! A clip as RTP packets, and RTCP sender reports.

use std::sync::Arc;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use vru_runtime::test_util::{Codec, clip};

/// Ticks of the RTP clock between two pictures, at 20 pictures a second.
pub const STEP: u32 = 4_500;
/// The synchronization source of the stream.
pub const SSRC: u32 = 305_419_896;

/// Pictures as RTP packets, which are sent in a loop.
#[derive(Debug)]
pub struct RecordedStream {
    /// The packets of each picture. The sender sets their timestamps and sequence numbers.
    pub pictures: Vec<Vec<Vec<u8>>>,
    /// Payload type, and what the session description says about it.
    pub payload_type: u8,
    pub rtpmap: String,
    /// `sprop-parameter-sets`, or the three fields of H.265, as the payloader reports them.
    pub parameter_sets: String,
    /// `a=x-dimensions` of large JPEGs.
    pub dimensions: Option<String>,
}

impl RecordedStream {
    /// The first pictures of the street clip in H.264, 768×576, with a key frame every ten pictures.
    pub fn street(count: usize) -> Arc<Self> {
        Self::street_in(Codec::H264, count)
    }

    /// The first pictures of the street clip.
    pub fn street_in(codec: Codec, count: usize) -> Arc<Self> {
        let elements = match codec {
            Codec::H264 => format!("h264parse ! rtph264pay pt=96 {PAYLOADER} config-interval=-1"),
            Codec::H265 => format!("h265parse ! rtph265pay pt=96 {PAYLOADER} config-interval=-1"),
        };
        Self::record(&format!("filesrc location=\"{}\" ! qtdemux ! {elements}", clip(codec).display()), count)
    }

    /// JPEGs that are unlike each other.
    pub fn jpegs((width, height): (u32, u32), count: usize) -> Arc<Self> {
        let raw = format!("video/x-raw,format=I420,width={width},height={height},framerate=20/1");
        Self::record(&format!("videotestsrc pattern=ball ! {raw} ! jpegenc ! rtpjpegpay pt=26 {PAYLOADER}"), count)
    }

    /// What a GStreamer source gives, whose last element is a payloader.
    pub fn record(source: &str, count: usize) -> Arc<Self> {
        vru_media::init().unwrap();
        let launch = format!("{source} ! appsink name=sink sync=false max-buffers=8");
        let pipeline = gst::parse::launch(&launch).unwrap().downcast::<gst::Pipeline>().unwrap();
        let sink = pipeline.by_name("sink").unwrap().downcast::<gst_app::AppSink>().unwrap();
        pipeline.set_state(gst::State::Playing).unwrap();
        let mut pictures = vec![Vec::new()];
        let mut caps = None;
        while pictures.len() <= count {
            let sample = sink.pull_sample().unwrap();
            let packet = sample.buffer().unwrap().map_readable().unwrap().to_vec();
            let ends_picture = packet[1] & 0x80 != 0;
            pictures.last_mut().unwrap().push(packet);
            if ends_picture {
                pictures.push(Vec::new());
            }
            caps = sample.caps_owned();
        }
        pictures.pop();
        pipeline.set_state(gst::State::Null).unwrap();
        let caps = caps.unwrap();
        let caps = caps.structure(0).unwrap();
        let field = |name: &str| caps.get::<String>(name).ok();
        let h265_sets = || {
            let names = ["sprop-vps", "sprop-sps", "sprop-pps"];
            names.iter().filter_map(|name| Some(format!("{name}={}", field(name)?))).collect::<Vec<_>>().join(";")
        };
        Arc::new(Self {
            pictures,
            payload_type: caps.get::<i32>("payload").unwrap() as u8,
            rtpmap: format!("{}/90000", field("encoding-name").unwrap()),
            parameter_sets: field("sprop-parameter-sets").unwrap_or_else(h265_sets),
            dimensions: field("x-dimensions"),
        })
    }
}

const PAYLOADER: &str = "mtu=1200 ssrc=305419896";

/// Sets a packet's sequence number, timestamp and source.
pub fn stamp(packet: &mut [u8], sequence: u16, timestamp: u32, ssrc: u32) {
    packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    packet[4..8].copy_from_slice(&timestamp.to_be_bytes());
}

/// A sender report that maps a timestamp to wall-clock time.
pub fn sender_report(wall_us: i64, timestamp: u32, ssrc: u32) -> Vec<u8> {
    let wall_us = u64::try_from(wall_us).unwrap();
    let seconds = wall_us / 1_000_000 + 2_208_988_800;
    let fraction = ((wall_us % 1_000_000) << 32) / 1_000_000;
    let mut report = vec![0x80, 200, 0, 6];
    report.extend(ssrc.to_be_bytes());
    report.extend((seconds as u32).to_be_bytes());
    report.extend((fraction as u32).to_be_bytes());
    report.extend(timestamp.to_be_bytes());
    report.extend([0; 8]);
    report
}
