//! The branch of the pipeline behind the demuxer: the chosen video goes to its decoder and encoder, or with passthrough to its parser. The
//! other tracks are only read, to know how far the file reaches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use parking_lot::Mutex;
use vru_media::Codec;

use super::context::FileContext;
use super::fields::Fields;
use super::progress::Progress;
use super::stated_in_stream;
use super::tracks::{self, Track};
use crate::error::SourceError;
use crate::source::OutputPlan;
use crate::source::elements::{build_error, make_bin, make_element, static_pad};
use crate::source::encoder_input::{SourceSize, Turning, prepare_encoder};

/// Several threads add latency per frame, which does not matter for files.
const DECODER_THREADS: u32 = 2;
/// Demuxers that know the length of the file; the others estimate it.
const KNOW_LENGTH: [&str; 5] = ["qtdemux", "matroskademux", "avidemux", "flvdemux", "asfdemux"];
/// Marks a buffer with the index of its unit.
const UNIT_MARK: &str = "timestamp/x-vru-unit";

/// Prepares the links for when the tracks of the file are known. `None` with passthrough, where tags change the orientation that the
/// container states.
pub(super) fn prepare(
    demuxer: &gst::Element,
    pipeline: &gst::Pipeline,
    sink: &gst_app::AppSink,
    plan: &OutputPlan,
    progress: &Arc<Mutex<Progress>>,
    skip: u64,
    context: &FileContext,
) -> Result<Option<SourceSize>, SourceError> {
    let tracks = |usable, link| Tracks {
        pipeline: pipeline.downgrade(),
        progress: progress.clone(),
        pads: Mutex::default(),
        decided: AtomicBool::default(),
        usable,
        link,
    };
    if plan.is_passthrough() {
        let (sink, plan, context) = (sink.clone(), plan.clone(), context.clone());
        stated_in_stream::prefer(demuxer, &context);
        let link =
            move |pipeline: &gst::Pipeline, track: &Track| link_access_units(pipeline, track, &sink, &plan, &context);
        connect(demuxer, tracks(|track| codec_of(track).is_some(), Box::new(link)));
        return Ok(None);
    }
    let launch = plan.description.encode_launch(plan.values(DECODER_THREADS));
    let encoder = make_bin(&launch.ok_or_else(|| build_error("the pipeline has no encoder"))?)?;
    let source_size = prepare_encoder(
        &encoder,
        plan,
        None,
        Turning::ByTags(context.orientation.get()),
        &context.colours,
        context.notices.clone(),
    )?;
    pipeline.add(&encoder).map_err(|_| build_error("the encoder cannot be added"))?;
    encoder.link(sink).map_err(|_| build_error("the encoder cannot be linked"))?;
    let input = static_pad(&encoder, "sink")?;
    number_pictures(&input, progress, skip);
    stated_in_stream::prefer(demuxer, context);
    let (decoded, context) = (progress.clone(), context.clone());
    let link =
        move |pipeline: &gst::Pipeline, track: &Track| link_pictures(pipeline, track, &input, &decoded, &context);
    connect(demuxer, tracks(|_| true, Box::new(link)));
    Ok(Some(source_size))
}

/// Whether a demuxer of the pipeline knows how long the file should be.
pub(super) fn states_its_length(pipeline: &gst::Pipeline) -> bool {
    let elements = pipeline.iterate_recurse().into_iter().flatten();
    elements.filter_map(|element| element.factory()).any(|factory| KNOW_LENGTH.contains(&factory.name().as_str()))
}

/// The tracks of the file, and what becomes of them.
struct Tracks {
    pipeline: gst::glib::WeakRef<gst::Pipeline>,
    progress: Arc<Mutex<Progress>>,
    pads: Mutex<Vec<gst::Pad>>,
    decided: AtomicBool,
    usable: fn(&Track) -> bool,
    link: Box<Link>,
}

/// Links a track. Returns where it enters its decoder.
type Link = dyn Fn(&gst::Pipeline, &Track) -> Option<gst::Pad> + Send + Sync;

/// All tracks are added before the first buffer of any: then one is chosen. `parsebin` has no signal for this.
fn connect(demuxer: &gst::Element, tracks: Tracks) {
    let tracks = Arc::new(tracks);
    demuxer.connect_pad_added(move |demuxer, pad| {
        if tracks.decided.load(Ordering::Acquire) {
            // A later part of a chained file: only the first is read.
            tracks.discard(pad);
        } else {
            tracks.pads.lock().push(pad.clone());
        }
        let (tracks, demuxer) = (tracks.clone(), demuxer.downgrade());
        let types = gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
        pad.add_probe(types, move |pad, info| {
            if !tracks.decided.swap(true, Ordering::AcqRel)
                && let Some(demuxer) = demuxer.upgrade()
            {
                tracks.decide(&demuxer);
            }
            let listed = info.buffer_list().into_iter().flat_map(|list| list.iter());
            for buffer in info.buffer().map(|buffer| &**buffer).into_iter().chain(listed) {
                tracks.progress.lock().demuxed(pad, buffer);
            }
            gst::PadProbeReturn::Ok
        });
    });
}

impl Tracks {
    fn decide(&self, demuxer: &gst::Element) {
        let Some(pipeline) = self.pipeline.upgrade() else { return };
        let tracks: Vec<Track> = std::mem::take(&mut *self.pads.lock()).into_iter().map(Track::new).collect();
        let choice = tracks::choose(&tracks, self.usable);
        for (at, track) in tracks.iter().enumerate() {
            if choice.as_ref().is_none_or(|(chosen, _)| *chosen != at) {
                self.discard(&track.pad);
            }
        }
        let Some((chosen, note)) = choice else {
            self.progress.lock().has_no_video = true;
            return;
        };
        let entry = (self.link)(&pipeline, &tracks[chosen]);
        if entry.is_none() {
            gst::element_error!(demuxer, gst::CoreError::Pad, ["the video cannot be linked"]);
        }
        let mut progress = self.progress.lock();
        if let Some((frames, seconds)) = tracks[chosen].rate() {
            progress.times.set_rate(frames, seconds);
        }
        (progress.entry, progress.chosen) = (entry, note);
    }

    /// Reads a track and throws it away. An error costs only the knowledge of how far it reaches.
    fn discard(&self, pad: &gst::Pad) {
        let (Some(pipeline), Ok(sink)) = (self.pipeline.upgrade(), make_element("fakesink")) else { return };
        for property in ["sync", "async", "enable-last-sample"] {
            sink.set_property(property, false);
        }
        let linked = pipeline.add(&sink).is_ok()
            && sink.sync_state_with_parent().is_ok()
            && sink.static_pad("sink").is_some_and(|input| pad.link(&input).is_ok());
        if !linked {
            tracing::debug!(pad = %pad.name(), "a track of the file is not read");
        }
    }
}

fn codec_of(track: &Track) -> Option<Codec> {
    [Codec::H264, Codec::H265].into_iter().find(|codec| codec.media_type() == track.media_type())
}

fn link_access_units(
    pipeline: &gst::Pipeline,
    track: &Track,
    sink: &gst_app::AppSink,
    plan: &OutputPlan,
    context: &FileContext,
) -> Option<gst::Pad> {
    let launch = plan.description.decode_launch(codec_of(track)?, plan.values(DECODER_THREADS));
    let parser = make_bin(&launch).ok()?;
    pipeline.add(&parser).ok()?;
    parser.link(sink).ok()?;
    parser.sync_state_with_parent().ok()?;
    let input = parser.static_pad("sink")?;
    let orientation = context.orientation.clone();
    input.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(event) = info.event() {
            orientation.read(event);
        }
        gst::PadProbeReturn::Ok
    });
    track.pad.link(&input).ok()?;
    Some(input)
}

fn link_pictures(
    pipeline: &gst::Pipeline,
    track: &Track,
    encoder: &gst::Pad,
    progress: &Arc<Mutex<Progress>>,
    context: &FileContext,
) -> Option<gst::Pad> {
    let decoder = make_element("decodebin").ok()?;
    pipeline.add(&decoder).ok()?;
    stated_in_stream::prefer(&decoder, context);
    let progress = progress.clone();
    decoder.downcast_ref::<gst::Bin>()?.connect_element_added(move |_, element| count_units(element, &progress));
    let encoder = encoder.clone();
    decoder.connect_pad_added(move |_, pad| {
        if !encoder.is_linked() {
            // When the link is refused, the decoder posts an error on the bus.
            pad.link(&encoder).ok();
        }
    });
    decoder.sync_state_with_parent().ok()?;
    let input = decoder.static_pad("sink")?;
    track.pad.link(&input).ok()?;
    Some(input)
}

/// Counts the units that enter a video decoder, and marks them. A picture with faults is not wanted: it counts as lost.
fn count_units(element: &gst::Element, progress: &Arc<Mutex<Progress>>) {
    let is_decoder = element.factory().is_some_and(|factory| {
        let kinds = gst::ElementFactoryType::DECODER;
        factory.has_type(kinds) && factory.metadata("klass").is_some_and(|klass| !klass.contains("Audio"))
    });
    let Some(input) = element.static_pad("sink").filter(|_| is_decoder) else { return };
    for (property, value) in [("output-corrupt", false), ("discard-corrupted-frames", true)] {
        if element.has_property_with_type(property, bool::static_type()) {
            element.set_property(property, value);
        }
    }
    let progress = progress.clone();
    let mark = gst::Caps::new_empty_simple(UNIT_MARK);
    let fields = Mutex::new(StreamFields::default());
    input.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let Some(buffer) = info.buffer_mut() else { return gst::PadProbeReturn::Ok };
        if gives_no_picture(pad, buffer) {
            return gst::PadProbeReturn::Ok;
        }
        let key = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
        let half = fields.lock().completes_picture(pad, buffer);
        let numbering = &mut progress.lock().numbering;
        let index = if half {
            numbering.enter_half()
        } else {
            numbering.enter(buffer.pts().map(gst::ClockTime::nseconds), key)
        };
        gst::ReferenceTimestampMeta::add(buffer.make_mut(), &mark, gst::ClockTime::from_nseconds(index), None);
        gst::PadProbeReturn::Ok
    });
}

/// The fields of a stream as it enters its decoder.
#[derive(Debug, Default)]
struct StreamFields {
    caps: Option<gst::Caps>,
    /// Only H.264 has units of single fields that are read here.
    fields: Option<Fields>,
    length_bytes: Option<usize>,
}

impl StreamFields {
    /// Whether the unit is the second field of the unit before.
    fn completes_picture(&mut self, decoder: &gst::Pad, buffer: &gst::BufferRef) -> bool {
        let caps = decoder.current_caps();
        if caps != self.caps {
            self.caps = caps;
            self.configure();
        }
        let Some(fields) = &mut self.fields else { return false };
        let Ok(unit) = buffer.map_readable() else { return false };
        fields.completes_picture(&unit, self.length_bytes)
    }

    fn configure(&mut self) {
        let structure = self.caps.as_ref().and_then(|caps| caps.structure(0));
        let Some(structure) = structure.filter(|structure| structure.name() == Codec::H264.media_type()) else {
            self.fields = None;
            return;
        };
        let fields = self.fields.get_or_insert_default();
        let data = structure.get::<gst::Buffer>("codec_data").ok();
        let avcc = data.as_ref().and_then(|data| data.map_readable().ok());
        if let Some(avcc) = &avcc {
            fields.configure(avcc);
        }
        self.length_bytes = avcc.and_then(|avcc| avcc.get(4).map(|byte| usize::from(byte & 3) + 1));
    }
}

/// Units that are decoded for others only, and headers that some formats send as units.
fn gives_no_picture(decoder: &gst::Pad, buffer: &gst::BufferRef) -> bool {
    if buffer.flags().contains(gst::BufferFlags::DECODE_ONLY) {
        return true;
    }
    let caps = decoder.current_caps();
    let name = caps.as_ref().and_then(|caps| caps.structure(0)).map(|structure| structure.name().as_str());
    let mut first = [0; 2];
    let has_first = buffer.copy_to_slice(0, &mut first).is_ok();
    match name {
        // `show_frame` in the tag of the frame.
        Some("video/x-vp8") => has_first && first[0] & 0x10 == 0,
        Some("video/x-theora") => has_first && first[0] & 0x80 != 0,
        // Pictures without a container come in blocks: the decoder joins them.
        Some("image/jpeg") => buffer.pts().is_none() && first != [0xff, 0xd8],
        // A picture that repeats the one before it has no content.
        Some("video/x-divx" | "video/mpeg" | "video/x-xvid") => buffer.size() < 12,
        _ => false,
    }
}

/// Gives the pictures in front of the encoder their numbers and times, and skips the first ones.
fn number_pictures(input: &gst::Pad, progress: &Arc<Mutex<Progress>>, skip: u64) {
    let progress = progress.clone();
    let types = gst::PadProbeType::EVENT_DOWNSTREAM | gst::PadProbeType::BUFFER;
    input.add_probe(types, move |_, info| {
        if let Some(event) = info.event_mut() {
            if let Some(replaced) = progress.lock().event(event) {
                *event = replaced;
            }
            return gst::PadProbeReturn::Ok;
        }
        let Some(buffer) = info.buffer_mut() else { return gst::PadProbeReturn::Ok };
        let mut progress = progress.lock();
        let (number, time_ns) = progress.decoded(buffer, unit_of(buffer));
        if number < skip {
            // With `Drop`, GStreamer 1.22 complains about a buffer that the bindings have dropped already.
            return gst::PadProbeReturn::Handled;
        }
        progress.encodes(number, time_ns);
        let buffer = buffer.make_mut();
        buffer.set_pts(gst::ClockTime::from_nseconds(time_ns));
        buffer.set_dts(gst::ClockTime::NONE);
        gst::PadProbeReturn::Ok
    });
}

/// The index of the unit that the picture was decoded from, if the decoder passes it on.
fn unit_of(buffer: &gst::BufferRef) -> Option<u64> {
    let mut marks = buffer.iter_meta::<gst::ReferenceTimestampMeta>();
    let mark = marks.find(|meta| meta.reference().structure(0).is_some_and(|mark| mark.name() == UNIT_MARK))?;
    Some(mark.timestamp().nseconds())
}
