//! The part of a live pipeline from RTP packets to pictures: depayloader, the description's decoder, sampler, the description's
//! encoder, sink.

use std::sync::Arc;

use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use parking_lot::Mutex;
use vru_media::Orientation;
use vru_media::sei::{Framing, StreamOrientation};
use vru_media::shown::displayed_size;
use vru_proto::v1::Encoding;

use super::colours::SharedColours;
use super::decoder_loss::count_undecodable;
use super::elements::{build_error, make_bin, static_pad};
use super::encoder_input::{SourceSize, Turning, prepare_encoder};
use super::jpeg_depayloader::depayload_jpegs;
use super::orientation::pass_stream_orientation_on;
use super::packet_loss::{Recovering, drop_incomplete_units};
use super::profile::profile;
use super::samples::{sample_payload, sample_size};
use super::video_format::VideoFormat;
use super::{CameraSession, EncodedPicture, OutputPlan};
use crate::error::SourceError;
use crate::metrics;
use crate::sampler::Sampler;

/// Descriptions name decoders of coded video only.
const JPEG_DECODER: &str = "jpegdec";

/// The elements in the order in which they are linked.
#[derive(Debug)]
pub(super) struct RtpBranch {
    elements: Vec<gst::Element>,
}

impl RtpBranch {
    /// Makes the elements for one format. They pass pictures to the session.
    pub(super) fn build(
        format: VideoFormat,
        plan: &OutputPlan,
        decoder_threads: u32,
        session: &Arc<CameraSession>,
    ) -> Result<Self, SourceError> {
        let values = plan.values(decoder_threads);
        let depayloader = make_bin(format.depayload_launch())?;
        session.facts().codec(format.rtp_name());
        record_profile(&depayloader, format, session)?;
        let recovering = drop_incomplete_units(&depayloader, format, session)?;
        if format == VideoFormat::Jpeg {
            depayload_jpegs(&depayloader, session)?;
        }
        let depayloader = depayloader.upcast::<gst::Element>();
        let encode = plan.description.encode_launch(values);
        let decoder = make_bin(&match format {
            VideoFormat::Coded(codec) => plan.description.decode_launch(codec, values),
            VideoFormat::Jpeg if encode.is_some() => JPEG_DECODER.to_owned(),
            VideoFormat::Jpeg => "identity silent=true".to_owned(),
        })?;
        if format == VideoFormat::Jpeg {
            drop_huge_jpegs(&decoder, session)?;
        }
        let (sink, elements) = if let Some(launch) = encode {
            let encoder = make_bin(&launch)?;
            drop_incomplete_pictures(&decoder, recovering)?;
            let turning = match format {
                VideoFormat::Coded(codec) => {
                    pass_stream_orientation_on(&static_pad(&decoder, "sink")?, codec, Orientation::UPRIGHT);
                    Turning::ByTags(Orientation::UPRIGHT)
                }
                VideoFormat::Jpeg => Turning::Never,
            };
            let (sampler, no_container) = (Some(Sampler::new(plan.max_fps)), SharedColours::default());
            let source_size = prepare_encoder(&encoder, plan, sampler, turning, &no_container, session.notices())?;
            count_undecodable(&decoder, session.camera())?;
            let sink = picture_sink(session, source_size);
            (sink.clone(), vec![depayloader, decoder.upcast(), encoder.upcast(), sink.upcast()])
        } else {
            let sink = access_unit_sink(format, session, recovering, Sampler::new(plan.max_fps));
            (sink.clone(), vec![depayloader, decoder.upcast(), sink.upcast()])
        };
        sink.set_property("enable-last-sample", false);
        Ok(Self { elements })
    }

    /// Adds the elements to the pipeline, starts them, and returns the pad that accepts RTP packets.
    pub(super) fn attach(&self, pipeline: &gst::Pipeline) -> Result<gst::Pad, SourceError> {
        pipeline.add_many(&self.elements).map_err(|_| build_error("elements cannot be added"))?;
        gst::Element::link_many(&self.elements).map_err(|_| build_error("elements cannot be linked"))?;
        for element in self.elements.iter().rev() {
            element.sync_state_with_parent().map_err(|_| build_error(&format!("{} does not start", element.name())))?;
        }
        self.elements[0].static_pad("sink").ok_or_else(|| build_error("the depayloader has no sink pad"))
    }
}

/// Records the profile of the stream when the parameter sets are known.
fn record_profile(
    depayloader: &gst::Bin,
    format: VideoFormat,
    session: &Arc<CameraSession>,
) -> Result<(), SourceError> {
    let VideoFormat::Coded(codec) = format else { return Ok(()) };
    let facts = session.facts();
    static_pad(depayloader, "src")?.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(event) = info.event()
            && let gst::EventView::Caps(caps) = event.view()
            && let Some(Ok(configuration)) = caps.caps().structure(0).map(|caps| caps.get::<gst::Buffer>("codec_data"))
            && let Ok(configuration) = configuration.map_readable()
            && let Some(text) = profile(codec, &configuration)
        {
            facts.profile(text);
        }
        gst::PadProbeReturn::Ok
    });
    Ok(())
}

/// An appsink that passes each sample to `take` in the streaming thread, so that no sample waits in it.
fn app_sink(take: impl Fn(&gst::Sample, u64, Bytes) + Send + 'static) -> gst_app::AppSink {
    let mut last_ns = 0;
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        if let Some((pts_ns, payload)) = sample_payload(&sample) {
            // A picture without a PTS gets that of the picture before it.
            last_ns = pts_ns.unwrap_or(last_ns);
            take(&sample, last_ns, payload);
        }
        Ok(gst::FlowSuccess::Ok)
    });
    gst_app::AppSink::builder().sync(false).max_buffers(2).callbacks(callbacks.build()).build()
}

fn picture_sink(session: &Arc<CameraSession>, source_size: SourceSize) -> gst_app::AppSink {
    let session = session.clone();
    app_sink(move |sample, pts_ns, payload| {
        let Some(size) = sample_size(sample) else { return };
        let source_size = source_size.get();
        let encoding = Encoding::Jpeg;
        session.add_picture(EncodedPicture {
            pts_ns,
            payload,
            encoding,
            size,
            source_size,
            key_frame: true,
            analyse: true,
            orientation: Orientation::UPRIGHT,
        });
    })
}

fn access_unit_sink(
    format: VideoFormat,
    session: &Arc<CameraSession>,
    recovering: Recovering,
    sampler: Sampler,
) -> gst_app::AppSink {
    let session = session.clone();
    let state = Mutex::new((sampler, false, StreamOrientation::default()));
    app_sink(move |sample, pts_ns, payload| {
        let Some(size) = sample_size(sample) else { return };
        let key_frame = format.is_key_unit(&payload) || recovering.starts(pts_ns);
        let mut state = state.lock();
        let (sampler, started, stated) = &mut *state;
        if !*started && !key_frame {
            let labels = [session.camera().as_str(), metrics::BEFORE_KEY_FRAME];
            metrics::SKIPPED.with_label_values(&labels).inc();
            return;
        }
        *started = true;
        let analyse = !recovering.is_incomplete(pts_ns) && sampler.wants(pts_ns);
        if format == VideoFormat::Jpeg && !analyse {
            // No other picture depends on it.
            return;
        }
        let encoding = format.encoding();
        // Nobody stretches or turns a JPEG after this.
        let (source_size, orientation) = match format {
            VideoFormat::Coded(codec) => {
                let orientation = stated.next(codec, Framing::StartCodes, &payload);
                (orientation.size(sample.caps().and_then(displayed_size).unwrap_or(size)), orientation)
            }
            VideoFormat::Jpeg => (size, Orientation::UPRIGHT),
        };
        session.add_picture(EncodedPicture {
            pts_ns,
            payload,
            encoding,
            size,
            source_size,
            key_frame,
            analyse,
            orientation,
        });
    })
}

/// Drops pictures that are not refreshed completely, where they leave the decoder.
fn drop_incomplete_pictures(decoder: &gst::Bin, recovering: Recovering) -> Result<(), SourceError> {
    static_pad(decoder, "src")?.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let pts = info.buffer().and_then(|buffer| buffer.pts());
        if pts.is_some_and(|pts| recovering.is_incomplete(pts.nseconds())) {
            return gst::PadProbeReturn::Handled;
        }
        gst::PadProbeReturn::Ok
    });
    Ok(())
}

/// Drops JPEGs that no decoder accepts before memory is allocated for them.
fn drop_huge_jpegs(decoder: &gst::Bin, session: &Arc<CameraSession>) -> Result<(), SourceError> {
    let camera = session.camera().clone();
    static_pad(decoder, "sink")?.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let readable = info.buffer().and_then(|buffer| buffer.map_readable().ok());
        if readable.is_some_and(|jpeg| vru_media::jpeg::header(&jpeg).is_ok()) {
            return gst::PadProbeReturn::Ok;
        }
        metrics::SKIPPED.with_label_values(&[camera.as_str(), metrics::UNDECODABLE]).inc();
        gst::PadProbeReturn::Handled
    });
    Ok(())
}
