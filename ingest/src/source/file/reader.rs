//! Decodes a file's video with GStreamer, one frame per call.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use vru_media::Codec;
use vru_proto::v1::Encoding;

use crate::error::SourceError;
use crate::source::OutputPlan;
use crate::source::elements::{build_error, make_bin, make_element, static_pad};
use crate::source::encoder_input::{SourceSize, prepare_encoder};
use crate::source::samples::{encoding_of, sample_payload, sample_size};

/// Longest time to read and decode one frame. A network file system that hangs must not hang the camera.
const FRAME_DEADLINE: Duration = Duration::from_secs(30);
/// Frames that are decoded ahead.
const DECODE_AHEAD: u32 = 4;
/// Several threads add latency per frame, which does not matter for files.
const DECODER_THREADS: u32 = 2;

/// An encoded frame without identity.
#[derive(Debug)]
pub(super) struct VideoFrame {
    /// Stream time from the start of the file.
    pub(super) position_ns: u64,
    pub(super) payload: Bytes,
    pub(super) encoding: Encoding,
    pub(super) size: (u32, u32),
    pub(super) source_size: (u32, u32),
    pub(super) key_frame: bool,
}

#[derive(Debug)]
pub(super) struct Reader {
    path: String,
    pipeline: gst::Pipeline,
    bus: gst::Bus,
    sink: gst_app::AppSink,
    /// `None` with passthrough, where the source has the size of the access unit.
    source_size: Option<SourceSize>,
    /// Access units that are still to be skipped. Pictures are skipped before they are encoded, and not counted here.
    skip_units: u64,
    frames_read: u64,
    last_position_ns: u64,
}

impl Reader {
    pub(super) fn open(path: &Path, plan: &OutputPlan, skip: u64) -> Result<Self, SourceError> {
        vru_media::init()?;
        let pipeline = gst::Pipeline::new();
        let source = make_element("filesrc")?;
        source.set_property("location", path);
        let demuxer = make_element(if plan.is_passthrough() { "parsebin" } else { "decodebin" })?;
        let sink = gst_app::AppSink::builder().sync(false).max_buffers(DECODE_AHEAD).build();
        sink.set_property("enable-last-sample", false);
        pipeline
            .add_many([&source, &demuxer, sink.upcast_ref()])
            .and_then(|()| source.link(&demuxer))
            .map_err(|_| build_error("the file's elements cannot be linked"))?;
        let source_size = if plan.is_passthrough() {
            link_access_units(&demuxer, &pipeline, &sink, plan);
            None
        } else {
            Some(link_pictures(&demuxer, &pipeline, &sink, plan, skip)?)
        };
        let bus = pipeline.bus().ok_or_else(|| build_error("the pipeline has no bus"))?;
        let skip_units = if plan.is_passthrough() { skip } else { 0 };
        let path = path.display().to_string();
        let (frames_read, last_position_ns) = (skip, 0);
        let reader = Self { path, pipeline, bus, sink, source_size, skip_units, frames_read, last_position_ns };
        match reader.pipeline.set_state(gst::State::Playing) {
            Ok(_) => Ok(reader),
            Err(_) => Err(reader.start_error()),
        }
    }

    /// The next frame; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<VideoFrame>, SourceError> {
        loop {
            let Some(sample) = self.pull()? else { return Ok(None) };
            if self.skip_units > 0 {
                self.skip_units -= 1;
                continue;
            }
            let frame = self.frame(&sample).ok_or_else(|| self.error("the frame has no size or no content"))?;
            self.frames_read += 1;
            return Ok(Some(frame));
        }
    }

    fn pull(&self) -> Result<Option<gst::Sample>, SourceError> {
        let until = Instant::now() + FRAME_DEADLINE;
        loop {
            if let Some(sample) = self.sink.try_pull_sample(gst::ClockTime::from_mseconds(200)) {
                return Ok(Some(sample));
            }
            if let Some(message) = self.bus.pop_filtered(&[gst::MessageType::Error])
                && let gst::MessageView::Error(error) = message.view()
            {
                return Err(self.error(&error.error().to_string()));
            }
            if self.sink.is_eos() {
                return Ok(None);
            }
            // In a file without video, the end of stream does not reach the sink.
            if self.bus.pop_filtered(&[gst::MessageType::Eos]).is_some() {
                return Ok(None);
            }
            if Instant::now() > until {
                return Err(self.error(&format!("no frame within {FRAME_DEADLINE:?}")));
            }
        }
    }

    fn frame(&mut self, sample: &gst::Sample) -> Option<VideoFrame> {
        let (pts_ns, payload) = sample_payload(sample)?;
        let size = sample_size(sample)?;
        if let Some(pts) = pts_ns.map(gst::ClockTime::from_nseconds) {
            let segment = sample.segment().and_then(|segment| segment.downcast_ref::<gst::ClockTime>());
            let position = segment.and_then(|segment| segment.to_stream_time(pts)).unwrap_or(pts);
            self.last_position_ns = position.nseconds();
        }
        let (encoding, source_size, key_frame) = if let Some(source_size) = &self.source_size {
            (Encoding::Jpeg, source_size.get(), true)
        } else {
            let caps = sample.caps()?;
            let name = caps.structure(0)?.name();
            let codec = [Codec::H264, Codec::H265].into_iter().find(|codec| name == codec.media_type())?;
            (encoding_of(codec), size, codec.is_key_unit(&payload))
        };
        Some(VideoFrame { position_ns: self.last_position_ns, payload, encoding, size, source_size, key_frame })
    }

    fn start_error(&self) -> SourceError {
        let message = self.bus.pop_filtered(&[gst::MessageType::Error]);
        match message.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Error(error)) => self.error(&error.error().to_string()),
            _ => self.error("the pipeline does not start"),
        }
    }

    fn error(&self, problem: &str) -> SourceError {
        SourceError::Decode { path: self.path.clone(), frame: self.frames_read, problem: problem.to_owned() }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // An element cannot refuse this state, and there is nothing left to do if one did.
        self.pipeline.set_state(gst::State::Null).ok();
    }
}

/// Links the first decoded video stream to the encoder. Other streams stay unlinked.
fn link_pictures(
    demuxer: &gst::Element,
    pipeline: &gst::Pipeline,
    sink: &gst_app::AppSink,
    plan: &OutputPlan,
    skip: u64,
) -> Result<SourceSize, SourceError> {
    let launch = plan.description.encode_launch(plan.values(DECODER_THREADS));
    let encoder = make_bin(&launch.ok_or_else(|| build_error("the pipeline has no encoder"))?)?;
    let source_size = prepare_encoder(&encoder, plan, None)?;
    pipeline.add(&encoder).map_err(|_| build_error("the encoder cannot be added"))?;
    encoder.link(sink).map_err(|_| build_error("the encoder cannot be linked"))?;
    let input = static_pad(&encoder, "sink")?;
    let left = AtomicU64::new(skip);
    input.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
        let skipped = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        if skipped { gst::PadProbeReturn::Handled } else { gst::PadProbeReturn::Ok }
    });
    demuxer.connect_pad_added(move |_, pad| {
        if media_type(pad).is_some_and(|name| name == "video/x-raw") && !input.is_linked() {
            // When the link is refused, the demuxer posts an error on the bus.
            pad.link(&input).ok();
        }
    });
    Ok(source_size)
}

/// Links the first stream with a supported codec to the parser of that codec.
fn link_access_units(demuxer: &gst::Element, pipeline: &gst::Pipeline, sink: &gst_app::AppSink, plan: &OutputPlan) {
    let (pipeline, sink, plan) = (pipeline.downgrade(), sink.clone(), plan.clone());
    let linked = Arc::new(AtomicBool::new(false));
    demuxer.connect_pad_added(move |demuxer, pad| {
        let codec = media_type(pad)
            .and_then(|name| [Codec::H264, Codec::H265].into_iter().find(|codec| codec.media_type() == name));
        let (Some(codec), Some(pipeline)) = (codec, pipeline.upgrade()) else { return };
        if linked.swap(true, Ordering::AcqRel) {
            return;
        }
        let joined =
            make_bin(&plan.description.decode_launch(codec, plan.values(DECODER_THREADS))).ok().and_then(|parser| {
                pipeline.add(&parser).ok()?;
                parser.link(&sink).ok()?;
                parser.sync_state_with_parent().ok()?;
                pad.link(&parser.static_pad("sink")?).ok()
            });
        if joined.is_none() {
            gst::element_error!(demuxer, gst::CoreError::Pad, ["the video cannot be linked"]);
        }
    });
}

fn media_type(pad: &gst::Pad) -> Option<String> {
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    caps.structure(0).map(|structure| structure.name().to_string())
}
