//! The consumer of `vru.alerts`. Alerts are handled concurrently: each waits for the seconds after it before its clip is made.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use vru_proto::names::{clip_key, snapshot_key};
use vru_proto::v1;
use vru_proto::validate::read_alert;
use vru_runtime::kafka::{ConsumerOptions, Event, GroupConsumer, KafkaConfig, Partition, Record};
use vru_runtime::report::chain;

use super::clip::{ClipWindow, make_clip};
use super::commit_tracker::CommitTracker;
use super::config::ClipConfig;
use super::context::S3Context;
use super::uploader::{ObjectKind, Uploader};
use crate::error::SinkError;
use crate::metrics::{CLIPS, ERRORS, RECEIVED, S3_SINK, STORED_ALERTS};
use crate::supervise::leave;

/// Alerts in flight. Each keeps its snapshot in memory.
const MAX_IN_FLIGHT: usize = 128;
/// How long stopping waits for uploads. Alerts that are in flight when stopping begins are read again after the next start.
const DRAIN_DEADLINE: Duration = Duration::from_secs(3);

/// Handlers in flight. Each returns its record's partition and offset, and whether the record is done.
type Handlers = JoinSet<(Partition, i64, bool)>;

/// Runs until shutdown.
pub(crate) async fn run(context: &S3Context) {
    context.run_until_shutdown(|| run_once(context)).await;
}

/// One membership of the consumer group.
async fn run_once(context: &S3Context) -> Result<(), SinkError> {
    let topic = context.kafka.topics().alerts;
    let mut options = ConsumerOptions::new(&context.config.alerts_group(), &[&topic]);
    options.capacity = 16;
    let mut group = context.join(&options).await?;
    let result = consume(context, &mut group).await;
    leave(group).await?;
    result
}

async fn consume(context: &S3Context, group: &mut GroupConsumer) -> Result<(), SinkError> {
    context.ready.ready();
    let committer = group.committer();
    let soft = context.shutdown.soft.clone();
    let handler = Arc::new(AlertHandler {
        clip: context.config.clip.clone(),
        kafka: context.kafka.clone(),
        uploader: context.uploader.clone(),
        clip_permits: Semaphore::new(context.config.clip.concurrency),
        cancel: context.shutdown.hard.child_token(),
    });
    // However this function ends, no handler continues without it.
    let _cancel_handlers = handler.cancel.clone().drop_guard();
    let mut tracker = CommitTracker::default();
    let mut handlers = Handlers::new();
    let mut stopping = false;
    loop {
        tokio::select! {
            biased;
            () = soft.cancelled(), if !stopping => {
                stopping = true;
                drain(&mut handlers).await;
                group.stop();
            }
            Some(done) = handlers.join_next() => {
                let (partition, offset, done) = done.map_err(SinkError::Blocking)?;
                let next = if done { tracker.done(&partition, offset) } else { None };
                if let Some(next) = next {
                    committer.commit(&[(partition, next)], false)?;
                }
            }
            event = group.next(), if handlers.len() < MAX_IN_FLIGHT => match event {
                None => return Ok(()),
                Some(Event::Record(_)) if stopping => {}
                Some(Event::Record(record)) => {
                    RECEIVED.with_label_values(&[S3_SINK, &record.partition.topic]).inc();
                    tracker.start(&record.partition, record.offset);
                    let handler = handler.clone();
                    handlers.spawn(async move {
                        let done = handler.handle(&record).await;
                        (record.partition, record.offset, done)
                    });
                }
                Some(Event::Assigned(_)) => {}
                Some(Event::Revoked(revocation)) => {
                    // Their handlers may finish: the next owner writes the same keys again.
                    revocation.partitions.iter().for_each(|partition| tracker.remove(partition));
                }
            },
        }
    }
}

/// Waits for the handlers until the deadline, and aborts the others: most of them wait for frames still to come.
async fn drain(handlers: &mut Handlers) {
    let drained = async { while handlers.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN_DEADLINE, drained).await.is_err() {
        tracing::info!(alerts = handlers.len(), "alerts in flight will be handled after the next start");
        handlers.shutdown().await;
    }
}

/// Writes the snapshot and the clip of an alert.
struct AlertHandler {
    clip: ClipConfig,
    kafka: KafkaConfig,
    uploader: Uploader,
    clip_permits: Semaphore,
    cancel: CancellationToken,
}

impl AlertHandler {
    /// True when the record is done, or when nothing can be done with it; false if cancelled.
    async fn handle(&self, record: &Record) -> bool {
        let alert = match record.payload.clone().map(read_alert) {
            Some(Ok((_, alert))) => alert,
            Some(Err(error)) => {
                // The postgres sink sends it to the dead-letter topic.
                ERRORS.with_label_values(&[S3_SINK, "read an alert"]).inc();
                tracing::warn!(partition = %record.partition, offset = record.offset, error = %chain(&error), "unreadable alert");
                return true;
            }
            None => return true,
        };
        if !self.store_snapshot(&alert).await {
            return false;
        }
        STORED_ALERTS.with_label_values(&[S3_SINK]).inc();
        !self.clip.enabled || self.store_clip(&alert, record.timestamp_ms).await
    }

    async fn store_snapshot(&self, alert: &v1::Alert) -> bool {
        if alert.snapshot.is_empty() {
            return true;
        }
        // The key is always derived from the alert: a record must not choose which object it overwrites.
        let key = snapshot_key(alert.captured_at_us, &alert.camera_id, &alert.id);
        if !alert.snapshot_key.is_empty() && alert.snapshot_key != key {
            tracing::warn!(alert = alert.id, key, ignored = alert.snapshot_key, "alert has an unexpected snapshot key");
        }
        self.uploader.upload(ObjectKind::Snapshot, &key, alert.snapshot.clone(), &self.cancel).await
    }

    async fn store_clip(&self, alert: &v1::Alert, published_ms: Option<i64>) -> bool {
        let window = ClipWindow::around(alert, published_ms, &self.clip);
        tokio::select! {
            () = tokio::time::sleep(window.remaining()) => {}
            () = self.cancel.cancelled() => return false,
        }
        let permit = tokio::select! {
            permit = self.clip_permits.acquire() => permit,
            () = self.cancel.cancelled() => return false,
        };
        let made = tokio::select! {
            made = make_clip(&self.kafka, &window, &self.clip) => made,
            () = self.cancel.cancelled() => return false,
        };
        drop(permit);
        match made {
            Ok(Some(mp4)) => {
                let key = clip_key(alert.captured_at_us, &alert.camera_id, &alert.id);
                let written = self.uploader.upload(ObjectKind::Clip, &key, mp4, &self.cancel).await;
                if written {
                    CLIPS.with_label_values(&["written"]).inc();
                }
                written
            }
            Ok(None) => {
                CLIPS.with_label_values(&["no frames"]).inc();
                tracing::info!(alert = alert.id, camera = alert.camera_id, "no frames in Kafka for the clip");
                true
            }
            Err(error) => {
                // Not retried: a clip that fails once would probably fail again, and the alert's snapshot is stored.
                CLIPS.with_label_values(&["failed"]).inc();
                tracing::warn!(alert = alert.id, camera = alert.camera_id, error = %chain(&error), "cannot make the clip");
                true
            }
        }
    }
}
