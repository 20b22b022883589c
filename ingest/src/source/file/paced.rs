//! A file in the service: it goes on only as fast as its consumers, so that no frame is lost between them and the file.
//!
//! Exactly once downstream rests on three things: a frame's identity never changes, Kafka's producer is idempotent and in
//! order, and after a restart the file goes on behind the last frame that is on Kafka ([`Publisher::last_published`]).

use std::collections::VecDeque;

use futures::StreamExt as _;
use futures::stream::FuturesOrdered;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use vru_proto::v1::{FileSource, Frame};
use vru_runtime::report::chain;

use super::{FileFrames, FileOptions, identity};
use crate::config::FileConfig;
use crate::error::SourceError;
use crate::metrics;
use crate::publisher::{Delivered, PublishError, Publisher, Sending};
use crate::source::Connection;

/// Frames on their way to Kafka.
const IN_FLIGHT: usize = 16;

/// Publishes the file, then waits to be stopped (Ok).
pub async fn stream(
    source: &FileSource,
    connection: &Connection,
    publisher: &dyn Publisher,
    stop: &CancellationToken,
) -> Result<(), SourceError> {
    let mut options = FileOptions::new(connection.camera.clone(), source, connection.plan.clone());
    let identity = identity::of(&options)?;
    // Fixed now: a file that is changed while it is read would change its identity.
    (options.session, options.start_time_us) = (identity.session, identity.start_time_us);
    let before = publisher.last_published(&connection.camera, identity.session).await;
    let before = before.map_err(|error| publish_error(0, error))?;
    options.skip = before.map_or(0, |before| before.sequence + 1);
    if !before.is_some_and(|before| before.end_of_stream) {
        tracing::info!(path = source.path, session = identity.session, from = options.skip, "reading the file");
        let mut feed = Feed::new(&connection.config.file, publisher, connection.camera.as_str());
        if !feed.run(read(options), stop).await? {
            return Ok(());
        }
    }
    tracing::info!(path = source.path, session = identity.session, "the file is published");
    stop.cancelled().await;
    Ok(())
}

fn publish_error(sequence: u64, error: PublishError) -> SourceError {
    SourceError::Publish { sequence, source: Box::new(error) }
}

/// Reads on a thread of its own; the channel is as short as can be.
fn read(options: FileOptions) -> mpsc::Receiver<Result<Frame, SourceError>> {
    let (frames_tx, frames) = mpsc::channel(2);
    tokio::task::spawn_blocking(move || match FileFrames::open(&options) {
        Ok(frames) => {
            for frame in frames {
                if frames_tx.blocking_send(frame).is_err() {
                    return;
                }
            }
        }
        // Nobody listens any more when this fails.
        Err(error) => drop(frames_tx.blocking_send(Err(error))),
    });
    frames
}

/// What is on its way, and what the consumers have not reached yet.
struct Feed<'a> {
    config: &'a FileConfig,
    publisher: &'a dyn Publisher,
    camera: &'a str,
    sending: FuturesOrdered<futures::future::BoxFuture<'static, Answer>>,
    ahead: VecDeque<(Delivered, usize)>,
    ahead_bytes: usize,
}

type Answer = (u64, usize, Result<Delivered, PublishError>);

impl<'a> Feed<'a> {
    fn new(config: &'a FileConfig, publisher: &'a dyn Publisher, camera: &'a str) -> Self {
        let (sending, ahead) = (FuturesOrdered::new(), VecDeque::new());
        Self { config, publisher, camera, sending, ahead, ahead_bytes: 0 }
    }

    /// True when all frames are on Kafka; false when stopped before.
    async fn run(
        &mut self,
        mut frames: mpsc::Receiver<Result<Frame, SourceError>>,
        stop: &CancellationToken,
    ) -> Result<bool, SourceError> {
        loop {
            let frame = tokio::select! {
                () = stop.cancelled() => return Ok(false),
                frame = frames.recv() => frame,
            };
            let Some(frame) = frame else { break };
            let frame = frame?;
            if !self.make_room(frame.payload.len(), stop).await? || !self.send(frame, stop).await? {
                return Ok(false);
            }
        }
        while !self.sending.is_empty() {
            tokio::select! {
                () = stop.cancelled() => return Ok(false),
                settled = self.settle() => settled?,
            }
        }
        Ok(true)
    }

    /// Waits until the consumers are near enough for `bytes` more.
    async fn make_room(&mut self, bytes: usize, stop: &CancellationToken) -> Result<bool, SourceError> {
        loop {
            let frames = self.ahead.len() + self.sending.len();
            // A frame that is larger than the bound by itself must still pass, alone.
            let fits = frames == 0 || self.ahead_bytes + bytes <= self.config.max_lag_bytes;
            if frames < self.config.max_lag && fits && self.sending.len() < IN_FLIGHT {
                return Ok(true);
            }
            if !self.sending.is_empty() {
                tokio::select! {
                    () = stop.cancelled() => return Ok(false),
                    settled = self.settle() => settled?,
                }
                continue;
            }
            if self.catch_up().await {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(false),
                () = tokio::time::sleep(self.config.poll_interval) => {}
            }
        }
    }

    /// Forgets what the consumers have reached; false when that was nothing.
    async fn catch_up(&mut self) -> bool {
        let Some((first, _)) = self.ahead.front() else { return false };
        let reached = match self.publisher.committed(first.partition).await {
            Ok(reached) => reached.unwrap_or(i64::MAX),
            Err(error) => {
                tracing::debug!(error = %chain(&error), "cannot ask for the consumers' offsets");
                return false;
            }
        };
        let before = self.ahead.len();
        while let Some((delivered, bytes)) = self.ahead.front()
            && delivered.offset < reached
        {
            self.ahead_bytes -= bytes;
            self.ahead.pop_front();
        }
        self.ahead.len() < before
    }

    async fn send(&mut self, frame: Frame, stop: &CancellationToken) -> Result<bool, SourceError> {
        let (sequence, bytes) = (frame.id.as_ref().map_or(0, |id| id.sequence), frame.payload.len());
        let sending: Sending = loop {
            match self.publisher.send(frame.clone()) {
                Ok(sending) => break sending,
                Err(PublishError::QueueFull) => {}
                Err(error) => return Err(publish_error(sequence, error)),
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(false),
                () = tokio::time::sleep(self.config.poll_interval) => {}
            }
        };
        // Not before: a frame that a stop leaves in the file was not taken in.
        metrics::RECEIVED.with_label_values(&[self.camera]).inc();
        self.ahead_bytes += bytes;
        self.sending.push_back(Box::pin(async move { (sequence, bytes, sending.await) }));
        Ok(true)
    }

    async fn settle(&mut self) -> Result<(), SourceError> {
        let Some((sequence, bytes, answer)) = self.sending.next().await else { return Ok(()) };
        let delivered = answer.map_err(|error| publish_error(sequence, error))?;
        metrics::SENT.with_label_values(&[self.camera]).inc();
        metrics::SENT_BYTES.with_label_values(&[self.camera]).inc_by(bytes as u64);
        if self.config.consumer_groups.is_empty() {
            self.ahead_bytes -= bytes;
        } else {
            self.ahead.push_back((delivered, bytes));
        }
        Ok(())
    }
}
