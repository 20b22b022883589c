//! Runs a live pipeline until it fails, stalls or is stopped, and shuts it down on every way out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use gstreamer as gst;
use gstreamer::prelude::*;
use tokio_util::sync::CancellationToken;
use vru_proto::CameraId;

use super::CameraSession;
use super::elements::build_error;
use super::pipeline_shutdowns::PipelineShutdowns;
use crate::error::SourceError;

/// How often the time since the last picture is checked.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);

/// The time limits of a connection, and its URL for error messages.
#[derive(Debug)]
pub(super) struct ConnectionLimits {
    /// Without credentials.
    pub(super) url: String,
    /// From the start to the first picture.
    pub(super) open_timeout: Duration,
    /// Between pictures.
    pub(super) stall_timeout: Duration,
}

/// A pipeline that is shut down when dropped.
#[derive(Debug)]
pub(super) struct RunningPipeline {
    pub(super) pipeline: gst::Pipeline,
    camera: CameraId,
    shutdowns: Arc<PipelineShutdowns>,
}

impl RunningPipeline {
    /// An empty pipeline. An error when too many of the camera's earlier ones hang.
    pub(super) fn new(shutdowns: &Arc<PipelineShutdowns>, camera: &CameraId) -> Result<Self, SourceError> {
        shutdowns.check(camera)?;
        Ok(Self { pipeline: gst::Pipeline::new(), camera: camera.clone(), shutdowns: shutdowns.clone() })
    }

    /// Adds an element, without links.
    pub(super) fn add(&self, element: &gst::Element) -> Result<(), SourceError> {
        self.pipeline.add(element).map_err(|_| build_error(&format!("{} cannot be added", element.name())))
    }

    /// Starts the pipeline and watches it. Ok: it was stopped as asked. `no_video` reports that the camera offers no stream that
    /// can be used.
    pub(super) async fn run(
        &self,
        session: &CameraSession,
        limits: &ConnectionLimits,
        stop: &CancellationToken,
        no_video: impl Fn() -> bool,
    ) -> Result<(), SourceError> {
        let bus = self.pipeline.bus().ok_or_else(|| build_error("the pipeline has no bus"))?;
        let mut messages = bus.stream_filtered(&[gst::MessageType::Error, gst::MessageType::Eos]);
        self.pipeline.set_state(gst::State::Playing).map_err(|_| build_error("the pipeline does not start"))?;
        let started = Instant::now();
        let mut check = tokio::time::interval(CHECK_INTERVAL);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                message = messages.next() => return Err(error_of(message.as_ref(), limits, &no_video)),
                _ = check.tick() => {
                    let (pictures, silence, url) = (session.pictures(), session.silence(), || limits.url.clone());
                    if pictures == 0 && started.elapsed() > limits.open_timeout {
                        // Not earlier: streams are offered one by one, and the video may come after the sound.
                        if no_video() {
                            return Err(SourceError::NoVideo { url: url() });
                        }
                        return Err(SourceError::OpenTimedOut { url: url(), after: limits.open_timeout });
                    }
                    if pictures > 0 && silence > limits.stall_timeout {
                        let (url, after) = (url(), limits.stall_timeout);
                        if session.waits_for_key_frame() {
                            return Err(SourceError::NoKeyFrame { url, after });
                        }
                        return Err(SourceError::Stalled { url, after });
                    }
                }
            }
        }
    }

    /// Shuts the pipeline down on a thread of its own, and waits for it only up to a deadline.
    pub(super) async fn shut_down(self) {
        let (shutdowns, camera) = (self.shutdowns.clone(), self.camera.clone());
        shutdowns.run(&camera, move || drop(self)).await;
    }
}

impl Drop for RunningPipeline {
    fn drop(&mut self) {
        // An element cannot refuse this state, and there is nothing left to do if one did.
        self.pipeline.set_state(gst::State::Null).ok();
    }
}

fn error_of(message: Option<&gst::Message>, limits: &ConnectionLimits, no_video: &impl Fn() -> bool) -> SourceError {
    let url = limits.url.clone();
    if no_video() {
        return SourceError::NoVideo { url };
    }
    match message.map(|message| message.view()) {
        Some(gst::MessageView::Error(error)) => {
            let debug = error.debug().unwrap_or_default();
            // The text begins with a file and line of GStreamer's source; what happened comes last.
            let detail = debug.rsplit(": ").next().unwrap_or_default().trim().replace('\n', " ");
            let problem = format!("{} ({detail})", error.error());
            SourceError::Stream { url, problem }
        }
        _ => SourceError::Ended { url },
    }
}
