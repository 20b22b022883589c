//! Decodes a file's video with GStreamer, one frame per call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use parking_lot::Mutex;
use vru_media::sei::{Framing, StreamOrientation};
use vru_media::shown::{ContainerColours, displayed_size};
use vru_media::{Codec, Orientation, mp4};
use vru_proto::v1::Encoding;

use super::branch;
use super::container;
use super::context::FileContext;
use super::object_source::ObjectSource;
use super::options::FileOptions;
use super::progress::Progress;
use super::report::{FileReport, Missing};
use crate::error::SourceError;
use crate::source::colours::SharedColours;
use crate::source::elements::{build_error, make_element};
use crate::source::encoder_input::SourceSize;
use crate::source::orientation::{SharedOrientation, stronger};
use crate::source::samples::{encoding_of, sample_payload, sample_size};
use crate::source::unconverted::Notices;

/// Longest time in which nothing is read. A network file system that hangs must not hang the camera.
const DEADLINE: Duration = Duration::from_secs(30);
/// After an error, the decoder may give the pictures that it holds for this long.
const DRAIN: Duration = Duration::from_secs(5);
/// Frames that are decoded ahead.
const DECODE_AHEAD: u32 = 4;
/// Demuxers that end a file themselves ask beyond its end a few times at most. Those of libav ask for ever.
const READS_BEYOND_END: u32 = 1_000;
/// A file ends early if it reaches less of its stated length than this, and than a hundredth of it.
const TOLERANCE_MS: u64 = 500;

/// An encoded frame without identity.
#[derive(Debug)]
pub(super) struct VideoFrame {
    /// In the file, counted from 0; frames that cannot be decoded count.
    pub(super) number: u64,
    /// From the start of the file.
    pub(super) position_ns: u64,
    pub(super) payload: Bytes,
    pub(super) encoding: Encoding,
    pub(super) size: (u32, u32),
    pub(super) source_size: (u32, u32),
    pub(super) key_frame: bool,
    /// How the picture in the payload must be turned.
    pub(super) orientation: Orientation,
    /// Of access units.
    pub(super) container_colours: ContainerColours,
}

#[derive(Debug)]
pub(super) struct Reader {
    file: FileOptions,
    pipeline: gst::Pipeline,
    bus: gst::Bus,
    sink: gst_app::AppSink,
    progress: Arc<Mutex<Progress>>,
    /// The demuxer asks beyond the end of the file, again and again.
    beyond_end: Arc<AtomicBool>,
    /// `None` with passthrough, where the source has the size of the access unit.
    source_size: Option<SourceSize>,
    /// For access units: pictures are turned and get their colours before they are encoded.
    context: FileContext,
    stream_orientation: StreamOrientation,
    /// Frames with smaller numbers are skipped.
    skip: u64,
    frames_read: u64,
    last_number: Option<u64>,
    /// Of passthrough: the number of the next access unit.
    next_unit: u64,
    problem: Option<String>,
}

impl Reader {
    pub(super) fn open(options: &FileOptions, session: u64) -> Result<Self, SourceError> {
        let FileOptions { path, object, plan, skip, .. } = options;
        let skip = *skip;
        vru_media::init()?;
        let pipeline = gst::Pipeline::new();
        let source = if let Some(object) = object {
            ObjectSource::of(object).upcast()
        } else {
            let source = make_element("filesrc")?;
            source.set_property("location", path);
            source
        };
        let beyond_end = watch_end(&source, options)?;
        let demuxer = make_element("parsebin")?;
        let sink = gst_app::AppSink::builder().sync(false).max_buffers(DECODE_AHEAD).build();
        sink.set_property("enable-last-sample", false);
        pipeline
            .add_many([&source, &demuxer, sink.upcast_ref()])
            .and_then(|()| source.link(&demuxer))
            .map_err(|_| build_error("the file's elements cannot be linked"))?;
        let progress = Arc::new(Mutex::new(Progress::default()));
        let notices = Arc::new(Notices::new(options.camera.clone(), session));
        let stated = options.open().ok().map(|mut file| mp4::stated(&mut file)).unwrap_or_default();
        let orientation = SharedOrientation::default();
        orientation.set(stated.orientation.unwrap_or_default());
        let context = FileContext { orientation, colours: SharedColours::of_index(stated.colours), notices };
        let source_size = branch::prepare(&demuxer, &pipeline, &sink, plan, &progress, skip, &context)?;
        let bus = pipeline.bus().ok_or_else(|| build_error("the pipeline has no bus"))?;
        let reader = Self {
            file: options.clone(),
            pipeline,
            bus,
            sink,
            progress,
            beyond_end,
            source_size,
            context,
            stream_orientation: StreamOrientation::default(),
            skip,
            frames_read: 0,
            last_number: skip.checked_sub(1),
            next_unit: 0,
            problem: None,
        };
        match reader.pipeline.set_state(gst::State::Playing) {
            Ok(_) => Ok(reader),
            Err(_) => Err(reader.start_error()),
        }
    }

    /// The next frame; `None` at the end of the file. What is wrong with a file that gave frames is in the report, and no error.
    pub(super) fn next(&mut self) -> Result<Option<VideoFrame>, SourceError> {
        loop {
            let Some(sample) = self.pull()? else { return Ok(None) };
            let frame = self.frame(&sample).ok_or_else(|| self.error("the frame has no size or no content"))?;
            if frame.number < self.skip {
                continue;
            }
            self.frames_read += 1;
            self.last_number = Some(frame.number);
            return Ok(Some(frame));
        }
    }

    fn pull(&mut self) -> Result<Option<gst::Sample>, SourceError> {
        let mut until = Instant::now() + DEADLINE;
        let mut seen = self.buffers();
        let mut ending = false;
        loop {
            if let Some(sample) = self.sink.try_pull_sample(gst::ClockTime::from_mseconds(100)) {
                return Ok(Some(sample));
            }
            if self.sink.is_eos() {
                return Ok(None);
            }
            if let Some(message) = self.bus.pop_filtered(&[gst::MessageType::Error])
                && let gst::MessageView::Error(error) = message.view()
                && self.problem.is_none()
            {
                let text = error.error().to_string();
                // The file itself is wrong from here on. Other errors may end: a server that does not answer, a missing permission.
                let of_the_file = error.error().is::<gst::StreamError>();
                if self.progress.lock().has_no_video {
                    return Err(SourceError::FileWithoutVideo { path: self.path_text() });
                }
                if !of_the_file || self.frames_read == 0 {
                    return Err(self.file_error(&text, of_the_file));
                }
                self.problem = Some(text);
            }
            if !ending && (self.problem.is_some() || self.beyond_end.load(Ordering::Relaxed)) {
                ending = true;
                until = Instant::now() + DRAIN;
                let entry = self.progress.lock().entry.clone();
                // The deadline ends the file if the decoder does not take the event.
                let _taken = entry.is_some_and(|entry| entry.send_event(gst::event::Eos::new()));
            }
            // In a file without video, the end of stream does not reach the sink.
            if self.progress.lock().has_no_video {
                return Err(SourceError::FileWithoutVideo { path: self.path_text() });
            }
            let now = self.buffers();
            if now != seen && !ending {
                (seen, until) = (now, Instant::now() + DEADLINE);
            }
            if Instant::now() > until {
                if ending {
                    return Ok(None);
                }
                return Err(self.error(&format!("nothing could be read for {DEADLINE:?}")));
            }
        }
    }

    fn buffers(&self) -> u64 {
        self.progress.lock().buffers
    }

    fn frame(&mut self, sample: &gst::Sample) -> Option<VideoFrame> {
        let (pts_ns, payload) = sample_payload(sample)?;
        let size = sample_size(sample)?;
        let mut progress = self.progress.lock();
        if let Some(source_size) = &self.source_size {
            let position_ns = pts_ns?;
            let number = progress.encoded(position_ns)?;
            let (encoding, source_size, key_frame) = (Encoding::Jpeg, source_size.get(), true);
            let orientation = Orientation::UPRIGHT;
            return Some(VideoFrame {
                number,
                position_ns,
                payload,
                encoding,
                size,
                source_size,
                key_frame,
                orientation,
                container_colours: ContainerColours::default(),
            });
        }
        let caps = sample.caps()?;
        let name = caps.structure(0)?.name();
        let codec = [Codec::H264, Codec::H265].into_iter().find(|codec| name == codec.media_type())?;
        let stated = self.stream_orientation.next(codec, Framing::StartCodes, &payload);
        let orientation = stronger(stated, self.context.orientation.get());
        let source_size = orientation.size(displayed_size(caps)?);
        let segment = sample.segment().and_then(|segment| segment.downcast_ref::<gst::ClockTime>());
        let pts = pts_ns.map(gst::ClockTime::from_nseconds);
        let position = pts.map(|pts| segment.and_then(|segment| segment.to_stream_time(pts)).unwrap_or(pts));
        let number = self.next_unit;
        self.next_unit += 1;
        let position_ns = progress.times.next_unit(number, position.map(gst::ClockTime::nseconds));
        let key_frame = codec.is_key_unit(&payload);
        Some(VideoFrame {
            number,
            position_ns,
            payload,
            encoding: encoding_of(codec),
            size,
            source_size,
            key_frame,
            orientation,
            container_colours: self.context.colours.get(),
        })
    }

    /// What the file gave, at its end.
    pub(super) fn report(&self) -> FileReport {
        let mut progress = self.progress.lock();
        progress.numbering.end();
        let given = self.last_number.map_or(0, |last| last + 1);
        let (lost, next) = match &self.source_size {
            Some(_) => (progress.numbering.lost(), progress.numbering.next()),
            None => (0, self.next_unit),
        };
        FileReport {
            frames: next.saturating_sub(lost),
            lost,
            lost_at_end: next.saturating_sub(given),
            retimed: progress.times.replaced(),
            missing: self.missing(&progress),
            problem: self.problem.clone(),
            chosen: progress.chosen.clone(),
            unconverted: self.context.notices.said(),
            expected_frames: None,
        }
    }

    fn missing(&self, progress: &Progress) -> Option<Missing> {
        let length = self.file.stamp().map(|(length, _)| length);
        let bytes = length.and_then(|length| container::missing_bytes(self.file.open()?, length));
        let bytes = bytes.unwrap_or_else(|error| {
            tracing::debug!(%error, "cannot read the structure of the file");
            0
        });
        let reached = progress.reached_ns / 1_000_000;
        let stated = if branch::states_its_length(&self.pipeline) { self.stated_ms() } else { None };
        let stated = stated.map_or(0, |stated| stated.saturating_sub(reached));
        let tolerance = TOLERANCE_MS.max((reached + stated) / 100);
        if bytes == 0 && stated <= tolerance {
            return None;
        }
        // The length of a file whose index was cut off is that of what is left. Then the bytes give an estimate.
        let length = self.file.stamp().map_or(u64::MAX, |(length, _)| length.max(1));
        let by_bytes = u64::try_from(u128::from(reached) * u128::from(bytes) / u128::from(length)).unwrap_or(0);
        let millis = if stated > tolerance { stated } else { stated.max(by_bytes) };
        let interval = (progress.times.interval_ns() / 1_000_000).max(1);
        Some(Missing { millis, frames: millis / interval, bytes })
    }

    /// By the length and the rate that the container announces; known from the first frame on.
    pub(super) fn expected_frames(&self) -> Option<u64> {
        let millis = if branch::states_its_length(&self.pipeline) { self.stated_ms()? } else { return None };
        self.progress.lock().times.frames_in(millis)
    }

    fn stated_ms(&self) -> Option<u64> {
        self.pipeline.query_duration::<gst::ClockTime>().map(gst::ClockTime::mseconds)
    }

    fn start_error(&self) -> SourceError {
        let message = self.bus.pop_filtered(&[gst::MessageType::Error]);
        match message.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Error(error)) => self.error(&error.error().to_string()),
            _ => self.error("the pipeline does not start"),
        }
    }

    fn error(&self, problem: &str) -> SourceError {
        self.file_error(problem, false)
    }

    fn file_error(&self, problem: &str, of_the_file: bool) -> SourceError {
        let frame = self.last_number.map_or(0, |last| last + 1);
        SourceError::Decode { path: self.path_text(), frame, problem: problem.to_owned(), of_the_file }
    }

    fn path_text(&self) -> String {
        self.file.path.display().to_string()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // An element cannot refuse this state, and there is nothing left to do if one did.
        self.pipeline.set_state(gst::State::Null).ok();
    }
}

/// Set when the demuxer asks for more than the file holds, again and again: then it does not notice the end.
fn watch_end(source: &gst::Element, file: &FileOptions) -> Result<Arc<AtomicBool>, SourceError> {
    let failed = |source| SourceError::File { path: file.path.display().to_string(), source };
    let (length, _) = file.stamp().map_err(failed)?;
    let beyond_end = Arc::new(AtomicBool::new(false));
    let (noticed, mut reads) = (beyond_end.clone(), 0_u32);
    let reads = Mutex::new(move |offset: u64| {
        reads = if offset >= length { reads.saturating_add(1) } else { 0 };
        if reads == READS_BEYOND_END {
            noticed.store(true, Ordering::Relaxed);
        }
    });
    let types = gst::PadProbeType::PULL | gst::PadProbeType::BLOCK;
    static_pad_of(source)?.add_probe(types, move |_, info| {
        (reads.lock())(info.offset);
        gst::PadProbeReturn::Pass
    });
    Ok(beyond_end)
}

fn static_pad_of(source: &gst::Element) -> Result<gst::Pad, SourceError> {
    source.static_pad("src").ok_or_else(|| build_error("the file's source has no pad"))
}
