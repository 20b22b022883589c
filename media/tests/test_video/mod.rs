//! Videos for tests of the decoders: included by the unit tests, and by the tests that need a process of their own.

use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;

/// Access units of a test video, as a camera with this encoder would send them. GStreamer must be initialised.
pub fn units(media_type: &str, pattern: &str, encoder: &str, frames: u32, (width, height): (u32, u32)) -> Vec<Bytes> {
    let codec = media_type.trim_start_matches("video/x-");
    let line = format!(
        "videotestsrc num-buffers={frames} pattern={pattern} \
         ! video/x-raw,width={width},height={height},framerate=10/1 ! {encoder} \
         ! {codec}parse config-interval=-1 ! {media_type},stream-format=byte-stream,alignment=au \
         ! appsink name=sink sync=false"
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
    assert_eq!(units.len(), frames as usize, "{encoder}: the encoder failed");
    units
}
