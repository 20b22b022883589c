//! A running pipeline: it is watched until it fails, stalls or is stopped, and then taken down on every way out.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use gstreamer as gst;
use gstreamer::prelude::*;
use tokio_util::sync::CancellationToken;

use super::Outlet;
use super::branch::build_error;
use crate::error::SourceError;

/// How often silence is measured.
const LOOK: Duration = Duration::from_millis(100);

/// How long taking a pipeline down may hold up the next connection.
const GOODBYE: Duration = Duration::from_secs(5);

/// The limits of a connection.
#[derive(Debug)]
pub(super) struct Limits {
    /// Where, for errors.
    pub(super) url: String,
    /// From the start to the first picture.
    pub(super) open: Duration,
    /// Between pictures.
    pub(super) stall: Duration,
}

/// A pipeline that is taken down when dropped.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) pipeline: gst::Pipeline,
}

impl Running {
    pub(super) fn new() -> Self {
        Self { pipeline: gst::Pipeline::new() }
    }

    /// Starts it and watches. Ok: it was stopped as asked.
    pub(super) async fn watch(
        &self,
        outlet: &Outlet,
        limits: &Limits,
        stop: &CancellationToken,
        no_video: impl Fn() -> bool,
    ) -> Result<(), SourceError> {
        let bus = self.pipeline.bus().ok_or_else(|| build_error("the pipeline has no bus"))?;
        let mut messages = bus.stream_filtered(&[gst::MessageType::Error, gst::MessageType::Eos]);
        self.pipeline.set_state(gst::State::Playing).map_err(|_| build_error("the pipeline does not start"))?;
        let started = Instant::now();
        let mut look = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                message = messages.next() => return Err(ended(message.as_ref(), limits, &no_video)),
                _ = look.tick() => {
                    let silence = outlet.silence();
                    if outlet.pictures() == 0 && started.elapsed() > limits.open {
                        // Only now: streams are offered one by one, and the video may come after the sound.
                        if no_video() {
                            return Err(SourceError::NoVideo { url: limits.url.clone() });
                        }
                        return Err(SourceError::OpenTimedOut { url: limits.url.clone(), after: limits.open });
                    }
                    if outlet.pictures() > 0 && silence > limits.stall {
                        return Err(SourceError::Stalled { after: limits.stall });
                    }
                }
            }
        }
    }

    /// Takes it down where blocking is allowed: saying goodbye to a camera may take a moment. One that does not come down is
    /// left to its thread, so that the camera can be opened again.
    pub(super) async fn stop(self) {
        match tokio::time::timeout(GOODBYE, tokio::task::spawn_blocking(move || drop(self))).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => tracing::warn!("taking a pipeline down panicked"),
            Err(_) => tracing::error!(after_s = GOODBYE.as_secs(), "a pipeline does not come down and is left behind"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Going down cannot be refused, and there is nothing left to do if it were.
        self.pipeline.set_state(gst::State::Null).ok();
    }
}

fn ended(message: Option<&gst::Message>, limits: &Limits, no_video: &impl Fn() -> bool) -> SourceError {
    let url = limits.url.clone();
    if no_video() {
        return SourceError::NoVideo { url };
    }
    match message.map(|message| message.view()) {
        Some(gst::MessageView::Error(error)) => {
            let debug = error.debug().unwrap_or_default();
            // The detail holds file and line of GStreamer's code first, then what happened.
            let detail = debug.rsplit(": ").next().unwrap_or_default().trim().replace('\n', " ");
            let problem = format!("{} ({detail})", error.error());
            if error.error().matches(gst::ResourceError::NotAuthorized) {
                return SourceError::Unauthorized { url, problem };
            }
            SourceError::Stream { url, problem }
        }
        _ => SourceError::Ended { url },
    }
}
