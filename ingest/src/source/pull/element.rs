//! `rtspsrc`, which receives the video of a pulled camera.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Instant;

use gstreamer as gst;
use gstreamer::prelude::*;
use parking_lot::Mutex;
use vru_proto::CameraId;
use vru_proto::v1::RtspTransport;

use super::camera_times::CameraTimes;
use super::link::SessionPad;
use super::one_source::{OneSource, Verdict, is_sender_report};
use crate::config::PullConfig;
use crate::error::SourceError;
use crate::metrics;
use crate::source::elements::{build_error, generation, make_element, one_by_one, probe_buffers};
use crate::source::rtp_branch::RtpBranch;
use crate::source::rtp_continuity::RtpHeader;
use crate::source::video_format::{JPEG_PAYLOAD_TYPE, VideoFormat};
use crate::source::{CameraSession, Facts, SourceContext};
use crate::timeline::ntp_ns_to_unix_us;

/// Values of `chosen` that are not the number of a stream: the camera has offered no stream yet, or none with video in a
/// codec that we support.
const NONE_OFFERED: i64 = -1;
const NONE_USABLE: i64 = -2;

/// Ticks per second of the RTP clock of every video format that we support.
const VIDEO_CLOCK: u32 = 90_000;
/// With all contributing sources, and a byte behind it.
const LONGEST_HEADER: usize = 12 + 15 * 4 + 1;

/// `rtspsrc`, and which of the camera's streams it has chosen.
#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) element: gst::Element,
    chosen: Arc<AtomicI64>,
}

impl Receiver {
    pub(super) fn new(
        location: &str,
        transport: RtspTransport,
        context: &SourceContext,
        pipeline: &gst::Pipeline,
        session: &Arc<CameraSession>,
        session_pad: SessionPad,
    ) -> Result<Self, SourceError> {
        let element = rtsp_source(location, transport, &context.config.pull)?;
        let chosen = Arc::new(AtomicI64::new(NONE_OFFERED));
        choose_video(&element, &chosen, session.facts());
        request_camera_times(&element);
        hide_length(&element);
        let reports = Arc::<AtomicU64>::default();
        join_sources(&element, session, &reports, session_pad);
        link_video(&element, pipeline, context, session, reports);
        Ok(Self { element, chosen })
    }

    /// The camera offers no stream with video that we support.
    pub(super) fn has_no_video(&self) -> bool {
        self.chosen.load(Ordering::Acquire) == NONE_USABLE
    }
}

fn rtsp_source(location: &str, transport: RtspTransport, config: &PullConfig) -> Result<gst::Element, SourceError> {
    let element = make_element("rtspsrc")?;
    element.set_property("location", location);
    let protocols = match transport {
        RtspTransport::Udp => "udp",
        RtspTransport::Tcp | RtspTransport::Unspecified => "tcp",
    };
    element.set_property_from_str("protocols", protocols);
    element.set_property("latency", u32::try_from(config.latency.as_millis()).unwrap_or(u32::MAX));
    element.set_property("tcp-timeout", u64::try_from(config.open_timeout.as_micros()).unwrap_or(u64::MAX));
    // A new connection is a new session, which our own loop opens.
    element.set_property("udp-reconnect", false);
    // The link sends keep-alives.
    element.set_property("do-rtsp-keep-alive", false);
    element.set_property("user-agent", "vru-ingest");
    Ok(element)
}

/// The format of a stream, if it is video that we support.
fn video_format(caps: &gst::CapsRef) -> Option<VideoFormat> {
    let structure = caps.structure(0)?;
    if structure.get::<&str>("media").ok()? != "video" {
        return None;
    }
    if let Ok(name) = structure.get::<&str>("encoding-name") {
        return VideoFormat::from_rtp_name(name);
    }
    // A static number of a payload needs no name.
    let payload_type = structure.get::<i32>("payload").ok()?;
    (payload_type == i32::from(JPEG_PAYLOAD_TYPE)).then_some(VideoFormat::Jpeg)
}

/// Sets up only the first usable video stream, so that sound and metadata streams never cross the network.
fn choose_video(element: &gst::Element, chosen: &Arc<AtomicI64>, facts: Arc<Facts>) {
    let chosen = chosen.clone();
    element.connect("select-stream", false, move |values| {
        let number = values.get(1).and_then(|value| value.get::<u32>().ok()).map_or(NONE_USABLE, i64::from);
        let caps = values.get(2).and_then(|value| value.get::<gst::Caps>().ok());
        let usable = caps.as_ref().is_some_and(|caps| video_format(caps).is_some());
        if let Some(stream) = caps.as_ref().and_then(|caps| caps.structure(0)) {
            let text = |name: &str| stream.get::<&str>(name).unwrap_or_default();
            facts.offered(text("media"), text("encoding-name"), usable);
        }
        let before = chosen.load(Ordering::Acquire);
        // rtspsrc offers the same streams again when it tries another transport.
        let take = usable && (before < 0 || before == number);
        if take {
            chosen.store(number, Ordering::Release);
        } else if before == NONE_OFFERED {
            chosen.store(NONE_USABLE, Ordering::Release);
        }
        Some(take.to_value())
    });
}

/// Makes GStreamer attach the camera's wall-clock time to each packet, once the camera has sent a sender report.
fn request_camera_times(element: &gst::Element) {
    element.connect("new-manager", false, |values| {
        if let Some(manager) = values.get(1).and_then(|value| value.get::<gst::Element>().ok())
            && manager.find_property("add-reference-timestamp-meta").is_some()
        {
            manager.set_property("add-reference-timestamp-meta", true);
        }
        None
    });
}

/// Hides the length of a recording from the jitter buffer. In GStreamer 1.22 the jitter buffer ends a stream of known length by its
/// own clock. If it then still holds pictures, as on a busy machine, it waits for a timer that no thread serves any more, and
/// the pipeline cannot be shut down.
fn hide_length(element: &gst::Element) {
    element.connect("new-manager", false, |values| {
        let manager = values.get(1).and_then(|value| value.get::<gst::Element>().ok())?;
        manager.connect("new-jitterbuffer", false, |values| {
            let buffer = values.get(1).and_then(|value| value.get::<gst::Element>().ok())?;
            buffer.static_pad("sink")?.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, |_, info| {
                if let Some(event) = info.event()
                    && let gst::EventView::Caps(caps) = event.view()
                {
                    let mut caps = caps.caps_owned();
                    for structure in caps.make_mut().iter_mut() {
                        structure.remove_field("npt-stop");
                    }
                    info.data = Some(gst::PadProbeData::Event(gst::event::Caps::new(&caps)));
                }
                gst::PadProbeReturn::Ok
            });
            None
        });
        None
    });
}

/// Makes one stream of the sources that the camera uses one after the other. Each packet keeps its generation as its buffer's offset.
/// Counts the sender reports in `reports`.
fn join_sources(
    element: &gst::Element,
    session: &Arc<CameraSession>,
    reports: &Arc<AtomicU64>,
    session_pad: SessionPad,
) {
    let (camera, reports) = (session.camera().clone(), reports.clone());
    element.connect("new-manager", false, move |values| {
        let manager = values.get(1).and_then(|value| value.get::<gst::Element>().ok())?;
        let sources = Arc::new(Mutex::new(BTreeMap::<String, Arc<Mutex<OneSource>>>::new()));
        let (camera, reports, session_pad) = (camera.clone(), reports.clone(), session_pad.clone());
        // The pads of one stream have the same number.
        manager.connect_pad_added(move |_, pad| {
            let name = pad.name();
            let sources_of = |number: &str| sources.lock().entry(number.to_owned()).or_default().clone();
            if let Some(number) = name.strip_prefix("recv_rtp_sink_") {
                session_pad.watch(pad);
                join_packets(pad, sources_of(number), &camera);
            } else if let Some(number) = name.strip_prefix("recv_rtcp_sink_") {
                join_reports(pad, sources_of(number), reports.clone());
            }
        });
        None
    });
}

fn join_packets(pad: &gst::Pad, sources: Arc<Mutex<OneSource>>, camera: &CameraId) {
    let dropped = metrics::OTHER_SOURCES.with_label_values(&[camera.as_str()]);
    let kept = Mutex::new(None::<gst::Buffer>);
    let types = gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
    pad.add_probe(types, move |pad, info| {
        if let Some(handled) = one_by_one(pad, info) {
            return handled;
        }
        let Some(buffer) = info.buffer_mut() else { return gst::PadProbeReturn::Ok };
        loop {
            let mut header = [0; 12];
            if buffer.copy_to_slice(0, &mut header).is_err() {
                return gst::PadProbeReturn::Ok;
            }
            let verdict = sources.lock().packet(&mut header, Instant::now());
            match verdict {
                Verdict::Pass(generation) => {
                    dropped.inc_by(u64::from(kept.lock().take().is_some()));
                    let buffer = buffer.make_mut();
                    buffer.set_offset(generation);
                    // It has as many bytes.
                    buffer.copy_from_slice(0, &header).ok();
                    return gst::PadProbeReturn::Ok;
                }
                Verdict::Keep => {
                    let before = kept.lock().replace(buffer.clone());
                    dropped.inc_by(u64::from(before.is_some()));
                    return gst::PadProbeReturn::Handled;
                }
                Verdict::TakeOver => {
                    let first = kept.lock().take();
                    if let Some(Err(error)) = first.map(|first| pad.chain(first)) {
                        info.flow_res = Err(error);
                        return gst::PadProbeReturn::Handled;
                    }
                }
            }
        }
    });
}

fn join_reports(pad: &gst::Pad, sources: Arc<Mutex<OneSource>>, reports: Arc<AtomicU64>) {
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let Some(buffer) = info.buffer_mut() else { return gst::PadProbeReturn::Ok };
        let about_it = match buffer.make_mut().map_writable() {
            Ok(mut report) => {
                let about_it = sources.lock().report(&mut report);
                reports.fetch_add(u64::from(about_it && is_sender_report(&report)), Ordering::Relaxed);
                about_it
            }
            Err(_) => false,
        };
        if about_it { gst::PadProbeReturn::Ok } else { gst::PadProbeReturn::Handled }
    });
}

/// Links the branch that decodes the video when the video's pad appears.
fn link_video(
    element: &gst::Element,
    pipeline: &gst::Pipeline,
    context: &SourceContext,
    session: &Arc<CameraSession>,
    reports: Arc<AtomicU64>,
) {
    let (pipeline, session, context) = (pipeline.downgrade(), session.clone(), context.clone());
    // A camera that changes its payload type within a connection gets another pad. Stream time goes on.
    let times = Arc::new(Mutex::new(CameraTimes::new(VIDEO_CLOCK)));
    element.connect_pad_added(move |element, pad| {
        let Some(pipeline) = pipeline.upgrade() else { return };
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let Some(format) = video_format(&caps) else { return };
        record_packets(pad, &times, &session, reports.clone());
        let threads = context.config.live.decoder_threads;
        let linked = RtpBranch::build(format, &context.plan, threads, &session)
            .and_then(|branch| branch.attach(&pipeline))
            .and_then(|sink| pad.link(&sink).map(drop).map_err(|_| build_error("the video cannot be linked")));
        if let Err(error) = linked {
            let text = vru_runtime::report::chain(&error).to_string();
            gst::element_error!(element, gst::CoreError::Pad, ["{text}"]);
        }
    });
}

/// Gives the packets their times, and records them.
fn record_packets(
    pad: &gst::Pad,
    times: &Arc<Mutex<CameraTimes>>,
    session: &Arc<CameraSession>,
    reports: Arc<AtomicU64>,
) {
    let (times, session) = (times.clone(), session.clone());
    let record = move |packet: &mut gst::BufferRef| {
        let mut start = [0; LONGEST_HEADER];
        let length = start.len().min(packet.size());
        let header =
            packet.copy_to_slice(0, &mut start[..length]).ok().and_then(|()| RtpHeader::parse(&start[..length]));
        let Some(header) = header else { return };
        let header = RtpHeader { ssrc: generation(packet), ..header };
        let camera_time = packet
            .iter_meta::<gst::ReferenceTimestampMeta>()
            .find(|meta| meta.reference().structure(0).is_some_and(|name| name.name() == "timestamp/x-ntp"));
        let camera_us = camera_time.and_then(|meta| ntp_ns_to_unix_us(meta.timestamp().nseconds()));
        let times = times.lock().time(header, Instant::now(), camera_us, reports.load(Ordering::Relaxed));
        packet.set_pts(gst::ClockTime::from_nseconds(times.pts_ns));
        if times.restarted {
            session.record_restart();
        }
        session.record_packet(times.pts_ns, times.camera_us);
    };
    probe_buffers(pad, record);
}
