//! A camera's side of the push server: each publication becomes a session.

use std::sync::Arc;
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use vru_proto::v1::PushSource;
use vru_runtime::clock;
use vru_runtime::report::chain;
use vru_runtime::secret::Secret;

use super::hub::{Hub, Login, Publication};
use super::rtp::TimedPacket;
use super::sdp::VideoTrack;
use crate::error::SourceError;
use crate::metrics;
use crate::source::branch::{Branch, build_error};
use crate::source::watch::{Limits, Running};
use crate::source::{Connection, Outlet};

/// Bytes of packets that wait in front of the pipeline; then the connection is held up.
const MAX_WAITING_BYTES: u64 = 4 * 1024 * 1024;
/// How long the last pictures may take to leave when a publisher goes.
const LAST_PICTURES: Duration = Duration::from_secs(3);

/// Opens the camera's path and takes one publisher after the other, until stopped (Ok).
pub async fn stream(
    source: &PushSource,
    connection: &Connection,
    hub: &Arc<Hub>,
    outlet: impl Fn(u64) -> Arc<Outlet>,
    stop: &CancellationToken,
) -> Result<(), SourceError> {
    vru_media::init()?;
    let path = if source.path.is_empty() { connection.camera.as_str() } else { source.path.trim_matches('/') };
    let credentials = source.credentials.as_ref().filter(|credentials| !credentials.username.is_empty());
    let login = if let Some(given) = credentials {
        // One that leads nowhere is told now; it is read anew for each publisher.
        Secret::resolve(&given.password)?;
        Some(Login { username: given.username.clone(), password: Secret::new(&given.password) })
    } else {
        tracing::warn!(path, "anyone may publish to this camera: it has no credentials");
        None
    };
    let registration = hub.register(path, &connection.camera, login);
    let mut registration = registration.ok_or_else(|| build_error(&format!("another camera has the path {path}")))?;
    let mut last_session = 0;
    loop {
        let publication = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            publication = registration.next() => publication,
        };
        let Some(publication) = publication else { return Ok(()) };
        let session = clock::now_us().unsigned_abs().max(last_session + 1);
        last_session = session;
        let peer = publication.peer;
        tracing::info!(session, %peer, codec = ?publication.track.codec, "publisher connected");
        match receive(publication, connection, outlet(session), stop).await {
            Ok(()) | Err(SourceError::Ended { .. }) => tracing::info!(session, %peer, "publisher left"),
            Err(error) => {
                metrics::ERRORS.with_label_values(&[connection.camera.as_str(), error.kind()]).inc();
                tracing::warn!(session, %peer, error = %chain(&error), "publisher cut off");
            }
        }
    }
}

async fn receive(
    publication: Publication,
    connection: &Connection,
    outlet: Arc<Outlet>,
    stop: &CancellationToken,
) -> Result<(), SourceError> {
    let config = &connection.config;
    let limits = Limits {
        url: format!("publisher {}", publication.peer),
        open: config.pull.open_timeout,
        stall: config.live.stall_timeout,
    };
    let running = Running::new();
    let source = app_source(&publication.track);
    running.pipeline.add(&source).map_err(|_| build_error("appsrc cannot be added"))?;
    let threads = config.live.decoder_threads;
    let sink = Branch::build(publication.track.codec, &connection.plan, threads, &outlet)?.attach(&running.pipeline)?;
    let pad = source.static_pad("src").ok_or_else(|| build_error("appsrc has no pad"))?;
    pad.link(&sink).map_err(|_| build_error("the packets cannot be linked"))?;

    let ended = {
        let watching = running.watch(&outlet, &limits, stop, || false);
        tokio::pin!(watching);
        tokio::select! {
            ended = &mut watching => ended,
            () = feed(publication.packets, &source, &outlet) => {
                // The pipeline gives the last pictures and then says that it is at the end.
                source.end_of_stream().ok();
                let gone = || Err(SourceError::Ended { url: limits.url.clone() });
                tokio::time::timeout(LAST_PICTURES, watching).await.unwrap_or_else(|_| gone())
            }
        }
    };
    running.stop().await;
    ended
}

fn app_source(track: &VideoTrack) -> gst_app::AppSrc {
    let mut caps = gst::Caps::builder("application/x-rtp")
        .field("media", "video")
        .field("payload", i32::from(track.payload_type))
        .field("clock-rate", track.clock_rate as i32)
        .field("encoding-name", track.codec.rtp_name());
    for (name, value) in &track.parameters {
        caps = caps.field(name.as_str(), value.as_str());
    }
    gst_app::AppSrc::builder()
        .caps(&caps.build())
        .format(gst::Format::Time)
        .is_live(true)
        .max_bytes(2 * MAX_WAITING_BYTES)
        .block(false)
        .build()
}

/// Passes packets on until the publisher is gone or the pipeline takes no more.
async fn feed(mut packets: mpsc::Receiver<TimedPacket>, source: &gst_app::AppSrc, outlet: &Outlet) {
    while let Some(timed) = packets.recv().await {
        outlet.packet(timed.pts_ns, timed.camera_us);
        // The watch on the pipeline ends this wait when it never ends by itself.
        while source.current_level_bytes() > MAX_WAITING_BYTES {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut buffer = gst::Buffer::from_slice(timed.packet);
        let writable = buffer.get_mut().expect("a new buffer has one owner");
        writable.set_pts(gst::ClockTime::from_nseconds(timed.pts_ns));
        if source.push_buffer(buffer).is_err() {
            return;
        }
    }
}
