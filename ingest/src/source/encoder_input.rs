//! Scaling and sampling in front of the encoder, and the colours in front of its last element: what comes out is the picture that a person
//! sees in a good player.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video as gst_video;
use parking_lot::Mutex;
use vru_media::Orientation;
use vru_media::jpeg_colours::JpegColours;
use vru_media::shown::{self, Unconverted};

use super::OutputPlan;
use super::colours::SharedColours;
use super::elements::{build_error, make_element, static_pad};
use super::orientation::{SharedOrientation, direction};
use super::unconverted::Notices;
use crate::error::SourceError;
use crate::sampler::Sampler;

/// The size of the camera's pictures as a person sees them: upright, with square pixels. It is written where they enter the encoder and
/// read where they leave it.
#[derive(Debug, Clone, Default)]
pub(super) struct SourceSize(Arc<AtomicU64>);

impl SourceSize {
    fn set(&self, (width, height): (u32, u32)) {
        self.0.store(u64::from(width) << 32 | u64::from(height), Ordering::Release);
    }

    pub(super) fn get(&self) -> (u32, u32) {
        let both = self.0.load(Ordering::Acquire);
        ((both >> 32) as u32, both as u32)
    }
}

/// Whether pictures may have to be turned: all but the JPEGs of cameras, whose headers RTP does not carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turning {
    /// As stated here, until tags state something else.
    ByTags(Orientation),
    Never,
}

/// Sets the size that the encoder scales to whenever the size, shape or orientation of the camera's pictures changes, completes and converts
/// their colours, and drops pictures that the sampler does not select.
pub(super) fn prepare_encoder(
    encoder: &gst::Bin,
    plan: &OutputPlan,
    sampler: Option<Sampler>,
    turning: Turning,
    container: &SharedColours,
    notices: Arc<Notices>,
) -> Result<SourceSize, SourceError> {
    let size = encoder.by_name("size").ok_or_else(|| build_error("the encoder has no capsfilter `size`"))?;
    let jpeg_input = jpeg_input(encoder)?;
    let orientation = SharedOrientation::default();
    let flip = match turning {
        Turning::Never => None,
        Turning::ByTags(initial) => {
            orientation.set(initial);
            let flip = insert_flip(encoder, &jpeg_input)?;
            flip.set_property_from_str("video-direction", direction(initial));
            Some(flip)
        }
    };
    convert_colours(encoder, &jpeg_input);
    let source_size = SourceSize::default();
    let (plan, seen, sampler) = (plan.clone(), source_size.clone(), sampler.map(Mutex::new));
    let (displayed, container) = (Mutex::new(None), container.clone());
    let resize = move |displayed: Option<(u32, u32)>, turned: Orientation| {
        let Some(displayed) = displayed else { return };
        let upright = turned.size(displayed);
        seen.set(upright);
        // The picture is turned after it is scaled.
        let (width, height) = turned.size(plan.fit(upright.0, upright.1));
        let caps = gst::Caps::builder("video/x-raw")
            .any_features()
            .field("width", width as i32)
            .field("height", height as i32)
            .field("pixel-aspect-ratio", gst::Fraction::new(1, 1))
            .build();
        size.set_property("caps", caps);
    };
    let types = gst::PadProbeType::EVENT_DOWNSTREAM | gst::PadProbeType::BUFFER;
    static_pad(encoder, "sink")?.add_probe(types, move |_, info| {
        if let Some(event) = info.event_mut() {
            if let gst::EventView::Caps(caps) = event.view() {
                let complete = shown::complete(caps.caps(), container.get());
                *displayed.lock() = shown::displayed_size(&complete);
                let info = gst_video::VideoInfo::from_caps(&complete).ok();
                info.iter().flat_map(Unconverted::of).for_each(|kind| notices.say(kind));
                *event = gst::event::Caps::builder(&complete).seqnum(event.seqnum()).build();
                resize(*displayed.lock(), orientation.get());
            } else if let Some(flip) = &flip
                && orientation.read(event)
            {
                flip.set_property_from_str("video-direction", direction(orientation.get()));
                resize(*displayed.lock(), orientation.get());
            }
        }
        if let (Some(buffer), Some(sampler)) = (info.buffer(), &sampler)
            && let Some(pts) = buffer.pts()
            && !sampler.lock().wants(pts.nseconds())
        {
            // With `Drop`, GStreamer 1.22 complains about a buffer that the bindings have dropped already.
            return gst::PadProbeReturn::Handled;
        }
        gst::PadProbeReturn::Ok
    });
    Ok(source_size)
}

/// The input of the element that makes the JPEGs.
fn jpeg_input(encoder: &gst::Bin) -> Result<gst::Pad, SourceError> {
    let jpeg = gst::Caps::new_empty_simple("image/jpeg");
    let has_jpeg = |pad: &gst::Pad| pad.pad_template().is_some_and(|template| template.caps().can_intersect(&jpeg));
    encoder
        .iterate_recurse()
        .into_iter()
        .flatten()
        .find_map(|element| {
            let (input, output) = (element.static_pad("sink")?, element.static_pad("src")?);
            (has_jpeg(&output) && !has_jpeg(&input)).then_some(input)
        })
        .ok_or_else(|| build_error("the encoder has no element that makes JPEGs"))
}

/// Puts an element that turns pictures in front of the one that makes the JPEGs, where they are small and in system memory.
fn insert_flip(encoder: &gst::Bin, jpeg_input: &gst::Pad) -> Result<gst::Element, SourceError> {
    let flip = make_element("videoflip")?;
    let before = jpeg_input.peer();
    let parent = jpeg_input.parent_element().and_then(|element| element.parent());
    let bin = parent.and_then(|parent| parent.downcast::<gst::Bin>().ok()).unwrap_or_else(|| encoder.clone());
    let joined = before.and_then(|before| {
        bin.add(&flip).ok()?;
        before.unlink(jpeg_input).ok()?;
        before.link(&flip.static_pad("sink")?).ok()?;
        flip.static_pad("src")?.link(jpeg_input).ok()
    });
    joined.ok_or_else(|| build_error("pictures cannot be turned in front of the JPEG encoder"))?;
    Ok(flip)
}

/// Converts the colours of what arrives at this pad to those of JPEG.
fn convert_colours(encoder: &gst::Bin, jpeg_input: &gst::Pad) {
    let (encoder, conversion) = (encoder.downgrade(), Mutex::new(None));
    let types = gst::PadProbeType::EVENT_DOWNSTREAM | gst::PadProbeType::BUFFER;
    jpeg_input.add_probe(types, move |_, info| {
        let failed = |problem: &str| {
            if let Some(encoder) = encoder.upgrade() {
                gst::element_error!(encoder, gst::StreamError::Format, ["{problem}"]);
            }
            gst::PadProbeReturn::Drop
        };
        if let Some(event) = info.event()
            && let gst::EventView::Caps(caps) = event.view()
        {
            match JpegColours::new(caps.caps()) {
                Ok(needed) => *conversion.lock() = needed,
                Err(error) => return failed(&error.to_string()),
            }
        }
        if let Some(conversion) = &mut *conversion.lock()
            && let Some(buffer) = info.buffer_mut()
            && conversion.convert(buffer.make_mut()).is_none()
        {
            return failed("a picture does not have the format that was announced");
        }
        gst::PadProbeReturn::Ok
    });
}
