//! What it costs to make a 1080p picture the one that a person sees: its colours and its orientation, in front of the JPEG encoder (as in
//! ingest) and as RGB (as in inference). The reference is the same without conversion.
//!
//! Does not measure: decoding, scaling, and the conversion of access units to RGB, which is needed whatever the colours are.

use gstreamer as gst;
use gstreamer::prelude::*;
use vru_benches::inputs::picture;
use vru_benches::measure::Turns;
use vru_benches::process::thread_cpu_time;
use vru_benches::row::{BenchRow, Goal};
use vru_media::Orientation;
use vru_media::jpeg_colours::JpegColours;

const WIDTH: usize = 1920;
const HEIGHT: usize = 1080;
const TURNS: usize = 25;
/// Runs in a turn: long beside the kernel's ticks.
const RUNS: u32 = 12;
const LIMITED_BT709: &str = "video/x-raw,format=I420,width=1920,height=1080,framerate=10/1,colorimetry=bt709";
const QUARTER: &str = "videoflip video-direction=90r ! jpegenc quality=85";
const PLAIN: &str = "jpegenc quality=85";

fn main() {
    vru_media::init().expect("GStreamer starts");
    let peer = "the same without conversion";
    for (name, launch, colours) in
        [("colours", PLAIN, true), ("quarter turn", QUARTER, false), ("colours and quarter turn", QUARTER, true)]
    {
        let (mut ours, mut without) = (JpegPath::new(launch, colours), JpegPath::new(PLAIN, false));
        let turns = in_turns(|| ours.run(), || without.run());
        BenchRow::of(&format!("shown/jpeg 1080p {name}"), &turns, 1e3, "ms", Goal::None, peer).save();
    }
    let image = picture(WIDTH as u32, HEIGHT as u32);
    let turned = Orientation { mirrored: false, quarters: 1 };
    let turns = in_turns(
        || drop(std::hint::black_box(turned.apply(image.clone()))),
        || drop(std::hint::black_box(image.clone())),
    );
    BenchRow::of("shown/rgb 1080p quarter turn", &turns, 1e3, "ms", Goal::None, "a copy of the picture").save();
}

/// CPU seconds per run of both sides.
fn in_turns(mut ours: impl FnMut(), mut reference: impl FnMut()) -> Turns {
    let seconds = |run: &mut dyn FnMut()| {
        let started = thread_cpu_time();
        (0..RUNS).for_each(|_| run());
        thread_cpu_time().saturating_sub(started).as_secs_f64() / f64::from(RUNS)
    };
    // The first runs allocate.
    seconds(&mut ours);
    seconds(&mut reference);
    let mut turns = Turns::default();
    for _ in 0..TURNS {
        turns.add(seconds(&mut ours), seconds(&mut reference));
    }
    turns
}

/// The elements from a decoded picture to a JPEG. They run on the thread that pushes.
struct JpegPath {
    input: gst::Pad,
    output: gst::Pad,
    bin: gst::Bin,
    stored: gst::Buffer,
    colours: Option<JpegColours>,
}

impl JpegPath {
    fn new(launch: &str, convert: bool) -> Self {
        let bin = vru_media::parse_bin(launch).expect("the elements are installed");
        let input = gst::Pad::builder(gst::PadDirection::Src).name("input").build();
        let output = gst::Pad::builder(gst::PadDirection::Sink)
            .name("output")
            .chain_function(|_, _, jpeg| {
                assert!(jpeg.size() > 10_000);
                Ok(gst::FlowSuccess::Ok)
            })
            .event_function(|_, _, _| true)
            .build();
        input.link(&bin.static_pad("sink").expect("a sink")).expect("the input fits");
        bin.static_pad("src").expect("a source").link(&output).expect("the output fits");
        output.set_active(true).expect("active");
        bin.set_state(gst::State::Playing).expect("the elements start");
        input.set_active(true).expect("active");
        let caps: gst::Caps = LIMITED_BT709.parse().expect("caps");
        for event in [
            gst::event::StreamStart::new("bench"),
            gst::event::Caps::new(&caps),
            gst::event::Segment::new(&gst::FormattedSegment::<gst::ClockTime>::new()),
        ] {
            assert!(input.push_event(event));
        }
        let colours = if convert { JpegColours::new(&caps).expect("a known format") } else { None };
        assert_eq!(colours.is_some(), convert);
        Self { input, output, bin, stored: gst::Buffer::from_slice(planes()), colours }
    }

    fn run(&mut self) {
        let mut buffer = self.stored.copy_deep().expect("memory");
        if let Some(colours) = &mut self.colours {
            colours.convert(buffer.make_mut()).expect("the format that was announced");
        }
        self.input.push(buffer).expect("a JPEG");
    }
}

impl Drop for JpegPath {
    fn drop(&mut self) {
        self.bin.set_state(gst::State::Null).ok();
        self.input.set_active(false).ok();
        self.output.set_active(false).ok();
    }
}

/// A picture as I420, with the limited range.
fn planes() -> Vec<u8> {
    let image = picture(WIDTH as u32, HEIGHT as u32);
    let limited = |byte: u8| (u32::from(byte) * 219 / 255 + 16) as u8;
    let luma = image.data.chunks_exact(3).map(|pixel| limited(pixel[1]));
    let chroma = |channel: usize| {
        let rows = image.data.chunks_exact(WIDTH * 3).step_by(2);
        rows.flat_map(move |row| row.chunks_exact(3).step_by(2).map(move |pixel| limited(pixel[channel])))
    };
    luma.chain(chroma(0)).chain(chroma(2)).collect()
}
