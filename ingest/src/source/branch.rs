//! From RTP packets to pictures: depayloader, the description's decoder, sampler, the description's encoder, sink.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use gstreamer_video as gst_video;
use parking_lot::Mutex;
use vru_media::Codec;
use vru_proto::v1::Encoding;

use super::guard::{count_undecodable, guard_packets};
use super::{Outlet, OutputPlan, Picture};
use crate::error::SourceError;
use crate::metrics;
use crate::sampler::Sampler;

/// The elements, linked to each other.
#[derive(Debug)]
pub(super) struct Branch {
    elements: Vec<gst::Element>,
}

impl Branch {
    /// Elements for one codec, that end in the outlet.
    pub(super) fn build(
        codec: Codec,
        plan: &OutputPlan,
        decoder_threads: u32,
        outlet: &Arc<Outlet>,
    ) -> Result<Self, SourceError> {
        let values = plan.values(decoder_threads);
        // The packetised formats: from byte-stream, GStreamer 1.22's parsers cut parameter sets off as units of their own,
        // without a time.
        let depayloader = bin(match codec {
            Codec::H264 => "rtph264depay ! capsfilter caps=\"video/x-h264,stream-format=avc,alignment=au\"",
            Codec::H265 => "rtph265depay ! capsfilter caps=\"video/x-h265,stream-format=hvc1,alignment=au\"",
        })?;
        guard_packets(&depayloader, codec, outlet.camera())?;
        let depayloader = depayloader.upcast::<gst::Element>();
        let decode = bin(&plan.description.decode_launch(codec, values))?;
        let (sink, elements) = if let Some(launch) = plan.description.encode_launch(values) {
            let encode = bin(&launch)?;
            let source_size = prepare_encode(&encode, plan, Some(Sampler::new(plan.max_fps)))?;
            count_undecodable(&decode, outlet.camera())?;
            let sink = picture_sink(outlet, source_size);
            (sink.clone(), vec![depayloader, decode.upcast(), encode.upcast(), sink.upcast()])
        } else {
            let sink = unit_sink(codec, outlet, Sampler::new(plan.max_fps));
            (sink.clone(), vec![depayloader, decode.upcast(), sink.upcast()])
        };
        sink.set_property("enable-last-sample", false);
        Ok(Self { elements })
    }

    /// Adds the elements to the pipeline, started, and returns the pad that takes RTP packets.
    pub(super) fn attach(&self, pipeline: &gst::Pipeline) -> Result<gst::Pad, SourceError> {
        pipeline.add_many(&self.elements).map_err(|_| build_error("elements cannot be added"))?;
        gst::Element::link_many(&self.elements).map_err(|_| build_error("elements cannot be linked"))?;
        for element in self.elements.iter().rev() {
            element.sync_state_with_parent().map_err(|_| build_error(&format!("{} does not start", element.name())))?;
        }
        self.elements[0].static_pad("sink").ok_or_else(|| build_error("the depayloader has no sink"))
    }
}

pub(super) fn build_error(problem: &str) -> SourceError {
    SourceError::Build { problem: problem.to_owned() }
}

pub(super) fn make(factory: &str) -> Result<gst::Element, SourceError> {
    gst::ElementFactory::make(factory).build().map_err(|_| build_error(&format!("this host has no {factory}")))
}

pub(super) fn bin(launch: &str) -> Result<gst::Bin, SourceError> {
    Ok(vru_media::parse_bin(launch)?)
}

/// Size of the camera's pictures; written where they enter the encoder, read where they leave it.
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

/// In front of the encoder: tells it the size to scale to whenever the camera's changes, and drops what is not wanted.
pub(super) fn prepare_encode(
    encode: &gst::Bin,
    plan: &OutputPlan,
    sampler: Option<Sampler>,
) -> Result<SourceSize, SourceError> {
    let size = encode.by_name("size").ok_or_else(|| build_error("the encoder has no capsfilter `size`"))?;
    let pad = encode.static_pad("sink").ok_or_else(|| build_error("the encoder has no sink"))?;
    let source_size = SourceSize::default();
    let (plan, seen, sampler) = (plan.clone(), source_size.clone(), sampler.map(Mutex::new));
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM | gst::PadProbeType::BUFFER, move |_, info| {
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
            // `Drop` makes GStreamer 1.22 complain about a buffer that the bindings have dropped already.
            return gst::PadProbeReturn::Handled;
        }
        gst::PadProbeReturn::Ok
    });
    Ok(source_size)
}

/// An appsink whose samples go to `take` in the streaming thread: nothing waits in it.
fn app_sink(take: impl Fn(&gst::Sample, u64, Bytes) + Send + 'static) -> gst_app::AppSink {
    let mut last_ns = 0;
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        if let Some((pts_ns, payload)) = sample_payload(&sample) {
            // A picture without a time is shown with the one before.
            last_ns = pts_ns.unwrap_or(last_ns);
            take(&sample, last_ns, payload);
        }
        Ok(gst::FlowSuccess::Ok)
    });
    gst_app::AppSink::builder().sync(false).max_buffers(2).callbacks(callbacks.build()).build()
}

fn picture_sink(outlet: &Arc<Outlet>, source_size: SourceSize) -> gst_app::AppSink {
    let outlet = outlet.clone();
    app_sink(move |sample, pts_ns, payload| {
        let Some(size) = sample_size(sample) else { return };
        let source_size = source_size.get();
        let encoding = Encoding::Jpeg;
        outlet.picture(Picture { pts_ns, payload, encoding, size, source_size, key_frame: true, analyse: true });
    })
}

fn unit_sink(codec: Codec, outlet: &Arc<Outlet>, sampler: Sampler) -> gst_app::AppSink {
    let outlet = outlet.clone();
    let state = Mutex::new((sampler, false));
    app_sink(move |sample, pts_ns, payload| {
        let Some(size) = sample_size(sample) else { return };
        let key_frame = codec.is_key_unit(&payload);
        let mut state = state.lock();
        let (sampler, started) = &mut *state;
        if !*started && !key_frame {
            let labels = [outlet.camera().as_str(), metrics::BEFORE_KEY_FRAME];
            metrics::SKIPPED.with_label_values(&labels).inc();
            return;
        }
        *started = true;
        let analyse = sampler.wants(pts_ns);
        let encoding = encoding_of(codec);
        outlet.picture(Picture { pts_ns, payload, encoding, size, source_size: size, key_frame, analyse });
    })
}

pub(super) fn encoding_of(codec: Codec) -> Encoding {
    match codec {
        Codec::H264 => Encoding::H264,
        Codec::H265 => Encoding::H265,
    }
}

/// Width and height from a sample's caps.
pub(super) fn sample_size(sample: &gst::Sample) -> Option<(u32, u32)> {
    let caps = sample.caps()?.structure(0)?;
    let side = |name: &str| u32::try_from(caps.get::<i32>(name).ok()?).ok();
    Some((side("width")?, side("height")?))
}

/// A sample's time and its bytes, which stay where GStreamer put them.
pub(super) fn sample_payload(sample: &gst::Sample) -> Option<(Option<u64>, Bytes)> {
    let buffer = sample.buffer_owned()?;
    let pts_ns = buffer.pts().map(gst::ClockTime::nseconds);
    let mapped = buffer.into_mapped_buffer_readable().ok()?;
    Some((pts_ns, Bytes::from_owner(mapped)))
}
