//! A running pipeline: it is watched until it fails, stalls or is stopped, and then taken down on every way out.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use gstreamer as gst;
use gstreamer::prelude::*;
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;

use super::Outlet;
use super::branch::build_error;
use crate::error::SourceError;

/// How long a pipeline that is taken down is waited for.
const TAKE_DOWN: Duration = Duration::from_secs(3);
/// Pipelines that are being taken down at a time. Past this, cameras wait: each that hangs costs a thread and a socket.
static TAKE_DOWNS: Semaphore = Semaphore::const_new(256);

/// How often silence is measured.
const LOOK: Duration = Duration::from_millis(100);

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

    /// Takes it down on a thread of its own: saying goodbye to a camera may take a moment, and with one that stopped within an
    /// answer GStreamer 1.22 waits until that camera closes the connection. It is not waited for longer than a moment, unless
    /// there are many such already.
    pub(super) async fn stop(self) {
        let (done_tx, done) = oneshot::channel();
        let take_down = move || {
            drop(self);
            // Nobody may be waiting any more.
            done_tx.send(()).ok();
        };
        let Ok(hanging) = TAKE_DOWNS.acquire().await else { return };
        let taking = move || {
            let _hanging = hanging;
            take_down();
        };
        if let Err(error) = std::thread::Builder::new().name("take-down".to_owned()).spawn(taking) {
            tracing::error!(%error, "a pipeline was taken down where it was");
        } else if tokio::time::timeout(TAKE_DOWN, done).await.is_err() {
            tracing::warn!(after = ?TAKE_DOWN, "a pipeline hangs while it is taken down, going on without it");
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
