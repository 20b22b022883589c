//! The GStreamer elements of a decoder, without a pipeline around them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video as gst_video;

use super::memory::SharedAllocator;
use super::picture::VideoPicture;
use super::{DecodedPicture, Reordering, VideoDecodeError};
use crate::shown::{self, ContainerColours};
use crate::{Codec, launch};

/// Maximum width and height of a video picture. Cameras reach 7680; a corrupt parameter set can declare any size.
const MAX_SIDE: u32 = 8_192;

/// The output of the decoder since the last call.
#[derive(Debug, Default)]
struct DecoderOutput {
    info: Option<gst_video::VideoInfo>,
    pictures: Vec<DecodedPicture>,
}

/// Parser and decoder, between an input and an output pad.
#[derive(Debug)]
pub(super) struct Chain {
    codec: Codec,
    input: gst::Pad,
    output: gst::Pad,
    bin: gst::Bin,
    bus: gst::Bus,
    decoded: Arc<Mutex<DecoderOutput>>,
    id_caps: gst::Caps,
    /// The picture size in the parameter sets: the width in the upper 32 bits, the height in the lower ones.
    declared_size: Arc<AtomicU64>,
}

impl Chain {
    pub(super) fn start(
        codec: Codec,
        reordering: Reordering,
        colours: ContainerColours,
    ) -> Result<Self, VideoDecodeError> {
        let (parser, decoder) = match codec {
            Codec::H264 => ("h264parse", "avdec_h264"),
            Codec::H265 => ("h265parse", "avdec_h265"),
        };
        let compliance = match reordering {
            Reordering::AsAllowed => "strict",
            Reordering::AsSeen => "normal",
        };
        // More threads would delay the output by as many pictures.
        let launch = format!(
            "{parser} ! capsfilter name=limit \
             ! {decoder} max-threads=1 output-corrupt=false std-compliance={compliance}"
        );
        let bin = launch::bin(&launch).map_err(|source| VideoDecodeError::Build { codec, source })?;
        let start_failed = || VideoDecodeError::Start { codec };
        // Refuses a parameter set with a huge size before the decoder allocates memory for it.
        let limit = gst::Caps::builder(codec.media_type())
            .field("width", gst::IntRange::new(1, MAX_SIDE as i32))
            .field("height", gst::IntRange::new(1, MAX_SIDE as i32))
            .build();
        let capsfilter = bin.by_name("limit").ok_or_else(start_failed)?;
        capsfilter.set_property("caps", limit);
        let declared_size = record_size(&capsfilter).ok_or_else(start_failed)?;

        let decoded = Arc::new(Mutex::new(DecoderOutput::default()));
        let input = gst::Pad::builder(gst::PadDirection::Src).name("input").build();
        let output = output_pad(&decoded, colours).ok_or_else(start_failed)?;
        let bus = gst::Bus::new();
        bin.set_bus(Some(&bus));
        let chain = Self { codec, input, output, bin, bus, decoded, id_caps: id_caps(), declared_size };
        chain.open().ok_or_else(start_failed)?;
        Ok(chain)
    }

    fn open(&self) -> Option<()> {
        self.input.link(&self.bin.static_pad("sink")?).ok()?;
        self.bin.static_pad("src")?.link(&self.output).ok()?;
        self.output.set_active(true).ok()?;
        self.bin.set_state(gst::State::Playing).ok()?;
        self.input.set_active(true).ok()?;
        let caps = gst::Caps::builder(self.codec.media_type())
            .field("stream-format", "byte-stream")
            .field("alignment", "au")
            .build();
        let opening = [
            gst::event::StreamStart::new("camera"),
            gst::event::Caps::new(&caps),
            gst::event::Segment::new(&gst::FormattedSegment::<gst::ClockTime>::new()),
        ];
        opening.into_iter().all(|event| self.input.push_event(event)).then_some(())
    }

    /// Pushes one unit. Its output is in `decoded` when GStreamer's push returns.
    pub(super) fn push(&mut self, unit: Bytes, id: u64) -> Result<Vec<DecodedPicture>, String> {
        let mut buffer = gst::Buffer::from_slice(unit);
        let writable = buffer.get_mut().expect("a new buffer has one owner");
        // The marker ends the access unit, so that the parser does not wait for the next start code.
        writable.set_flags(gst::BufferFlags::MARKER);
        // The id is attached as a meta, because decoders rewrite time stamps that go backwards.
        gst::ReferenceTimestampMeta::add(writable, &self.id_caps, gst::ClockTime::from_nseconds(id), None);
        let flow = self.input.push(buffer);
        let pictures = self.take();
        match (flow, launch::bus_error(&self.bus)) {
            (Ok(_), None) => Ok(pictures),
            (Err(gst::FlowError::NotNegotiated), _) => Err(self.refusal()),
            (_, Some(error)) => Err(error),
            (Err(flow), None) => Err(format!("flow {flow:?}")),
        }
    }

    /// Why the parameter sets were refused.
    fn refusal(&self) -> String {
        let size = self.declared_size.load(Ordering::Acquire);
        let (width, height) = (size >> 32, size & 0xffff_ffff);
        if width.max(height) > u64::from(MAX_SIDE) {
            return format!("its parameter sets declare {width}×{height} pixels, more than {MAX_SIDE} per side");
        }
        "its parameter sets declare a format that cannot be decoded".to_owned()
    }

    /// Ends the stream and returns the pictures that were still in the decoder.
    pub(super) fn drain(&mut self) -> Vec<DecodedPicture> {
        self.input.push_event(gst::event::Eos::new());
        self.take()
    }

    fn take(&self) -> Vec<DecodedPicture> {
        std::mem::take(&mut self.decoded.lock().unwrap_or_else(PoisonError::into_inner).pictures)
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        // A change to Null cannot fail in practice, and no recovery would be possible.
        self.bin.set_state(gst::State::Null).ok();
        self.input.set_active(false).ok();
        self.output.set_active(false).ok();
    }
}

/// Records the picture size in the parser's caps, before they are accepted or refused.
fn record_size(limit: &gst::Element) -> Option<Arc<AtomicU64>> {
    let size = Arc::new(AtomicU64::new(0));
    let recorded = Arc::clone(&size);
    limit.static_pad("sink")?.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(event) = info.event()
            && let gst::EventView::Caps(caps) = event.view()
            && let Some(caps) = caps.caps().structure(0)
        {
            let side = |name| caps.get::<i32>(name).ok().and_then(|side| u64::try_from(side).ok()).unwrap_or(0);
            recorded.store(side("width") << 32 | side("height"), Ordering::Release);
        }
        gst::PadProbeReturn::Ok
    });
    Some(size)
}

fn id_caps() -> gst::Caps {
    gst::Caps::new_empty_simple("timestamp/x-vru-unit")
}

/// The pad after the decoder. It records the picture format and collects the pictures.
fn output_pad(decoded: &Arc<Mutex<DecoderOutput>>, colours: ContainerColours) -> Option<gst::Pad> {
    let caps = gst_video::VideoCapsBuilder::new().build();
    let template = gst::PadTemplate::new("sink", gst::PadDirection::Sink, gst::PadPresence::Always, &caps).ok()?;
    let for_events = Arc::clone(decoded);
    let for_buffers = Arc::clone(decoded);
    let id_caps = id_caps();
    let pad = gst::Pad::builder_from_template(&template)
        .name("output")
        .query_function(|pad, parent, query| match query.view_mut() {
            gst::QueryViewMut::Allocation(allocation) => propose_pool(allocation).is_some(),
            _ => gst::Pad::query_default(pad, parent, query),
        })
        .event_function(move |_, _, event| {
            if let gst::EventView::Caps(caps) = event.view() {
                let info = gst_video::VideoInfo::from_caps(&shown::complete(caps.caps(), colours)).ok();
                for_events.lock().unwrap_or_else(PoisonError::into_inner).info = info;
            }
            true
        })
        .chain_function(move |_, _, buffer| {
            let mut decoded = for_buffers.lock().unwrap_or_else(PoisonError::into_inner);
            let info = decoded.info.clone().ok_or(gst::FlowError::NotNegotiated)?;
            let id = unit_id(&buffer, &id_caps).ok_or(gst::FlowError::Error)?;
            let buffer = if info.is_interlaced() { unshared(buffer)? } else { buffer };
            decoded.pictures.push(DecodedPicture { id, picture: VideoPicture::new(buffer, info) });
            Ok(gst::FlowSuccess::Ok)
        })
        .build();
    Some(pad)
}

/// Offers the decoder a pool of pictures in memory of our allocator, with rows as the decoder needs them.
fn propose_pool(allocation: &mut gst::query::Allocation) -> Option<()> {
    let (caps, _) = allocation.get_owned();
    let info = gst_video::VideoInfo::from_caps(caps?.as_ref()).ok()?;
    allocation.add_allocation_param(Some(&SharedAllocator::new()), gst::AllocationParams::default());
    allocation.add_allocation_pool(Some(&gst_video::VideoBufferPool::new()), u32::try_from(info.size()).ok()?, 0, 0);
    allocation.add_allocation_meta::<gst_video::VideoMeta>(None);
    Some(())
}

/// The buffer with bytes of its own. libavcodec writes a field into a picture that it has already given out, if the field comes late.
fn unshared(mut buffer: gst::Buffer) -> Result<gst::Buffer, gst::FlowError> {
    // Bytes that are shared are copied when they are mapped for writing.
    drop(buffer.make_mut().map_writable().map_err(|_| gst::FlowError::Error)?);
    Ok(buffer)
}

fn unit_id(buffer: &gst::BufferRef, id_caps: &gst::Caps) -> Option<u64> {
    buffer
        .iter_meta::<gst::ReferenceTimestampMeta>()
        .find(|meta| meta.reference() == id_caps.as_ref())
        .map(|meta| meta.timestamp().nseconds())
}
