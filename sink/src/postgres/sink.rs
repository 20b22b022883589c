//! The run loop: batches stored one after the other, positions taken over and given up with the group's rebalances.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use vru_runtime::admin::ReadyFlag;
use vru_runtime::clock::now_us;
use vru_runtime::dead_letter::DeadLetters;
use vru_runtime::kafka::{
    Assignment, Committer, ConsumerOptions, GroupConsumer, KafkaConfig, Partition, StartAt, Topics, watermarks,
};
use vru_runtime::report::chain;
use vru_runtime::retry::Backoff;
use vru_runtime::service::ServiceContext;
use vru_runtime::shutdown::Shutdown;

use super::config::PostgresConfig;
use super::error::PostgresError;
use super::gather::{Gatherer, Work};
use super::maintenance;
use super::migrate::migrate;
use super::positions::{Claim, Consumer};
use super::records::{isolate, spans};
use super::service::Service;
use super::write::{Value, Written};
use crate::batch::{Item, next_offsets};
use crate::error::SinkError;
use crate::metrics::{
    DUPLICATE_ALERTS, DUPLICATE_FRAMES, ERRORS, FENCED, LATENCY_SECONDS, MISSED, STORED_ALERTS, STORED_DETECTIONS,
    STORED_FRAMES, WRITE_SECONDS,
};
use crate::supervise::{Supervisor, blocking, cluster_id};

pub(super) const SINK: &str = "postgres";
/// How long the group waits for a take-over, and Kafka for its offsets.
const REBALANCE_DEADLINE: Duration = Duration::from_secs(10);

/// Runs until shutdown. Failures are retried for ever; `/ready` says which.
pub(crate) async fn run(config: PostgresConfig, kafka: KafkaConfig, context: ServiceContext) -> anyhow::Result<()> {
    let ready = context.readiness.part(SINK);
    let stop = context.shutdown.soft.clone();
    let mut supervisor = Supervisor::new(SINK, &ready, config.retry, &stop);
    if config.migrate {
        while supervisor.again(apply_migrations(&config).await).await {}
    }
    let maintenance = tokio::spawn(maintenance::run(config.clone(), stop.clone()));
    let letters = DeadLetters::new(&kafka, "vru-sink-postgres")?;
    while !stop.is_cancelled()
        && supervisor.again(Box::pin(run_once(&config, &kafka, &letters, &context.shutdown, &ready)).await).await
    {}
    maintenance.await?;
    ready.not_ready("stopped");
    Ok(())
}

async fn apply_migrations(config: &PostgresConfig) -> Result<(), SinkError> {
    let applied = migrate(config).await?;
    tracing::info!(?applied, "the database is migrated");
    Ok(())
}

async fn run_once(
    config: &PostgresConfig,
    kafka: &KafkaConfig,
    letters: &DeadLetters,
    shutdown: &Shutdown,
    ready: &ReadyFlag,
) -> Result<(), SinkError> {
    let consumer = Consumer {
        cluster_id: cluster_id(kafka).await?,
        name: config.group.clone(),
        owner: format!("{}:{}", hostname(), std::process::id()),
    };
    let mut service = Service::new(config.clone(), consumer);
    service.connect().await?;
    let topics = kafka.topics();
    let mut options = ConsumerOptions::new(&config.group, &[&topics.detections, &topics.alerts]);
    options.capacity = 1_024;
    options.choose_start = true;
    options.rebalance_deadline = REBALANCE_DEADLINE;
    let mut group = GroupConsumer::start(kafka, &options)?;
    let (gatherer, work) = Gatherer::new(topics.clone(), letters, shutdown, config.batch);
    let mut sink = Sink {
        config,
        kafka,
        topics,
        service,
        claims: BTreeMap::new(),
        committer: group.committer(),
        shutdown: shutdown.clone(),
        ready: ready.clone(),
    };
    let result = {
        let gathering = pin!(gatherer.run(&mut group));
        let mut writing = pin!(sink.run(work));
        tokio::select! {
            result = &mut writing => result,
            // Its end closes the channel: what it handed over is still written.
            () = gathering => writing.await,
        }
    };
    drop(sink);
    // Leaving the group joins the poll thread: not on an async worker.
    blocking(move || drop(group)).await?;
    result
}

struct Sink<'a> {
    config: &'a PostgresConfig,
    kafka: &'a KafkaConfig,
    topics: Topics,
    service: Service,
    claims: BTreeMap<Partition, Claim>,
    /// The positions that count are in the database; Kafka is told them for those who watch the group's lag.
    committer: Committer,
    shutdown: Shutdown,
    ready: ReadyFlag,
}

impl Sink<'_> {
    /// Until no more work comes.
    async fn run(&mut self, mut work: mpsc::Receiver<Work>) -> Result<(), SinkError> {
        self.ready.ready();
        while let Some(work) = work.recv().await {
            match work {
                Work::Assigned(assignment) => self.assigned(assignment).await?,
                Work::Batch(items) => self.store(items).await?,
                // Whoever has them now has raised their epochs, or will.
                Work::Revoked(revocation) if revocation.lost => return Err(SinkError::Lost),
                Work::Revoked(revocation) => self.claims.retain(|held, _| !revocation.partitions.contains(held)),
            }
        }
        Ok(())
    }

    async fn assigned(&mut self, assignment: Assignment) -> Result<(), SinkError> {
        let claims = self.service.take_over(&assignment.partitions).await?;
        let mut starts = Vec::new();
        let known = claims.values().any(|claim| claim.next_offset.is_some());
        let held = if known { self.watermarks().await? } else { BTreeMap::new() };
        for (partition, claim) in claims {
            let start = match (claim.next_offset, held.get(&partition)) {
                (None, _) => StartAt::Beginning,
                (Some(next), Some(&(_, high))) if next > high => {
                    tracing::error!(%partition, next, high, "the topic ends before the stored position: it was made anew");
                    self.service.forget(&partition, claim).await?;
                    StartAt::Beginning
                }
                (Some(next), Some(&(low, _))) if next < low => {
                    tracing::error!(%partition, missed = low - next, "Kafka deleted records that were not stored yet");
                    MISSED.with_label_values(&[SINK, &partition.topic]).inc_by((low - next) as u64);
                    StartAt::Offset(low)
                }
                (Some(next), _) => StartAt::Offset(next),
            };
            tracing::info!(%partition, epoch = claim.epoch, ?start, "took over");
            self.claims.insert(partition.clone(), claim);
            starts.push((partition, start));
        }
        if assignment.start_at(starts) { Ok(()) } else { Err(SinkError::LateStart) }
    }

    async fn watermarks(&self) -> Result<BTreeMap<Partition, (i64, i64)>, SinkError> {
        let (kafka, topics) = (self.kafka.clone(), [self.topics.detections.clone(), self.topics.alerts.clone()]);
        let read = blocking(move || {
            let lists = topics.iter().map(|topic| watermarks(&kafka, topic, REBALANCE_DEADLINE / 3));
            lists.collect::<Result<Vec<_>, _>>()
        });
        Ok(read.await??.into_iter().flatten().map(|(partition, low, high)| (partition, (low, high))).collect())
    }

    /// Writes a batch, trying until it is stored, until another consumer owns it, or until shutdown is hard.
    async fn store(&mut self, items: Vec<Item<Value>>) -> Result<(), SinkError> {
        if let Some(item) = items.iter().find(|item| !self.claims.contains_key(&item.partition)) {
            return Err(SinkError::NotOurs { partition: item.partition.clone() });
        }
        let mut backoff = Backoff::new(self.config.retry);
        // A stack of parts: a part whose data is refused is halved until the record at fault is found.
        let mut parts = vec![items];
        while let Some(items) = parts.pop() {
            let spans = spans(&items);
            let started = Instant::now();
            match self.service.write(&self.claims, &items).await {
                Ok(written) => {
                    WRITE_SECONDS.with_label_values(&[SINK]).observe(started.elapsed().as_secs_f64());
                    count(&written, &items);
                    let next: Vec<_> = next_offsets(&items).into_iter().collect();
                    if let Err(error) = self.committer.commit(&next, false) {
                        tracing::debug!(error = %chain(&error), "Kafka was not told the position");
                    }
                    self.ready.ready();
                    backoff.reset();
                }
                Err(error @ PostgresError::Fenced { .. }) => {
                    FENCED.with_label_values(&[SINK]).inc();
                    return Err(error.into());
                }
                Err(error) if error.is_data() => {
                    tracing::error!(records = items.len(), error = %chain(&error), "PostgreSQL refuses the data");
                    parts.extend(isolate(items));
                }
                Err(error) => {
                    let error = SinkError::from(error);
                    ERRORS.with_label_values(&[SINK, error.operation()]).inc();
                    let why = format!("{}{}", chain(&error), error.advice());
                    tracing::warn!(why, attempt = backoff.attempts(), "a batch could not be stored, trying again");
                    self.ready.not_ready(why);
                    parts.push(items);
                    if !backoff.wait(&self.shutdown.hard).await {
                        return Err(error);
                    }
                }
            }
            drop(spans);
        }
        Ok(())
    }
}

fn count(written: &Written, items: &[Item<Value>]) {
    STORED_FRAMES.with_label_values(&[SINK]).inc_by(written.frames);
    STORED_DETECTIONS.with_label_values(&[SINK]).inc_by(written.detections);
    STORED_ALERTS.with_label_values(&[SINK]).inc_by(written.alerts);
    DUPLICATE_FRAMES.with_label_values(&[SINK]).inc_by(written.duplicate_frames);
    DUPLICATE_ALERTS.with_label_values(&[SINK]).inc_by(written.duplicate_alerts);
    let now = now_us();
    let latency = LATENCY_SECONDS.with_label_values(&[SINK]);
    for item in items {
        if let Value::Frame { detections, .. } = &item.value {
            latency.observe((now - detections.captured_at_us).max(0) as f64 / 1e6);
        }
    }
}

fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "unknown".to_owned() } else { name.trim().to_owned() }
}
