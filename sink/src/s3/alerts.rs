//! The run loop for alerts: each is a small job (its picture, then its clip) among others; offsets follow the jobs done.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use vru_proto::names::{clip_key, snapshot_key};
use vru_proto::v1;
use vru_proto::validate::read_alert;
use vru_runtime::admin::ReadyFlag;
use vru_runtime::kafka::{ConsumerOptions, Event, GroupConsumer, KafkaConfig, Partition, Record};
use vru_runtime::report::chain;
use vru_runtime::shutdown::Shutdown;

use super::clip;
use super::commits::Commits;
use super::config::S3Config;
use super::store::{Kind, Store};
use crate::error::SinkError;
use crate::metrics::{CLIPS, ERRORS, RECEIVED, STORED_ALERTS};
use crate::supervise::{Supervisor, blocking};

const SINK: &str = "s3";
/// Alerts whose clips wait for the seconds after them. Each holds its picture.
const MAX_JOBS: usize = 128;
/// How long stopping waits for pictures that are being written; clips are made again after the next start.
const DRAIN_DEADLINE: Duration = Duration::from_secs(3);

/// The consumer of `vru.alerts`.
pub(crate) struct Consumer {
    pub(crate) config: S3Config,
    pub(crate) kafka: KafkaConfig,
    pub(crate) store: Store,
    pub(crate) shutdown: Shutdown,
    pub(crate) ready: ReadyFlag,
}

impl Consumer {
    pub(crate) async fn run(&self) {
        let soft = &self.shutdown.soft;
        let mut supervisor = Supervisor::new(SINK, &self.ready, self.config.retry, soft);
        while !soft.is_cancelled() && supervisor.again(self.run_once().await).await {}
        self.ready.not_ready("stopped");
    }

    async fn run_once(&self) -> Result<(), SinkError> {
        self.store.check().await?;
        let topic = self.kafka.topics().alerts;
        let mut options = ConsumerOptions::new(&format!("{}-alerts", self.config.group), &[&topic]);
        options.capacity = 16;
        let mut group = GroupConsumer::start(&self.kafka, &options)?;
        let result = self.consume(&mut group).await;
        blocking(move || drop(group)).await?;
        result
    }

    async fn consume(&self, group: &mut GroupConsumer) -> Result<(), SinkError> {
        self.ready.ready();
        let committer = group.committer();
        let soft = self.shutdown.soft.clone();
        let worker = Arc::new(Worker {
            config: self.config.clone(),
            kafka: self.kafka.clone(),
            store: self.store.clone(),
            ready: self.ready.clone(),
            clips: Semaphore::new(self.config.clip.concurrency),
            cancel: self.shutdown.hard.child_token(),
        });
        // However this ends, no job goes on without it.
        let _cancel_jobs = worker.cancel.clone().drop_guard();
        let mut commits = Commits::default();
        let mut jobs: JoinSet<(Partition, i64, bool)> = JoinSet::new();
        let mut stopping = false;
        loop {
            tokio::select! {
                biased;
                () = soft.cancelled(), if !stopping => {
                    stopping = true;
                    self.drain(&mut jobs).await;
                    group.stop();
                }
                Some(done) = jobs.join_next() => {
                    let (partition, offset, done) = done.map_err(SinkError::Blocking)?;
                    let next = if done { commits.done(&partition, offset) } else { None };
                    if let Some(next) = next {
                        committer.commit(&[(partition, next)], false)?;
                    }
                }
                event = group.next(), if jobs.len() < MAX_JOBS => match event {
                    None => return Ok(()),
                    Some(Event::Record(_)) if stopping => {}
                    Some(Event::Record(record)) => {
                        RECEIVED.with_label_values(&[SINK, &record.partition.topic]).inc();
                        commits.start(&record.partition, record.offset);
                        let worker = worker.clone();
                        jobs.spawn(async move {
                            let done = worker.work(&record).await;
                            (record.partition, record.offset, done)
                        });
                    }
                    Some(Event::Assigned(_)) => {}
                    Some(Event::Revoked(revocation)) => {
                        // Their jobs may end: the next owner writes the same names again.
                        revocation.partitions.iter().for_each(|partition| commits.forget(partition));
                    }
                },
            }
        }
    }

    /// Gives the jobs a moment; whoever waits for seconds that are still to come is not waited for.
    async fn drain(&self, jobs: &mut JoinSet<(Partition, i64, bool)>) {
        let waited = tokio::time::timeout(DRAIN_DEADLINE, async { while jobs.join_next().await.is_some() {} }).await;
        if waited.is_err() {
            tracing::info!(alerts = jobs.len(), "clips that are not made yet are made after the next start");
            jobs.shutdown().await;
        }
    }
}

/// What a job needs.
struct Worker {
    config: S3Config,
    kafka: KafkaConfig,
    store: Store,
    ready: ReadyFlag,
    clips: Semaphore,
    cancel: CancellationToken,
}

impl Worker {
    /// True when the record is done with, also when nothing can be done with it.
    async fn work(&self, record: &Record) -> bool {
        let alert = match record.payload.clone().map(read_alert) {
            Some(Ok((_, alert))) => alert,
            Some(Err(error)) => {
                // The postgres sink sends it to the dead letters.
                ERRORS.with_label_values(&[SINK, "read an alert"]).inc();
                tracing::warn!(partition = %record.partition, offset = record.offset, error = %chain(&error), "not an alert");
                return true;
            }
            None => return true,
        };
        if !self.snapshot(&alert).await {
            return false;
        }
        STORED_ALERTS.with_label_values(&[SINK]).inc();
        !self.config.clip.enabled || self.clip(&alert, record.timestamp_ms).await
    }

    async fn snapshot(&self, alert: &v1::Alert) -> bool {
        if alert.snapshot.is_empty() {
            return true;
        }
        // Always the agreed name: a record must not choose which object it overwrites.
        let key = snapshot_key(alert.captured_at_us, &alert.camera_id, &alert.id);
        if !alert.snapshot_key.is_empty() && alert.snapshot_key != key {
            tracing::warn!(alert = alert.id, key = alert.snapshot_key, "the alert names another object than agreed");
        }
        self.store.put(Kind::Snapshot, &key, alert.snapshot.clone(), &self.ready, &self.cancel).await
    }

    async fn clip(&self, alert: &v1::Alert, published_ms: Option<i64>) -> bool {
        let window = clip::Window::around(alert, published_ms, &self.config.clip);
        tokio::select! {
            () = tokio::time::sleep(window.until_over()) => {}
            () = self.cancel.cancelled() => return false,
        }
        let permit = tokio::select! {
            permit = self.clips.acquire() => permit,
            () = self.cancel.cancelled() => return false,
        };
        let made = tokio::select! {
            made = clip::make(&self.kafka, &window, &self.config.clip) => made,
            () = self.cancel.cancelled() => return false,
        };
        drop(permit);
        match made {
            Ok(Some(mp4)) => {
                let key = clip_key(alert.captured_at_us, &alert.camera_id, &alert.id);
                let written = self.store.put(Kind::Clip, &key, mp4, &self.ready, &self.cancel).await;
                if written {
                    CLIPS.with_label_values(&["written"]).inc();
                }
                written
            }
            Ok(None) => {
                CLIPS.with_label_values(&["no frames"]).inc();
                tracing::info!(alert = alert.id, camera = alert.camera_id, "Kafka holds no frames for the clip");
                true
            }
            Err(error) => {
                // The alert and its picture are what matters; a clip that fails once would fail again.
                CLIPS.with_label_values(&["failed"]).inc();
                tracing::warn!(alert = alert.id, camera = alert.camera_id, error = %chain(&error), "no clip was made");
                true
            }
        }
    }
}
