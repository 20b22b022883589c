//! Replaces RTP packets by the JPEGs that they carry, in front of an element that passes anything on.

use std::sync::Arc;

use gstreamer as gst;
use gstreamer::prelude::*;
use parking_lot::Mutex;

use super::CameraSession;
use super::elements::{build_error, one_by_one};
use super::jpeg_rtp::{JpegAssembler, Refused};
use crate::error::SourceError;
use crate::metrics;

/// `depayloader` is what [`super::video_format::VideoFormat::depayload_launch`] describes.
pub(super) fn depayload_jpegs(depayloader: &gst::Bin, session: &Arc<CameraSession>) -> Result<(), SourceError> {
    let missing = || build_error("the depayloader has no element `jpeg`");
    let setter = depayloader.by_name("jpeg").ok_or_else(missing)?;
    let input = setter.static_pad("sink").ok_or_else(missing)?;
    let (setter, refusals) = (setter.downgrade(), Refusals::new(session));
    let state = Mutex::new((JpegAssembler::default(), None));
    let types = gst::PadProbeType::EVENT_DOWNSTREAM | gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
    input.add_probe(types, move |pad, info| {
        if let Some(handled) = one_by_one(pad, info) {
            return handled;
        }
        if let Some(event) = info.event()
            && let gst::EventView::Caps(caps) = event.view()
        {
            let dimensions = caps.caps().structure(0).and_then(|caps| caps.get::<String>("x-dimensions").ok());
            state.lock().0.announce(dimensions.as_deref());
        }
        let Some(packet) = info.buffer() else { return gst::PadProbeReturn::Ok };
        let Ok(bytes) = packet.map_readable() else { return gst::PadProbeReturn::Handled };
        let mut state = state.lock();
        let (assembler, size) = &mut *state;
        let Some(jpeg) = assembler.packet(&bytes, |reason| refusals.count(reason)) else {
            return gst::PadProbeReturn::Handled;
        };
        let now = Some((jpeg.width, jpeg.height));
        if *size != now
            && let Some(setter) = setter.upgrade()
        {
            let caps = gst::Caps::builder("image/jpeg")
                .field("parsed", true)
                .field("width", i32::from(jpeg.width))
                .field("height", i32::from(jpeg.height))
                .field("framerate", gst::Fraction::new(0, 1));
            setter.set_property("caps", caps.build());
            *size = now;
        }
        let mut picture = gst::Buffer::from_slice(jpeg.bytes);
        // It has one owner.
        if let Some(picture) = picture.get_mut() {
            picture.set_pts(packet.pts());
        }
        drop(bytes);
        info.data = Some(gst::PadProbeData::Buffer(picture));
        gst::PadProbeReturn::Ok
    });
    Ok(())
}

/// Counts pictures that were refused, and logs the first one for each reason.
#[derive(Debug)]
struct Refusals {
    session: Arc<CameraSession>,
    logged: Mutex<Vec<Refused>>,
}

impl Refusals {
    fn new(session: &Arc<CameraSession>) -> Self {
        Self { session: session.clone(), logged: Mutex::default() }
    }

    fn count(&self, reason: Refused) {
        let camera = self.session.camera().as_str();
        let label = if reason == Refused::Incomplete { metrics::PACKETS_LOST } else { metrics::REFUSED };
        metrics::SKIPPED.with_label_values(&[camera, label]).inc();
        let mut logged = self.logged.lock();
        // The reasons are a fixed set.
        if !logged.contains(&reason) {
            logged.push(reason);
            tracing::warn!(camera, session = self.session.id(), %reason, "a JPEG of the camera was refused");
        }
    }
}
