//! Writes how far a file is published, so that a restart goes on there however many records of others follow, and after Kafka has deleted
//! the frames ([why](../../../../docs/decisions/0054-positions-of-files.md)).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::channel::oneshot;
use tokio_util::sync::CancellationToken;
use vru_proto::CameraId;
use vru_proto::v1::{FilePosition, FrameId};
use vru_runtime::kafka::TopicId;
use vru_runtime::report::chain;
use vru_runtime::retry::{Backoff, BackoffConfig, Retryable as _};

use super::report::SharedReport;
use crate::metrics;
use crate::publisher::{FramePublisher, LastPublished, PublishError, Reply};
use crate::waits::Waiting;

/// How often the position is written while the file is published.
const INTERVAL: Duration = Duration::from_secs(1);

/// Records the position of one file. What it writes is never ahead of what Kafka has acknowledged.
pub(super) struct PositionRecorder<'a> {
    publisher: &'a dyn FramePublisher,
    camera: &'a CameraId,
    session: u64,
    /// The topic that the frames are published to.
    topic: TopicId,
    /// The last frame that Kafka has acknowledged.
    last: Option<LastPublished>,
    written_at: Option<Instant>,
    /// A position is on its way. So no more than one of a file waits in the producer.
    is_writing: Arc<AtomicBool>,
    /// How many frames the recorded position covers: the sequence of its frame and 1.
    recorded: Arc<AtomicU64>,
    /// What is known of the file so far.
    report: SharedReport,
}

impl<'a> PositionRecorder<'a> {
    /// `last` is what Kafka holds of the file already.
    pub(super) fn new(
        publisher: &'a dyn FramePublisher,
        camera: &'a CameraId,
        session: u64,
        topic: TopicId,
        last: Option<LastPublished>,
        report: SharedReport,
    ) -> Self {
        let recorded = last.filter(|last| last.is_recorded).map_or(0, |last| last.sequence + 1);
        let (is_writing, recorded) = (Arc::default(), Arc::new(AtomicU64::new(recorded)));
        Self { publisher, camera, session, topic, last, written_at: None, is_writing, recorded, report }
    }

    /// The topic that the frames are published to.
    pub(super) fn topic(&self) -> TopicId {
        self.topic
    }

    /// Kafka has acknowledged this frame and all before it.
    pub(super) fn acknowledged(&mut self, last: LastPublished) {
        self.last = Some(last);
        self.write_if_due();
    }

    /// Writes the position from time to time, and waits for nothing. A position that is lost costs a restart some reading, and the next one
    /// makes up for it.
    pub(super) fn write_if_due(&mut self) {
        let is_due = self.written_at.is_none_or(|at| at.elapsed() >= INTERVAL);
        let Some(last) = self.unrecorded().filter(|_| is_due) else { return };
        if self.is_writing.swap(true, Ordering::AcqRel) {
            return;
        }
        self.written_at = Some(Instant::now());
        let (is_writing, recorded, camera) = (self.is_writing.clone(), self.recorded.clone(), self.camera.clone());
        let reply = Reply::new(move |outcome| {
            match outcome {
                Ok(_) => drop(recorded.fetch_max(last.sequence + 1, Ordering::AcqRel)),
                Err(error) => report(&camera, &error),
            }
            is_writing.store(false, Ordering::Release);
        });
        if let Err(error) = self.publisher.record(self.position(&last), reply) {
            self.is_writing.store(false, Ordering::Release);
            report(self.camera, &error);
        }
    }

    /// Writes the position of the last frame until Kafka has it; false when stopped before.
    pub(super) async fn finish(&self, waiting: &Waiting, backoff: BackoffConfig, stop: &CancellationToken) -> bool {
        let Some(last) = self.unrecorded() else { return true };
        let mut backoff = Backoff::new(backoff);
        waiting.on("Kafka to acknowledge how far it is published");
        loop {
            let error = tokio::select! {
                () = stop.cancelled() => return false,
                written = self.write(&last) => match written {
                    Ok(()) => return true,
                    Err(error) => error,
                },
            };
            report(self.camera, &error);
            let what = format!("Kafka to accept how far it is published: {}", chain(&error));
            if error.is_retryable() {
                waiting.on(&what);
            } else {
                waiting.on_fault(&what);
            }
            if !backoff.wait(stop).await {
                return false;
            }
        }
    }

    /// The last acknowledged frame, if the recorded position is behind it.
    fn unrecorded(&self) -> Option<LastPublished> {
        self.last.filter(|last| last.sequence >= self.recorded.load(Ordering::Acquire))
    }

    async fn write(&self, last: &LastPublished) -> Result<(), PublishError> {
        let (outcome, written) = oneshot::channel();
        // The future may have been dropped.
        let reply = Reply::new(move |result| drop(outcome.send(result)));
        self.publisher.record(self.position(last), reply)?;
        written.await.unwrap_or(Err(PublishError::Closed)).map(drop)
    }

    fn position(&self, last: &LastPublished) -> FilePosition {
        let (camera_id, session) = (self.camera.to_string(), self.session);
        FilePosition {
            frame_id: Some(FrameId { camera_id, session, sequence: last.sequence }),
            end_of_stream: last.end_of_stream,
            topic_id: self.topic.to_bytes().to_vec(),
            partition: last.delivered.partition,
            offset: last.delivered.offset,
            expected_frames: self.report.get().expected_frames.unwrap_or_default(),
        }
    }
}

fn report(camera: &CameraId, error: &PublishError) {
    metrics::position_fault(camera.as_str(), metrics::WRITE);
    tracing::debug!(%camera, error = %chain(error), "the position of a file was not written");
}
