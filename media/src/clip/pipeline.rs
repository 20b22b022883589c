//! The GStreamer pipeline that encodes and muxes a clip.

use std::path::Path;
use std::time::Instant;

use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use gstreamer_video as gst_video;
use vru_vision::image::Image;

use super::{ClipError, Deadline};
use crate::shown::ContainerColours;
use crate::{Codec, launch};

/// Maximum number of bytes queued for the encoder: a few pictures, so that it is never idle.
const MAX_QUEUED_BYTES: u64 = 24 * 1024 * 1024;
/// How often a push polls a full queue. An error ends the wait immediately.
const POLL_INTERVAL: gst::ClockTime = gst::ClockTime::from_mseconds(5);

/// Duration of the last sample: players skip a sample without one. Every other sample lasts until the next.
const LAST_SAMPLE: gst::ClockTime = gst::ClockTime::from_mseconds(100);

/// When a sample is decoded and displayed, in microseconds from the start of the clip.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) decode_us: u64,
    pub(super) show_us: u64,
}

/// What the pipeline takes. `width` and `height` are the size of the encoded video.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    Pictures { width: u32, height: u32 },
    Units(Codec, ContainerColours),
}

#[derive(Debug)]
pub(super) struct ClipPipeline {
    elements: gst::Pipeline,
    bus: gst::Bus,
    source: gst_app::AppSrc,
    /// Size of the last picture. When it changes, the source needs new caps.
    size: Option<(u32, u32)>,
}

impl ClipPipeline {
    pub(super) fn start(stream: Stream, path: &Path) -> Result<Self, ClipError> {
        let line = match stream {
            // Without B-frames the clip starts at time 0, and each picture keeps its time stamp.
            Stream::Pictures { width, height } => format!(
                "videoconvert n-threads=1 ! videoscale n-threads=1 add-borders=true \
                 ! video/x-raw,format=I420,width={width},height={height},pixel-aspect-ratio=1/1 \
                 ! x264enc speed-preset=veryfast pass=quant quantizer=24 bframes=0 key-int-max=50 threads=1 rc-lookahead=0 \
                 ! h264parse"
            ),
            Stream::Units(Codec::H264, _) => "h264parse".to_owned(),
            Stream::Units(Codec::H265, _) => "h265parse".to_owned(),
        };
        let line =
            format!("appsrc name=source format=time ! {line} ! mp4mux name=mux faststart=true ! filesink name=file");
        let broken = |problem: &str| ClipError::Pipeline { problem: problem.to_owned() };
        let bin = launch::bin(&line)?;
        let source = bin
            .by_name("source")
            .and_then(|element| element.downcast::<gst_app::AppSrc>().ok())
            .ok_or_else(|| broken("the pipeline has no source"))?;
        if let Stream::Units(codec, colours) = stream {
            // The muxer writes the colours into the file.
            let caps = gst::Caps::builder(codec.media_type())
                .field("stream-format", "byte-stream")
                .field("alignment", "au")
                .field_if_some("colorimetry", colours.colorimetry())
                .build();
            source.set_caps(Some(&caps));
        }
        bin.by_name("file").ok_or_else(|| broken("the pipeline has no file sink"))?.set_property("location", path);
        let mux = bin.by_name("mux").ok_or_else(|| broken("the pipeline has no muxer"))?;
        set_durations(&mux.sink_pads());
        let pipeline = gst::Pipeline::new();
        pipeline.add(&bin).map_err(|_| broken("the pipeline does not take its elements"))?;
        let bus = pipeline.bus().ok_or_else(|| broken("the pipeline has no bus"))?;
        let this = Self { elements: pipeline, bus, source, size: None };
        if this.elements.set_state(gst::State::Playing).is_err() {
            let problem = launch::bus_error(&this.bus).unwrap_or_else(|| "the pipeline does not start".to_owned());
            return Err(ClipError::Pipeline { problem });
        }
        Ok(this)
    }

    pub(super) fn push_picture(&mut self, show_us: u64, image: Image, limit: &Deadline) -> Result<(), ClipError> {
        let broken = |problem: &str| ClipError::Pipeline { problem: problem.to_owned() };
        let (width, height) = (image.width, image.height);
        if self.size != Some((width, height)) {
            // A frame rate of 0 means variable: only the time stamps count.
            let caps = gst_video::VideoCapsBuilder::new()
                .format(gst_video::VideoFormat::Rgb)
                .width(width as i32)
                .height(height as i32)
                .framerate(gst::Fraction::new(0, 1))
                .pixel_aspect_ratio(gst::Fraction::new(1, 1))
                .build();
            self.source.set_caps(Some(&caps));
            self.size = Some((width, height));
        }
        let row = width as usize * 3;
        // GStreamer pads RGB rows to multiples of four bytes.
        let stride = row.next_multiple_of(4);
        let data = if stride == row {
            image.data
        } else {
            let mut padded = vec![0; stride * height as usize];
            for (to, from) in padded.chunks_mut(stride).zip(image.data.chunks(row)) {
                to.get_mut(..from.len())
                    .ok_or_else(|| broken("the rows of a picture do not fit"))?
                    .copy_from_slice(from);
            }
            padded
        };
        self.push(Times { decode_us: show_us, show_us }, gst::Buffer::from_mut_slice(data), limit)
    }

    pub(super) fn push_unit(&mut self, times: Times, unit: Bytes, limit: &Deadline) -> Result<(), ClipError> {
        self.push(times, gst::Buffer::from_slice(unit), limit)
    }

    fn push(&mut self, times: Times, mut buffer: gst::Buffer, limit: &Deadline) -> Result<(), ClipError> {
        let writable = buffer.get_mut().expect("a new buffer has one owner");
        writable.set_pts(gst::ClockTime::from_useconds(times.show_us));
        writable.set_dts(gst::ClockTime::from_useconds(times.decode_us));
        while self.source.current_level_bytes() > MAX_QUEUED_BYTES {
            self.wait(POLL_INTERVAL, limit)?;
        }
        self.source.push_buffer(buffer).map(drop).map_err(|flow| ClipError::Pipeline {
            problem: launch::bus_error(&self.bus).unwrap_or_else(|| format!("flow {flow:?}")),
        })
    }

    /// Waits for at most `longest`. Returns true if the stream has ended.
    fn wait(&self, longest: gst::ClockTime, limit: &Deadline) -> Result<bool, ClipError> {
        let left = limit.at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ClipError::TimedOut { after: limit.after });
        }
        let left = gst::ClockTime::try_from(left).unwrap_or(longest).min(longest);
        let Some(message) = self.bus.timed_pop_filtered(left, &[gst::MessageType::Eos, gst::MessageType::Error]) else {
            return Ok(false);
        };
        match message.view() {
            gst::MessageView::Error(error) => Err(ClipError::Pipeline { problem: error.error().to_string() }),
            _ => Ok(true),
        }
    }

    pub(super) fn finish(self, limit: &Deadline) -> Result<(), ClipError> {
        let ended = self.source.end_of_stream();
        ended.map_err(|flow| ClipError::Pipeline { problem: format!("flow {flow:?}") })?;
        while !self.wait(gst::ClockTime::from_mseconds(200), limit)? {}
        Ok(())
    }
}

/// Sets the duration of each buffer in front of the muxer, which uses it for the last sample only. With an unknown frame rate,
/// encoders and parsers set no duration, or one nanosecond.
fn set_durations(pads: &[gst::Pad]) {
    for pad in pads {
        pad.add_probe(gst::PadProbeType::BUFFER, |_, info| {
            if let Some(buffer) = info.buffer_mut() {
                buffer.make_mut().set_duration(LAST_SAMPLE);
            }
            gst::PadProbeReturn::Ok
        });
    }
}

impl Drop for ClipPipeline {
    fn drop(&mut self) {
        // A change to Null cannot fail in practice, and no recovery would be possible.
        self.elements.set_state(gst::State::Null).ok();
    }
}
