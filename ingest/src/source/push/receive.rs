//! Receives the streams of a camera's publishers. Each publication is a camera session.

use std::sync::Arc;
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use vru_proto::v1::PushSource;
use vru_runtime::cameras::References;
use vru_runtime::report::chain;

use super::password::{Access, FollowedLogin};
use super::path_registry::{PathRegistry, Publication};
use super::rtp::TimedPacket;
use super::sdp::VideoTrack;
use crate::error::SourceError;
use crate::metrics;
use crate::source::elements::build_error;
use crate::source::rtp_branch::RtpBranch;
use crate::source::running_pipeline::{ConnectionLimits, RunningPipeline};
use crate::source::{CameraSession, SourceContext};

/// Bytes of packets that may wait in front of the pipeline. Beyond this the connection is not read.
const MAX_WAITING_BYTES: u64 = 4 * 1024 * 1024;
/// How long the pipeline may take to deliver its last pictures after the publisher has stopped.
const LAST_PICTURES_TIMEOUT: Duration = Duration::from_secs(3);

/// Opens the camera's path and receives one publisher after another until stopped (Ok).
pub async fn stream(
    source: &PushSource,
    context: &SourceContext,
    paths: &Arc<PathRegistry>,
    mut open_session: impl FnMut() -> Arc<CameraSession>,
    stop: &CancellationToken,
) -> Result<(), SourceError> {
    vru_media::init()?;
    let path = if source.path.is_empty() { context.camera.as_str() } else { source.path.trim_matches('/') };
    let followed = match (&source.credentials, source.allow_anonymous) {
        (Some(given), false) => {
            let (throttle_of, name) = (paths.clone(), path.to_owned());
            // Failures with the new password before it was read here are no guesses.
            let changed = move || throttle_of.throttle.forget(&name);
            let references = References::new(&context.config.cameras);
            Some(FollowedLogin::start(references, given.clone(), changed).await?)
        }
        (None, true) => {
            tracing::warn!(path, "the camera allows anonymous publishers, anyone may publish to it");
            None
        }
        _ => return Err(SourceError::PushLogin),
    };
    let access = followed.as_ref().map_or(Access::Anonymous, |followed| Access::Login(followed.login.clone()));
    let open_path = paths.register(path, &context.camera, access);
    let mut open_path = open_path.ok_or_else(|| SourceError::PathTaken { path: path.to_owned() })?;
    loop {
        let publication = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            publication = open_path.next_publication() => publication,
        };
        let Some(publication) = publication else { return Ok(()) };
        let camera_session = open_session();
        let (session, peer) = (camera_session.id(), publication.peer);
        tracing::info!(session, %peer, format = ?publication.track.format, "publisher connected");
        let end = stop.child_token();
        let mut receiving = std::pin::pin!(receive(publication, context, camera_session, &end));
        let received = tokio::select! {
            received = receiving.as_mut() => received,
            () = paths.claims.superseded(&context.camera, session) => {
                end.cancel();
                receiving.await.and(Err(SourceError::Superseded { peer }))
            }
        };
        match received {
            Ok(()) | Err(SourceError::Ended { .. }) => tracing::info!(session, %peer, "publisher disconnected"),
            Err(error) => {
                metrics::ERRORS.with_label_values(&[context.camera.as_str(), error.kind()]).inc();
                tracing::warn!(session, %peer, error = %chain(&error), "publisher's connection failed and was closed");
            }
        }
    }
}

async fn receive(
    publication: Publication,
    context: &SourceContext,
    session: Arc<CameraSession>,
    stop: &CancellationToken,
) -> Result<(), SourceError> {
    let config = &context.config;
    let limits = ConnectionLimits {
        url: format!("publisher {}", publication.peer),
        open_timeout: config.pull.open_timeout,
        stall_timeout: config.live.stall_timeout,
    };
    let running = RunningPipeline::new(&context.shutdowns, &context.camera)?;
    let source = app_source(&publication.track);
    running.pipeline.add(&source).map_err(|_| build_error("appsrc cannot be added"))?;
    let threads = config.live.decoder_threads;
    let branch = RtpBranch::build(publication.track.format, &context.plan, threads, &session)?;
    let sink = branch.attach(&running.pipeline)?;
    let pad = source.static_pad("src").ok_or_else(|| build_error("appsrc has no src pad"))?;
    pad.link(&sink).map_err(|_| build_error("the packets cannot be linked"))?;

    let result = {
        let run = running.run(&session, &limits, stop, || false);
        tokio::pin!(run);
        tokio::select! {
            result = &mut run => result,
            () = feed(publication.packets, &source, &session) => {
                // The pipeline delivers its last pictures and then reports the end of the stream.
                source.end_of_stream().ok();
                let ended = || Err(SourceError::Ended { url: limits.url.clone() });
                tokio::time::timeout(LAST_PICTURES_TIMEOUT, run).await.unwrap_or_else(|_| ended())
            }
        }
    };
    running.shut_down().await;
    result
}

fn app_source(track: &VideoTrack) -> gst_app::AppSrc {
    let mut caps = gst::Caps::builder("application/x-rtp")
        .field("media", "video")
        .field("payload", i32::from(track.payload_type))
        .field("clock-rate", track.clock_rate as i32)
        .field("encoding-name", track.format.rtp_name());
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

/// Passes packets to the pipeline until the publisher stops or the pipeline refuses packets.
async fn feed(mut packets: mpsc::Receiver<TimedPacket>, source: &gst_app::AppSrc, session: &CameraSession) {
    while let Some(timed) = packets.recv().await {
        if timed.restarted {
            session.record_restart();
        }
        session.record_packet(timed.pts_ns, timed.camera_us);
        // When the pipeline hangs, its stall timeout ends this loop.
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
