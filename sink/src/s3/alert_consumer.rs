//! Consumes `vru.alerts`, and handles its records concurrently. Snapshots and clips are consumers of their own, because a clip waits for
//! frames to come and a snapshot must not wait for clips.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use vru_proto::v1;
use vru_proto::validate::read_alert;
use vru_runtime::kafka::{Committer, ConsumerOptions, Event, GroupConsumer, Partition, Record};
use vru_runtime::report::chain;

use super::commit_tracker::CommitTracker;
use super::config::S3Config;
use super::context::S3Context;
use crate::error::SinkError;
use crate::metrics::{ERRORS, RECEIVED, S3_SINK};
use crate::supervise::{blocking, leave};

/// Handles alerts.
pub(crate) trait AlertHandler: Send + Sync + 'static {
    /// True when the alert is done, or when nothing can be done with it; false if cancelled.
    fn handle(&self, alert: v1::Alert, timestamp_ms: Option<i64>) -> impl Future<Output = bool> + Send;
}

/// How alerts are consumed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AlertConsumer {
    /// The name of the consumer group.
    pub(crate) group: fn(&S3Config) -> String,
    /// From this number of alerts in flight on, no more are fetched. Those that were fetched before still come.
    pub(crate) max_in_flight: usize,
    /// How long stopping waits for the alerts in flight. Those that are left are read again after the next start.
    pub(crate) drain_deadline: Duration,
}

impl AlertConsumer {
    /// Runs until shutdown. `handler` makes the handler of one membership, which ends when the token is cancelled.
    pub(crate) async fn run<H: AlertHandler>(self, context: &S3Context, handler: impl Fn(CancellationToken) -> H) {
        context.run_until_shutdown(|| self.run_once(context, &handler)).await;
    }

    async fn run_once<H: AlertHandler>(
        self,
        context: &S3Context,
        handler: impl Fn(CancellationToken) -> H,
    ) -> Result<(), SinkError> {
        let topic = context.kafka.topics().alerts;
        let mut options = ConsumerOptions::new(&(self.group)(&context.config), &[&topic]);
        options.capacity = 16;
        let mut group = context.join(&options).await?;
        context.ready.ready();
        let cancel = context.shutdown.hard.child_token();
        // However the membership ends, no handler continues without it.
        let _cancel_handlers = cancel.clone().drop_guard();
        let result = Membership {
            limits: self,
            committer: group.committer(),
            handler: Arc::new(handler(cancel)),
            tracker: CommitTracker::default(),
            in_flight: JoinSet::new(),
            paused: BTreeSet::new(),
        }
        .consume(&mut group, &context.shutdown.soft)
        .await;
        leave(group).await?;
        result
    }
}

/// A record that was handled.
struct Handled {
    partition: Partition,
    offset: i64,
    done: bool,
}

/// One membership of the consumer group.
struct Membership<H> {
    limits: AlertConsumer,
    committer: Committer,
    handler: Arc<H>,
    tracker: CommitTracker,
    in_flight: JoinSet<Handled>,
    /// Partitions that are not fetched, because there is no room.
    paused: BTreeSet<Partition>,
}

impl<H: AlertHandler> Membership<H> {
    async fn consume(mut self, group: &mut GroupConsumer, soft: &CancellationToken) -> Result<(), SinkError> {
        let mut stopping = false;
        loop {
            tokio::select! {
                biased;
                () = soft.cancelled(), if !stopping => {
                    stopping = true;
                    self.drain().await?;
                    group.stop();
                }
                Some(handled) = self.in_flight.join_next() => {
                    let next = self.finish(handled.map_err(SinkError::Blocking)?);
                    if let Some(next) = next {
                        self.committer.commit(&[next], false)?;
                    }
                    if self.in_flight.len() < self.limits.max_in_flight {
                        for partition in std::mem::take(&mut self.paused) {
                            group.resume(&partition);
                        }
                    }
                }
                event = group.next() => match event {
                    None if stopping => return Ok(()),
                    None => return Err(SinkError::MemberEnded),
                    Some(Event::Record(_)) if stopping => {}
                    Some(Event::Record(record)) => self.start(record, group),
                    Some(Event::Assigned(_)) => {}
                    Some(Event::Revoked(revocation)) => {
                        // Their handlers may finish: the next owner writes the same keys again.
                        for partition in &revocation.partitions {
                            self.tracker.remove(partition);
                            self.paused.remove(partition);
                        }
                    }
                },
            }
        }
    }

    fn start(&mut self, record: Record, group: &GroupConsumer) {
        RECEIVED.with_label_values(&[S3_SINK, &record.partition.topic]).inc();
        let Record { partition, offset, timestamp_ms, payload, .. } = record;
        self.tracker.start(&partition, offset);
        let alert = payload.and_then(|payload| parse(payload, &partition, offset));
        let handler = self.handler.clone();
        let handled = partition.clone();
        self.in_flight.spawn(async move {
            let done = match alert {
                Some(alert) => handler.handle(alert, timestamp_ms).await,
                None => true,
            };
            Handled { partition: handled, offset, done }
        });
        if self.in_flight.len() >= self.limits.max_in_flight && self.paused.insert(partition.clone()) {
            group.pause(&partition);
        }
    }

    /// The offset to commit, if it changed.
    fn finish(&mut self, handled: Handled) -> Option<(Partition, i64)> {
        let Handled { partition, offset, done } = handled;
        let next = if done { self.tracker.done(&partition, offset) } else { None };
        next.map(|next| (partition, next))
    }

    /// Waits for the handlers until the deadline, aborts the others, and commits what is done.
    async fn drain(&mut self) -> Result<(), SinkError> {
        let until = tokio::time::Instant::now() + self.limits.drain_deadline;
        let mut commits = Vec::new();
        while let Ok(Some(handled)) = tokio::time::timeout_at(until, self.in_flight.join_next()).await {
            commits.extend(self.finish(handled.map_err(SinkError::Blocking)?));
        }
        if !self.in_flight.is_empty() {
            tracing::info!(alerts = self.in_flight.len(), "alerts in flight will be handled after the next start");
            self.in_flight.shutdown().await;
        }
        let committer = self.committer.clone();
        // The last commit of a partition covers those before it.
        let last: BTreeMap<Partition, i64> = commits.into_iter().collect();
        blocking(move || committer.commit(&last.into_iter().collect::<Vec<_>>(), true)).await??;
        Ok(())
    }
}

fn parse(payload: Bytes, partition: &Partition, offset: i64) -> Option<v1::Alert> {
    match read_alert(payload) {
        Ok((_, alert)) => Some(alert),
        Err(error) => {
            // The postgres sink sends it to the dead-letter topic.
            ERRORS.with_label_values(&[S3_SINK, "read an alert"]).inc();
            tracing::warn!(%partition, offset, error = %chain(&error), "unreadable alert");
            None
        }
    }
}
