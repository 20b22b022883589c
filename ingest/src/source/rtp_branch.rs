//! The part of a live pipeline from RTP packets to pictures: depayloader, the description's decoder, sampler, the description's
//! encoder, sink.

use std::sync::Arc;

use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use parking_lot::Mutex;
use vru_media::Codec;
use vru_proto::v1::Encoding;

use super::decoder_loss::count_undecodable;
use super::elements::{build_error, make_bin};
use super::encoder_input::{SourceSize, prepare_encoder};
use super::packet_loss::drop_incomplete_units;
use super::samples::{encoding_of, sample_payload, sample_size};
use super::{CameraSession, EncodedPicture, OutputPlan};
use crate::error::SourceError;
use crate::metrics;
use crate::sampler::Sampler;

/// The elements in the order in which they are linked.
#[derive(Debug)]
pub(super) struct RtpBranch {
    elements: Vec<gst::Element>,
}

impl RtpBranch {
    /// Makes the elements for one codec. They pass pictures to the session.
    pub(super) fn build(
        codec: Codec,
        plan: &OutputPlan,
        decoder_threads: u32,
        session: &Arc<CameraSession>,
    ) -> Result<Self, SourceError> {
        let values = plan.values(decoder_threads);
        // Use the packetised formats: from byte-stream, GStreamer 1.22's parsers split off parameter sets as access units of
        // their own, without a time.
        let depayloader = make_bin(match codec {
            Codec::H264 => "rtph264depay ! capsfilter caps=\"video/x-h264,stream-format=avc,alignment=au\"",
            Codec::H265 => "rtph265depay ! capsfilter caps=\"video/x-h265,stream-format=hvc1,alignment=au\"",
        })?;
        drop_incomplete_units(&depayloader, codec, session.camera())?;
        let depayloader = depayloader.upcast::<gst::Element>();
        let decoder = make_bin(&plan.description.decode_launch(codec, values))?;
        let (sink, elements) = if let Some(launch) = plan.description.encode_launch(values) {
            let encoder = make_bin(&launch)?;
            let source_size = prepare_encoder(&encoder, plan, Some(Sampler::new(plan.max_fps)))?;
            count_undecodable(&decoder, session.camera())?;
            let sink = picture_sink(session, source_size);
            (sink.clone(), vec![depayloader, decoder.upcast(), encoder.upcast(), sink.upcast()])
        } else {
            let sink = access_unit_sink(codec, session, Sampler::new(plan.max_fps));
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
        });
    })
}

fn access_unit_sink(codec: Codec, session: &Arc<CameraSession>, sampler: Sampler) -> gst_app::AppSink {
    let session = session.clone();
    let state = Mutex::new((sampler, false));
    app_sink(move |sample, pts_ns, payload| {
        let Some(size) = sample_size(sample) else { return };
        let key_frame = codec.is_key_unit(&payload);
        let mut state = state.lock();
        let (sampler, started) = &mut *state;
        if !*started && !key_frame {
            let labels = [session.camera().as_str(), metrics::BEFORE_KEY_FRAME];
            metrics::SKIPPED.with_label_values(&labels).inc();
            return;
        }
        *started = true;
        let analyse = sampler.wants(pts_ns);
        let encoding = encoding_of(codec);
        session.add_picture(EncodedPicture { pts_ns, payload, encoding, size, source_size: size, key_frame, analyse });
    })
}
