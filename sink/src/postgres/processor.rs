//! Processes the work in order: takes over assigned partitions, stores batches one after the other, and releases revoked
//! partitions.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use vru_runtime::admin::ReadyFlag;
use vru_runtime::clock::now_us;
use vru_runtime::dead_letter::DeadLetters;
use vru_runtime::kafka::{Assignment, Committer, KafkaConfig, Partition, StartAt, Topics, watermarks};
use vru_runtime::latency::{since_capture, since_publication};
use vru_runtime::report::chain;
use vru_runtime::retry::Backoff;
use vru_runtime::shutdown::Shutdown;
use vru_storage::postgres::DatabaseError;

use super::config::PostgresConfig;
use super::gather::Work;
use super::parse::{ParsedRecord, store_spans};
use super::positions::Claim;
use super::transaction::Written;
use super::writer::PostgresWriter;
use crate::batch::{Item, next_offsets};
use crate::error::SinkError;
use crate::metrics::{
    DELETED_RECORDS, DUPLICATE_ALERTS, DUPLICATE_FRAMES, ENDED_ALERTS, ERRORS, FENCED, LAG_SECONDS, LATENCY_SECONDS,
    MISSED, POSTGRES_SINK, RECREATED, STORED_ALERTS, STORED_DETECTIONS, STORED_FRAMES, STORED_PASSAGES, STORED_TRACKS,
    WRITE_SECONDS,
};
use crate::supervise::blocking;

/// How long a rebalance waits for the batch of a revoked partition to be stored. Reading the start offsets has a third of it.
pub(super) const REBALANCE_DEADLINE: Duration = Duration::from_secs(10);

pub(super) struct Processor<'a> {
    config: &'a PostgresConfig,
    kafka: &'a KafkaConfig,
    topics: Topics,
    writer: PostgresWriter,
    claims: BTreeMap<Partition, Claim>,
    /// Positions are valid in the database only; they are also committed to Kafka so that the group's lag can be monitored.
    committer: Committer,
    dead_letters: DeadLetters,
    shutdown: Shutdown,
    ready: ReadyFlag,
}

impl<'a> Processor<'a> {
    pub(super) fn new(
        config: &'a PostgresConfig,
        kafka: &'a KafkaConfig,
        writer: PostgresWriter,
        committer: Committer,
        dead_letters: &DeadLetters,
        shutdown: &Shutdown,
        ready: &ReadyFlag,
    ) -> Self {
        Self {
            config,
            kafka,
            topics: kafka.topics(),
            writer,
            claims: BTreeMap::new(),
            committer,
            dead_letters: dead_letters.clone(),
            shutdown: shutdown.clone(),
            ready: ready.clone(),
        }
    }

    /// Returns when the channel of work is closed.
    pub(super) async fn run(&mut self, mut work: mpsc::Receiver<Work>) -> Result<(), SinkError> {
        self.ready.ready();
        while let Some(work) = work.recv().await {
            match work {
                Work::Assigned(assignment) => self.assigned(assignment).await?,
                Work::Batch(items) => self.store(items).await?,
                // The new owner increments the epochs, so nothing is to be done for these partitions.
                Work::Revoked(revocation) if revocation.lost => return Err(SinkError::Lost),
                Work::Revoked(revocation) => self.claims.retain(|held, _| !revocation.partitions.contains(held)),
            }
        }
        Ok(())
    }

    async fn assigned(&mut self, assignment: Assignment) -> Result<(), SinkError> {
        // PostgreSQL may have been away for long. To take over what belongs to another member by now would fence that one.
        let (committer, owned) = (self.committer.clone(), self.committer.owned(&assignment));
        let topics = blocking(move || committer.take_over(&owned, REBALANCE_DEADLINE / 3)).await??;
        let claims = self.writer.take_over(&topics).await?;
        let mut starts = Vec::new();
        let any_stored = claims.values().any(|claim| claim.next_offset.is_some());
        let bounds = if any_stored { self.watermarks().await? } else { BTreeMap::new() };
        for (partition, mut claim) in claims {
            if claim.recreated {
                RECREATED.with_label_values(&[POSTGRES_SINK, &partition.topic]).inc();
                tracing::error!(%partition, "the topic was deleted and created again: the new one is read from its beginning");
            }
            let start = match (claim.next_offset, bounds.get(&partition)) {
                (None, _) => StartAt::Beginning,
                (Some(next), Some(&(_, high))) if next > high => {
                    RECREATED.with_label_values(&[POSTGRES_SINK, &partition.topic]).inc();
                    tracing::error!(%partition, next, high, "stored position is beyond the topic's end: the topic lost its records, or was created again by a broker without topic ids");
                    self.writer.forget(&partition, claim).await?;
                    claim.next_offset = None;
                    StartAt::Beginning
                }
                (Some(next), Some(&(low, _))) if next < low => {
                    tracing::error!(%partition, missed = low - next, "Kafka deleted records before they were stored");
                    MISSED.with_label_values(&[POSTGRES_SINK, &partition.topic]).inc_by((low - next) as u64);
                    StartAt::Offset(low)
                }
                (Some(next), _) => StartAt::Offset(next),
            };
            tracing::info!(%partition, epoch = claim.epoch, ?start, "took over partition");
            self.claims.insert(partition.clone(), claim);
            starts.push((partition, start));
        }
        if assignment.start_at(starts) { Ok(()) } else { Err(SinkError::MemberEnded) }
    }

    async fn watermarks(&self) -> Result<BTreeMap<Partition, (i64, i64)>, SinkError> {
        let (kafka, topics) = (self.kafka.clone(), [self.topics.detections.clone(), self.topics.alerts.clone()]);
        let read = blocking(move || {
            let lists = topics.iter().map(|topic| watermarks(&kafka, topic, REBALANCE_DEADLINE / 3));
            lists.collect::<Result<Vec<_>, _>>()
        });
        Ok(read.await??.into_iter().flatten().map(|(partition, low, high)| (partition, (low, high))).collect())
    }

    /// Writes a batch. Retries until it is stored, another consumer owns a partition, or the shutdown is hard.
    async fn store(&mut self, items: Vec<Item<ParsedRecord>>) -> Result<(), SinkError> {
        if let Some(item) = items.iter().find(|item| !self.claims.contains_key(&item.partition)) {
            return Err(SinkError::NotAssigned { partition: item.partition.clone() });
        }
        let mut backoff = Backoff::new(self.config.retry);
        // A stack of parts. If PostgreSQL refuses the values of a part, the part is halved until the bad record is found. Each part
        // is a transaction of its own, with its positions.
        let mut parts = vec![items];
        while let Some(items) = parts.pop() {
            let spans = store_spans(&items);
            let started = Instant::now();
            match self.writer.write(&self.claims, &items).await {
                Ok(written) => {
                    WRITE_SECONDS.with_label_values(&[POSTGRES_SINK]).observe(started.elapsed().as_secs_f64());
                    count(&written, &items);
                    let next: Vec<_> = next_offsets(&items).into_iter().collect();
                    for (partition, next) in &next {
                        if let Some(claim) = self.claims.get_mut(partition) {
                            claim.next_offset = claim.next_offset.max(Some(*next));
                        }
                    }
                    if let Err(error) = self.committer.commit(&next, false) {
                        tracing::debug!(error = %chain(&error), "cannot commit the position to Kafka");
                    }
                    self.ready.ready();
                    backoff.reset();
                }
                Err(error @ SinkError::Fenced { .. }) => {
                    FENCED.with_label_values(&[POSTGRES_SINK]).inc();
                    return Err(error);
                }
                Err(error @ SinkError::WentBack { .. }) => return Err(error),
                Err(SinkError::Database(error)) if error.is_refusal() => {
                    if self.shutdown.hard.is_cancelled() || !self.isolate(items, &error, &mut parts).await {
                        return Err(error.into());
                    }
                }
                Err(error) => {
                    ERRORS.with_label_values(&[POSTGRES_SINK, error.operation()]).inc();
                    let why = format!("{}{}", chain(&error), error.advice());
                    tracing::warn!(why, attempt = backoff.attempts(), "cannot store a batch, retrying");
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

    /// Pushes two halves, of which the first is popped first. A single record becomes a dead letter, and only its position is
    /// stored; false if that was cancelled.
    async fn isolate(&self, mut items: Vec<Item<ParsedRecord>>, error: &DatabaseError, parts: &mut Parts) -> bool {
        if let [item] = items.as_mut_slice() {
            if let Some(record) = item.value.record() {
                ERRORS.with_label_values(&[POSTGRES_SINK, "refused"]).inc();
                if !self.dead_letters.send(record, "refused", &error.refusal(), &self.shutdown.hard).await {
                    return false;
                }
            }
            item.value = ParsedRecord::Skipped;
            parts.push(items);
        } else {
            let second = items.split_off(items.len() / 2);
            parts.extend([second, items]);
        }
        true
    }
}

type Parts = Vec<Vec<Item<ParsedRecord>>>;

fn count(written: &Written, items: &[Item<ParsedRecord>]) {
    let labels = &[POSTGRES_SINK];
    STORED_FRAMES.with_label_values(labels).inc_by(written.frames);
    STORED_DETECTIONS.with_label_values(labels).inc_by(written.detections);
    STORED_TRACKS.with_label_values(labels).inc_by(written.tracks);
    STORED_ALERTS.with_label_values(labels).inc_by(written.alerts);
    STORED_PASSAGES.with_label_values(labels).inc_by(written.passages);
    DUPLICATE_FRAMES.with_label_values(labels).inc_by(written.duplicate_frames);
    ENDED_ALERTS.with_label_values(labels).inc_by(written.ended_alerts);
    DUPLICATE_ALERTS.with_label_values(labels).inc_by(written.duplicate_alerts);
    DELETED_RECORDS.with_label_values(&[POSTGRES_SINK, "frame"]).inc_by(written.deleted_frames);
    DELETED_RECORDS.with_label_values(&[POSTGRES_SINK, "alert"]).inc_by(written.deleted_alerts);
    let now = now_us();
    let (latency, lag) = (LATENCY_SECONDS.with_label_values(labels), LAG_SECONDS.with_label_values(labels));
    for item in items {
        if let Some(published_at_ms) = item.value.record().and_then(|record| record.timestamp_ms)
            && let Some(passed) = since_publication(POSTGRES_SINK, published_at_ms, now)
        {
            lag.observe(passed.as_secs_f64());
        }
        if let ParsedRecord::Frame { detections, .. } = &item.value
            && let Some(passed) = since_capture(POSTGRES_SINK, detections.captured_at_us, now)
        {
            latency.observe(passed.as_secs_f64());
        }
    }
}
