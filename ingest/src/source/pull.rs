//! Cameras that we connect to: RTSP over TCP or UDP, with or without TLS.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use gstreamer as gst;
use gstreamer::prelude::*;
use tokio_util::sync::CancellationToken;
use vru_media::Codec;
use vru_proto::v1::{PullSource, RtspTransport};
use vru_runtime::secret::Secret;

use super::branch::{Branch, build_error, make};
use super::watch::{Limits, Running};
use super::{Connection, Outlet, redacted};
use crate::error::SourceError;
use crate::timeline::ntp_ns_to_unix_us;

/// No stream was offered yet; `NONE_FITS`: some were, none is video that we read; else the number of the chosen one.
const UNDECIDED: i64 = -1;
const NONE_FITS: i64 = -2;

/// Connects and receives until stopped (Ok) or failed.
pub async fn stream(
    source: &PullSource,
    connection: &Connection,
    outlet: Arc<Outlet>,
    stop: &CancellationToken,
) -> Result<(), SourceError> {
    vru_media::init()?;
    let config = &connection.config;
    let limits =
        Limits { url: redacted(&source.url), open: config.pull.open_timeout, stall: config.live.stall_timeout };
    let running = Running::new();
    let chosen = Arc::new(AtomicI64::new(UNDECIDED));
    let element = rtsp_source(source, connection)?;
    choose_video(&element, &chosen);
    ask_for_capture_times(&element);
    hide_length(&element);
    receive(&element, &running.pipeline, connection, &outlet);
    running.pipeline.add(&element).map_err(|_| build_error("rtspsrc cannot be added"))?;
    let no_video = || chosen.load(Ordering::Acquire) == NONE_FITS;
    let ended = running.watch(&outlet, &limits, stop, no_video).await;
    running.stop().await;
    ended
}

fn rtsp_source(source: &PullSource, connection: &Connection) -> Result<gst::Element, SourceError> {
    let config = &connection.config.pull;
    let element = make("rtspsrc")?;
    element.set_property("location", &source.url);
    let protocols = match source.transport() {
        RtspTransport::Udp => "udp",
        RtspTransport::Tcp | RtspTransport::Unspecified => "tcp",
    };
    element.set_property_from_str("protocols", protocols);
    element.set_property("latency", u32::try_from(config.latency.as_millis()).unwrap_or(u32::MAX));
    element.set_property("tcp-timeout", u64::try_from(config.open_timeout.as_micros()).unwrap_or(u64::MAX));
    element.set_property("user-agent", "vru-ingest");
    if !config.tls_verify {
        element.set_property_from_str("tls-validation-flags", "0");
    }
    if let Some(credentials) = source.credentials.as_ref().filter(|credentials| !credentials.username.is_empty()) {
        // Read anew for each connection, so that a changed password counts at once.
        let password = Secret::resolve(&credentials.password)?;
        element.set_property("user-id", &credentials.username);
        element.set_property("user-pw", password.expose());
    }
    Ok(element)
}

/// Codec of a stream, if it is video that we read.
fn video_codec(caps: &gst::CapsRef) -> Option<Codec> {
    let structure = caps.structure(0)?;
    if structure.get::<&str>("media").ok()? != "video" {
        return None;
    }
    Codec::from_rtp_name(structure.get::<&str>("encoding-name").ok()?)
}

/// Only the first video stream is set up: sound and what cameras call metadata never cross the network.
fn choose_video(element: &gst::Element, chosen: &Arc<AtomicI64>) {
    let chosen = chosen.clone();
    element.connect("select-stream", false, move |values| {
        let number = values.get(1).and_then(|value| value.get::<u32>().ok()).map_or(NONE_FITS, i64::from);
        let caps = values.get(2).and_then(|value| value.get::<gst::Caps>().ok());
        let fits = caps.is_some_and(|caps| video_codec(&caps).is_some());
        let before = chosen.load(Ordering::Acquire);
        // The same streams are offered again when another transport is tried.
        let take = fits && (before < 0 || before == number);
        if take {
            chosen.store(number, Ordering::Release);
        } else if before == UNDECIDED {
            chosen.store(NONE_FITS, Ordering::Release);
        }
        Some(take.to_value())
    });
}

/// Makes GStreamer note the camera's wall clock on each packet once it has sent a sender report.
fn ask_for_capture_times(element: &gst::Element) {
    element.connect("new-manager", false, |values| {
        if let Some(manager) = values.get(1).and_then(|value| value.get::<gst::Element>().ok())
            && manager.find_property("add-reference-timestamp-meta").is_some()
        {
            manager.set_property("add-reference-timestamp-meta", true);
        }
        None
    });
}

/// Keeps the length of a recording from the jitter buffer, which in GStreamer 1.22 ends such a stream by its own clock: with pictures
/// still in it, as on a busy machine, it then waits for a timer that no thread looks at any more, and cannot be taken down.
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

/// Links the decoder's branch when the video's pad appears.
fn receive(element: &gst::Element, pipeline: &gst::Pipeline, connection: &Connection, outlet: &Arc<Outlet>) {
    let (pipeline, outlet, connection) = (pipeline.downgrade(), outlet.clone(), connection.clone());
    element.connect_pad_added(move |element, pad| {
        let Some(pipeline) = pipeline.upgrade() else { return };
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let Some(codec) = video_codec(&caps) else { return };
        note_packets(pad, &outlet);
        let threads = connection.config.live.decoder_threads;
        let linked = Branch::build(codec, &connection.plan, threads, &outlet)
            .and_then(|branch| branch.attach(&pipeline))
            .and_then(|sink| pad.link(&sink).map(drop).map_err(|_| build_error("the video cannot be linked")));
        if let Err(error) = linked {
            let text = vru_runtime::report::chain(&error).to_string();
            gst::element_error!(element, gst::CoreError::Pad, ["{text}"]);
        }
    });
}

fn note_packets(pad: &gst::Pad, outlet: &Arc<Outlet>) {
    let outlet = outlet.clone();
    let note = move |buffer: &gst::BufferRef| {
        let Some(pts) = buffer.pts() else { return };
        let clock = buffer
            .iter_meta::<gst::ReferenceTimestampMeta>()
            .find(|meta| meta.reference().structure(0).is_some_and(|name| name.name() == "timestamp/x-ntp"));
        outlet.packet(pts.nseconds(), clock.and_then(|meta| ntp_ns_to_unix_us(meta.timestamp().nseconds())));
    };
    pad.add_probe(gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST, move |_, info| {
        if let Some(buffer) = info.buffer() {
            note(buffer);
        } else if let Some(list) = info.buffer_list() {
            list.iter().for_each(&note);
        }
        gst::PadProbeReturn::Ok
    });
}
