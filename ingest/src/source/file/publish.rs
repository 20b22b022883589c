//! Publishes a file only as fast as its consumers process it, so that Kafka still retains every frame when they read it.
//!
//! Exactly-once processing downstream rests on three things: a frame's identity never changes; the Kafka producer is idempotent
//! and keeps the order; and after a restart the file is continued behind the last frame that is on Kafka
//! ([`FramePublisher::last_published`]).

use std::collections::VecDeque;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use vru_proto::v1::{FileSource, Frame};
use vru_runtime::kafka::TopicId;
use vru_runtime::report::chain;

use super::frames::FileFrames;
use super::identity::Identity;
use super::options::FileOptions;
use crate::config::FileConfig;
use crate::error::SourceError;
use crate::metrics;
use crate::publisher::{Delivered, FramePublisher, PublishError};
use crate::source::SourceContext;

/// Most frames that are sent and not yet acknowledged by Kafka.
const MAX_IN_FLIGHT: usize = 16;
/// How often the committed offsets are read when the whole file is published.
const LAST_POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Publishes the file, then waits to be stopped (Ok).
pub async fn stream(
    source: &FileSource,
    context: &SourceContext,
    publisher: &dyn FramePublisher,
    stop: &CancellationToken,
) -> Result<(), SourceError> {
    let mut options = FileOptions::new(context.camera.clone(), source, context.plan.clone());
    let identity = Identity::of(&options)?;
    // Set explicitly now: if the file is changed while it is read, its derived identity would change.
    (options.session, options.start_time_us) = (identity.session, identity.start_time_us);
    let last = publisher.last_published(&context.camera, identity.session).await;
    let last = last.map_err(|error| SourceError::Resume(Box::new(error)))?;
    options.skip = last.map_or(0, |last| last.sequence + 1);
    // Whatever partition: only the topic's id matters.
    let consumed = publisher.consumed(0).await.map_err(|error| SourceError::Resume(Box::new(error)))?;
    if !last.is_some_and(|last| last.end_of_stream) {
        tracing::info!(path = source.path, session = identity.session, from = options.skip, "publishing video file");
        let mut file = FilePublisher::new(&context.config.file, publisher, context.camera.as_str(), consumed.topic);
        if !file.run(&source.path, read(options), stop).await? {
            return Ok(());
        }
        tracing::info!(path = source.path, session = identity.session, "video file is published completely");
        file.wait_until_consumed(stop).await?;
    }
    stop.cancelled().await;
    Ok(())
}

fn publish_error(sequence: u64, error: PublishError) -> SourceError {
    SourceError::Publish { sequence, source: Box::new(error) }
}

/// Reads on a thread of its own. The channel is short because the reader decodes ahead already.
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
        // Sending fails only when the file was stopped meanwhile.
        Err(error) => drop(frames_tx.blocking_send(Err(error))),
    });
    frames
}

/// A frame in flight: its sequence number, its payload bytes and the result.
type InFlight = BoxFuture<'static, (u64, usize, Result<Delivered, PublishError>)>;

/// Publishes frames while no more than `file.max_lag` frames and `file.max_lag_bytes` bytes are ahead of the consumers.
struct FilePublisher<'a> {
    config: &'a FileConfig,
    publisher: &'a dyn FramePublisher,
    camera: &'a str,
    /// The topic that the frames are published to.
    topic: TopicId,
    in_flight: FuturesOrdered<InFlight>,
    /// Acknowledged frames that the consumers have not committed yet, with their payload bytes.
    unconsumed: VecDeque<(Delivered, usize)>,
    /// Payload bytes of `in_flight` and `unconsumed`.
    bytes_ahead: usize,
}

impl<'a> FilePublisher<'a> {
    fn new(config: &'a FileConfig, publisher: &'a dyn FramePublisher, camera: &'a str, topic: TopicId) -> Self {
        let (in_flight, unconsumed) = (FuturesOrdered::new(), VecDeque::new());
        Self { config, publisher, camera, topic, in_flight, unconsumed, bytes_ahead: 0 }
    }

    /// True when all frames are on Kafka; false when stopped before.
    async fn run(
        &mut self,
        path: &str,
        mut frames: mpsc::Receiver<Result<Frame, SourceError>>,
        stop: &CancellationToken,
    ) -> Result<bool, SourceError> {
        let mut complete = false;
        loop {
            let frame = tokio::select! {
                () = stop.cancelled() => return Ok(false),
                frame = frames.recv() => frame,
            };
            let Some(frame) = frame else { break };
            let frame = frame?;
            complete = frame.end_of_stream;
            if !self.wait_for_consumers(frame.payload.len(), stop).await? || !self.send(frame, stop).await? {
                return Ok(false);
            }
        }
        if !complete {
            return Err(SourceError::ReaderEnded { path: path.to_owned() });
        }
        while !self.in_flight.is_empty() {
            tokio::select! {
                () = stop.cancelled() => return Ok(false),
                acknowledged = self.next_acknowledgement() => acknowledged?,
            }
        }
        Ok(true)
    }

    /// Waits until `bytes` more may be published; false when stopped.
    async fn wait_for_consumers(&mut self, bytes: usize, stop: &CancellationToken) -> Result<bool, SourceError> {
        loop {
            let frames = self.unconsumed.len() + self.in_flight.len();
            // A frame that is larger than the bound must still pass, alone.
            let fits = frames == 0 || self.bytes_ahead + bytes <= self.config.max_lag_bytes;
            if frames < self.config.max_lag && fits && self.in_flight.len() < MAX_IN_FLIGHT {
                return Ok(true);
            }
            if !self.in_flight.is_empty() {
                tokio::select! {
                    () = stop.cancelled() => return Ok(false),
                    acknowledged = self.next_acknowledgement() => acknowledged?,
                }
                continue;
            }
            if self.forget_consumed().await? {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(false),
                () = tokio::time::sleep(self.config.poll_interval) => {}
            }
        }
    }

    /// Waits until the consumers have the last frame, or until stopped. Before that, the topic may be deleted with frames that nobody read.
    async fn wait_until_consumed(&mut self, stop: &CancellationToken) -> Result<(), SourceError> {
        while !self.unconsumed.is_empty() {
            if self.forget_consumed().await? {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(LAST_POLL_INTERVAL) => {}
            }
        }
        Ok(())
    }

    /// Forgets the frames that all consumer groups have committed; false when there are none. An error if their topic is gone.
    async fn forget_consumed(&mut self) -> Result<bool, SourceError> {
        let Some((first, _)) = self.unconsumed.front() else { return Ok(false) };
        let committed = match self.publisher.consumed(first.partition).await {
            Ok(consumed) if consumed.topic != self.topic => return Err(SourceError::TopicRecreated),
            Ok(consumed) => consumed.up_to.unwrap_or(i64::MAX),
            Err(error) => {
                tracing::debug!(error = %chain(&error), "cannot read the consumers' committed offsets");
                return Ok(false);
            }
        };
        let before = self.unconsumed.len();
        while let Some((delivered, bytes)) = self.unconsumed.front()
            && delivered.offset < committed
        {
            self.bytes_ahead -= bytes;
            self.unconsumed.pop_front();
        }
        Ok(self.unconsumed.len() < before)
    }

    /// Sends a frame, and waits while the producer's queue is full; false when stopped.
    async fn send(&mut self, frame: Frame, stop: &CancellationToken) -> Result<bool, SourceError> {
        let (sequence, bytes) = (frame.id.as_ref().map_or(0, |id| id.sequence), frame.payload.len());
        let acknowledgement = loop {
            match self.publisher.send_acknowledged(frame.clone()) {
                Ok(acknowledgement) => break acknowledgement,
                Err(PublishError::QueueFull) => {}
                Err(error) => return Err(publish_error(sequence, error)),
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(false),
                () = tokio::time::sleep(self.config.poll_interval) => {}
            }
        };
        // Counted only now: after a stop, a frame that was not sent is read from the file again.
        metrics::RECEIVED.with_label_values(&[self.camera]).inc();
        self.bytes_ahead += bytes;
        self.in_flight.push_back(Box::pin(async move { (sequence, bytes, acknowledgement.await) }));
        Ok(true)
    }

    async fn next_acknowledgement(&mut self) -> Result<(), SourceError> {
        let Some((sequence, bytes, result)) = self.in_flight.next().await else { return Ok(()) };
        let delivered = result.map_err(|error| publish_error(sequence, error))?;
        metrics::SENT.with_label_values(&[self.camera]).inc();
        metrics::SENT_BYTES.with_label_values(&[self.camera]).inc_by(bytes as u64);
        if self.config.consumer_groups.is_empty() {
            self.bytes_ahead -= bytes;
        } else {
            self.unconsumed.push_back((delivered, bytes));
        }
        Ok(())
    }
}
