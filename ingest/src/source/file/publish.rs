//! Publishes the frames of a file only as fast as its consumers process it, so that Kafka still retains every frame when they read it.
//!
//! Exactly-once processing downstream rests on three things: a frame's identity never changes; the Kafka producer is idempotent
//! and keeps the order; and after a restart the file is continued behind the last frame that is on Kafka
//! ([`FramePublisher::last_published`]).

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use vru_proto::v1::Frame;
use vru_runtime::report::chain;
use vru_runtime::retry::BackoffConfig;

use super::position::PositionRecorder;
use crate::config::FileConfig;
use crate::error::SourceError;
use crate::metrics;
use crate::publisher::{Behind, Delivered, FramePublisher, LastPublished, PublishError};
use crate::waits::Waiting;

/// Most frames that are sent and not yet acknowledged by Kafka.
const MAX_IN_FLIGHT: usize = 16;
/// How often the committed offsets are read when the whole file is published.
const LAST_POLL_INTERVAL: Duration = Duration::from_secs(1);

fn publish_error(sequence: u64, error: PublishError) -> SourceError {
    SourceError::Publish { sequence, source: Box::new(error) }
}

/// A frame in flight, for the case that Kafka refuses it: everything but its payload.
type InFlight = BoxFuture<'static, (Frame, usize, Result<Delivered, PublishError>)>;

/// Publishes frames while no more than `file.max_lag` frames and `file.max_lag_bytes` bytes are ahead of the consumers.
pub(super) struct FilePublisher<'a> {
    config: &'a FileConfig,
    publisher: &'a dyn FramePublisher,
    camera: &'a str,
    positions: PositionRecorder<'a>,
    in_flight: FuturesOrdered<InFlight>,
    /// Acknowledged frames that the consumers have not committed yet, with their payload bytes.
    unconsumed: VecDeque<(Delivered, usize)>,
    /// Payload bytes of `in_flight` and `unconsumed`.
    bytes_ahead: usize,
    /// Frames that Kafka refused since the last one that was sent.
    refused: u32,
    /// The last frame of the file, if Kafka refused it.
    refused_end: Option<Frame>,
    waiting: Waiting,
}

impl<'a> FilePublisher<'a> {
    pub(super) fn new(
        config: &'a FileConfig,
        publisher: &'a dyn FramePublisher,
        camera: &'a str,
        positions: PositionRecorder<'a>,
        waiting: Waiting,
    ) -> Self {
        let (in_flight, unconsumed) = (FuturesOrdered::new(), VecDeque::new());
        Self {
            config,
            publisher,
            camera,
            positions,
            in_flight,
            unconsumed,
            bytes_ahead: 0,
            refused: 0,
            refused_end: None,
            waiting,
        }
    }

    /// True when all frames are on Kafka; false when stopped before. `before_end` runs before the last frame is sent, and stops this with
    /// false.
    pub(super) async fn run(
        &mut self,
        path: &str,
        mut frames: mpsc::Receiver<Result<Frame, SourceError>>,
        before_end: impl Future<Output = bool>,
        stop: &CancellationToken,
    ) -> Result<bool, SourceError> {
        let mut complete = false;
        let mut before_end = Some(before_end);
        loop {
            self.waiting.on("the next frame of the file: it is being read and decoded");
            let frame = tokio::select! {
                () = stop.cancelled() => return Ok(false),
                frame = frames.recv() => frame,
            };
            let Some(frame) = frame else { break };
            let frame = frame?;
            self.waiting.moved();
            complete = frame.end_of_stream;
            if complete
                && let Some(before_end) = before_end.take()
                && !before_end.await
            {
                return Ok(false);
            }
            if !self.wait_for_consumers(frame.payload.len(), stop).await? || !self.send(frame, stop).await? {
                return Ok(false);
            }
        }
        if !complete {
            return Err(SourceError::ReaderEnded { path: path.to_owned() });
        }
        self.waiting.on("Kafka to acknowledge its last frames");
        loop {
            while !self.in_flight.is_empty() {
                tokio::select! {
                    () = stop.cancelled() => return Ok(false),
                    acknowledged = self.next_acknowledgement() => acknowledged?,
                }
            }
            let Some(end) = self.refused_end.take() else { return Ok(true) };
            if !self.send_end(end, stop).await? {
                return Ok(false);
            }
        }
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
                self.waiting.on("Kafka to acknowledge its frames");
                tokio::select! {
                    () = stop.cancelled() => return Ok(false),
                    acknowledged = self.next_acknowledgement() => acknowledged?,
                }
                continue;
            }
            if self.forget_consumed().await? {
                continue;
            }
            // The file may stand still for long, and Kafka may delete the frames meanwhile.
            self.positions.write_if_due();
            tokio::select! {
                () = stop.cancelled() => return Ok(false),
                () = tokio::time::sleep(self.config.poll_interval) => {}
            }
        }
    }

    /// Waits until Kafka has the position of the last frame; false when stopped before.
    pub(super) async fn record_end(&mut self, backoff: BackoffConfig, stop: &CancellationToken) -> bool {
        self.positions.finish(&self.waiting, backoff, stop).await
    }

    /// Says that the file is done, and counts what its end lacks.
    pub(super) fn ended(&self, what_it_gave: String, lost_at_end: u64) {
        self.waiting.ended(what_it_gave);
        self.count_lost(lost_at_end);
    }

    /// Waits until the consumers have the last frame, or until stopped. Before that, the topic may be deleted with frames that nobody read.
    pub(super) async fn wait_until_consumed(&mut self, stop: &CancellationToken) -> Result<(), SourceError> {
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
            Ok(consumed) if consumed.topic != self.positions.topic() => return Err(SourceError::TopicRecreated),
            Ok(consumed) => {
                self.wait_for(consumed.behind.as_ref());
                consumed.up_to.unwrap_or(i64::MAX)
            }
            Err(error) => {
                tracing::debug!(error = %chain(&error), "cannot read the consumers' committed offsets");
                self.waiting.on(&format!("Kafka to tell what its consumers have processed: {}", chain(&error)));
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
        let moved = self.unconsumed.len() < before;
        if moved {
            self.waiting.moved();
        }
        Ok(moved)
    }

    fn wait_for(&self, behind: Option<&Behind>) {
        let Some(Behind { group, has_committed }) = behind else { return };
        let frames = self.unconsumed.len();
        if *has_committed {
            self.waiting.on(&format!("the consumer group `{group}` to process {frames} frames"));
        } else {
            self.waiting.on_fault(&format!(
                "the consumer group `{group}` (file.consumer_groups), which has processed nothing of this topic: check its name, \
                 and that its service runs"
            ));
        }
    }

    /// Counts frames of the file that cannot be decoded.
    fn count_lost(&self, frames: u64) {
        if frames > 0 {
            metrics::RECEIVED.with_label_values(&[self.camera]).inc_by(frames);
            metrics::dropped(self.camera, metrics::DAMAGED, frames);
        }
    }

    /// Sends a frame, and waits while the producer's queue is full; false when stopped.
    async fn send(&mut self, mut frame: Frame, stop: &CancellationToken) -> Result<bool, SourceError> {
        let lost = u64::from(frame.dropped_before);
        frame.dropped_before = frame.dropped_before.saturating_add(self.refused);
        loop {
            let (sent, bytes) = (frame.clone(), frame.payload.len());
            match self.publisher.send_acknowledged(sent) {
                Ok(acknowledgement) => {
                    // Counted only now: after a stop, a frame that was not sent is read from the file again.
                    self.count_lost(lost);
                    metrics::RECEIVED.with_label_values(&[self.camera]).inc();
                    self.refused = 0;
                    self.bytes_ahead += bytes;
                    frame.payload = Bytes::new();
                    self.in_flight.push_back(Box::pin(async move { (frame, bytes, acknowledgement.await) }));
                    return Ok(true);
                }
                Err(PublishError::QueueFull) => {}
                Err(error @ PublishError::TooLarge { .. }) => {
                    self.count_lost(lost);
                    metrics::RECEIVED.with_label_values(&[self.camera]).inc();
                    self.refuse(frame, &error, false);
                    return Ok(true);
                }
                Err(error) => return Err(publish_error(sequence(&frame), error)),
            }
            self.waiting.on("room in the producer's queue: Kafka does not accept frames");
            tokio::select! {
                () = stop.cancelled() => return Ok(false),
                () = tokio::time::sleep(self.config.poll_interval) => {}
            }
        }
    }

    /// Kafka never accepts this frame: it is counted, and the file goes on.
    fn refuse(&mut self, frame: Frame, error: &PublishError, later_ones_are_sent: bool) {
        tracing::warn!(sequence = sequence(&frame), error = %chain(error), "frame of the file dropped");
        // Later frames that are sent already do not tell of it: then inference counts the gap.
        if !later_ones_are_sent {
            metrics::dropped(self.camera, error.reason(), 1);
            self.refused = frame.dropped_before.saturating_add(1);
        }
        self.refused_end = frame.end_of_stream.then_some(frame);
    }

    /// Sends the end of the file without its picture; false when stopped.
    async fn send_end(&mut self, end: Frame, stop: &CancellationToken) -> Result<bool, SourceError> {
        // The picture itself is one of the refused frames.
        let end = Frame { payload: Bytes::new(), dropped_before: self.refused.saturating_sub(1), ..end };
        loop {
            match self.publisher.send_acknowledged(end.clone()) {
                Ok(acknowledgement) => {
                    self.in_flight.push_back(Box::pin(async move { (end, 0, acknowledgement.await) }));
                    return Ok(true);
                }
                Err(PublishError::QueueFull) => {}
                Err(error) => return Err(publish_error(sequence(&end), error)),
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(false),
                () = tokio::time::sleep(self.config.poll_interval) => {}
            }
        }
    }

    async fn next_acknowledgement(&mut self) -> Result<(), SourceError> {
        let Some((frame, bytes, result)) = self.in_flight.next().await else { return Ok(()) };
        let delivered = match result {
            Ok(delivered) => delivered,
            Err(error @ PublishError::TooLarge { .. }) => {
                self.bytes_ahead -= bytes;
                let later_ones_are_sent = !self.in_flight.is_empty();
                self.refuse(frame, &error, later_ones_are_sent);
                return Ok(());
            }
            Err(error) => return Err(publish_error(sequence(&frame), error)),
        };
        self.waiting.moved();
        let (sequence, end_of_stream) = (sequence(&frame), frame.end_of_stream);
        self.positions.acknowledged(LastPublished { sequence, end_of_stream, delivered, is_recorded: false });
        if bytes > 0 {
            metrics::SENT.with_label_values(&[self.camera]).inc();
            metrics::SENT_BYTES.with_label_values(&[self.camera]).inc_by(bytes as u64);
        }
        if self.config.consumer_groups.is_empty() {
            self.bytes_ahead -= bytes;
        } else {
            self.unconsumed.push_back((delivered, bytes));
        }
        Ok(())
    }
}

fn sequence(frame: &Frame) -> u64 {
    frame.id.as_ref().map_or(0, |id| id.sequence)
}
