//! Scaling and sampling in front of the encoder.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video as gst_video;
use parking_lot::Mutex;

use super::OutputPlan;
use super::elements::{build_error, static_pad};
use crate::error::SourceError;
use crate::sampler::Sampler;

/// The size of the camera's pictures. It is written where they enter the encoder and read where they leave it.
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

/// Sets the size that the encoder scales to whenever the camera's picture size changes, and drops pictures that the sampler does
/// not select.
pub(super) fn prepare_encoder(
    encoder: &gst::Bin,
    plan: &OutputPlan,
    sampler: Option<Sampler>,
) -> Result<SourceSize, SourceError> {
    let size = encoder.by_name("size").ok_or_else(|| build_error("the encoder has no capsfilter `size`"))?;
    let source_size = SourceSize::default();
    let (plan, seen, sampler) = (plan.clone(), source_size.clone(), sampler.map(Mutex::new));
    let types = gst::PadProbeType::EVENT_DOWNSTREAM | gst::PadProbeType::BUFFER;
    static_pad(encoder, "sink")?.add_probe(types, move |_, info| {
        if let Some(event) = info.event()
            && let gst::EventView::Caps(caps) = event.view()
            && let Ok(video) = gst_video::VideoInfo::from_caps(caps.caps())
        {
            seen.set((video.width(), video.height()));
            let (width, height) = plan.fit(video.width(), video.height());
            let caps = gst::Caps::builder("video/x-raw")
                .any_features()
                .field("width", width as i32)
                .field("height", height as i32)
                .build();
            size.set_property("caps", caps);
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
