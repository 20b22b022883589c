//! The run loop for detections: segments open, cut, written, committed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use vru_proto::validate::{ReadError, read_detections};
use vru_runtime::admin::ReadyFlag;
use vru_runtime::clock::now_us;
use vru_runtime::dead_letter::DeadLetters;
use vru_runtime::kafka::{
    Assignment, Committer, ConsumerOptions, Event, GroupConsumer, KafkaConfig, KafkaFailure, Partition, Record,
    StartAt, watermarks,
};
use vru_runtime::report::chain;
use vru_runtime::shutdown::Shutdown;

use super::config::S3Config;
use super::keys::{parquet_key, short_cluster};
use super::parquet;
use super::segment::{Frame, Segment};
use super::store::{Kind, Store};
use crate::error::SinkError;
use crate::metrics::{ERRORS, LATENCY_SECONDS, MISSED, RECEIVED, STORED_DETECTIONS, STORED_FRAMES};
use crate::supervise::{Supervisor, blocking, cluster_id};

const SINK: &str = "s3";
const REBALANCE_DEADLINE: Duration = Duration::from_secs(15);
/// How long stopping may take to write what is open; what is not written then is read from Kafka again.
const LAST_CUTS_DEADLINE: Duration = Duration::from_secs(10);
/// In the note committed with a segment's first offset: where it ends.
const NOTE: &str = "cut=";

/// The consumer of `vru.detections`.
pub(crate) struct Consumer {
    pub(crate) config: S3Config,
    pub(crate) kafka: KafkaConfig,
    pub(crate) store: Store,
    pub(crate) letters: Option<DeadLetters>,
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
        let cluster = short_cluster(&cluster_id(&self.kafka).await?);
        self.store.check().await?;
        let topic = self.kafka.topics().detections;
        let mut options = ConsumerOptions::new(&format!("{}-detections", self.config.group), &[&topic]);
        options.capacity = 1_024;
        options.choose_start = true;
        options.rebalance_deadline = REBALANCE_DEADLINE;
        let mut group = GroupConsumer::start(&self.kafka, &options)?;
        let mut sink = Sink { consumer: self, cluster, topic, committer: group.committer(), open: BTreeMap::new() };
        let result = sink.run(&mut group).await;
        drop(sink);
        blocking(move || drop(group)).await?;
        result
    }
}

struct Sink<'a> {
    consumer: &'a Consumer,
    cluster: String,
    topic: String,
    committer: Committer,
    open: BTreeMap<Partition, Segment>,
}

impl Sink<'_> {
    async fn run(&mut self, group: &mut GroupConsumer) -> Result<(), SinkError> {
        self.consumer.ready.ready();
        let soft = self.consumer.shutdown.soft.clone();
        let mut stopping = false;
        let mut tick = tokio::time::interval((self.consumer.config.parquet.max_age / 4).min(Duration::from_secs(1)));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = soft.cancelled(), if !stopping => {
                    stopping = true;
                    group.stop();
                }
                _ = tick.tick(), if !stopping => self.cut_old().await?,
                event = group.next() => match event {
                    None => return Ok(()),
                    Some(Event::Record(_)) if stopping => {}
                    Some(Event::Record(record)) => self.take(&record).await?,
                    Some(Event::Assigned(assignment)) => self.assigned(assignment).await?,
                    Some(Event::Revoked(revocation)) if revocation.lost => return Err(SinkError::Lost),
                    Some(Event::Revoked(revocation)) => {
                        if stopping {
                            self.last_cuts(&revocation.partitions).await?;
                        }
                        // Open segments go with their partitions: the next owner gathers them again.
                        self.open.retain(|partition, _| !revocation.partitions.contains(partition));
                    }
                },
            }
        }
    }

    async fn assigned(&mut self, assignment: Assignment) -> Result<(), SinkError> {
        let (committer, partitions) = (self.committer.clone(), assignment.partitions.clone());
        let (kafka, topic) = (self.consumer.kafka.clone(), self.topic.clone());
        let read = blocking(move || {
            let committed = committer.committed(&partitions, REBALANCE_DEADLINE / 3)?;
            Ok::<_, KafkaFailure>((committed, watermarks(&kafka, &topic, REBALANCE_DEADLINE / 3)?))
        });
        let (committed, marks) = read.await??;
        let marks: BTreeMap<Partition, (i64, i64)> =
            marks.into_iter().map(|(partition, low, high)| (partition, (low, high))).collect();
        let mut starts = Vec::new();
        for (partition, offset, note) in committed {
            let (low, high) = marks.get(&partition).copied().unwrap_or_default();
            let end = note.strip_prefix(NOTE).and_then(|end| end.parse().ok());
            let segment = match offset {
                None => Segment::new(low, None),
                Some(offset) if offset > high => {
                    tracing::error!(%partition, offset, high, "the topic ends before the committed offset: it was made anew");
                    Segment::new(low, None)
                }
                Some(offset) => {
                    let missed = (low - offset).max(0);
                    MISSED.with_label_values(&[SINK, &partition.topic]).inc_by(missed as u64);
                    Segment::new(offset, end)
                }
            };
            tracing::info!(%partition, first = segment.first, end = segment.end, "reads");
            starts.push((partition.clone(), StartAt::Offset(segment.first.max(low))));
            self.open.insert(partition, segment);
        }
        if assignment.start_at(starts) { Ok(()) } else { Err(SinkError::LateStart) }
    }

    async fn take(&mut self, record: &Record) -> Result<(), SinkError> {
        RECEIVED.with_label_values(&[SINK, &record.partition.topic]).inc();
        let Some(segment) = self.open.get(&record.partition) else {
            return Err(SinkError::NotOurs { partition: record.partition.clone() });
        };
        if segment.ends_before(record.offset) {
            // Kafka deleted the segment's last records.
            self.cut(&record.partition, &self.consumer.shutdown.hard.clone()).await?;
        }
        let frame = match read(record) {
            Ok(frame) => Some(frame),
            Err((kind, reason)) => {
                ERRORS.with_label_values(&[SINK, "read detections"]).inc();
                if let Some(letters) = &self.consumer.letters
                    && !letters.send(record, kind, &reason, &self.consumer.shutdown.hard).await
                {
                    // Cancelled: it is read again.
                    return Ok(());
                }
                None
            }
        };
        let bytes = record.payload.as_ref().map_or(0, Bytes::len) + 128;
        if let Some(segment) = self.open.get_mut(&record.partition) {
            segment.push(record.offset, frame, bytes);
            if segment.is_full(&self.consumer.config.parquet) {
                self.cut(&record.partition, &self.consumer.shutdown.hard.clone()).await?;
            }
        }
        self.bound().await
    }

    /// Many partitions, each below its own bound, may still be too much together.
    async fn bound(&mut self) -> Result<(), SinkError> {
        let total: usize = self.open.values().map(|segment| segment.bytes).sum();
        if total <= self.consumer.config.parquet.max_open_bytes {
            return Ok(());
        }
        let largest = self.open.iter().filter(|(_, segment)| segment.end.is_none());
        let largest = largest.max_by_key(|(_, segment)| segment.bytes).map(|(partition, _)| partition.clone());
        match largest {
            Some(partition) => self.cut(&partition, &self.consumer.shutdown.hard.clone()).await,
            None => Ok(()),
        }
    }

    async fn cut_old(&mut self) -> Result<(), SinkError> {
        let config = &self.consumer.config.parquet;
        let old: Vec<Partition> = self
            .open
            .iter()
            .filter(|(_, segment)| segment.is_old(config))
            .map(|(partition, _)| partition.clone())
            .collect();
        for partition in old {
            self.cut(&partition, &self.consumer.shutdown.hard.clone()).await?;
        }
        Ok(())
    }

    async fn last_cuts(&mut self, partitions: &[Partition]) -> Result<(), SinkError> {
        let until = Instant::now() + LAST_CUTS_DEADLINE;
        for partition in partitions {
            let cancel = self.consumer.shutdown.hard.child_token();
            // A recorded end that is not reached yet is the next owner's to reach.
            let reached =
                self.open.get(partition).is_some_and(|segment| segment.end.is_none_or(|end| segment.next >= end));
            if reached && tokio::time::timeout_at(until.into(), self.cut(partition, &cancel)).await.is_err() {
                tracing::warn!(%partition, "not written before the end; the next start reads it again");
            }
        }
        Ok(())
    }

    /// Records where the segment ends, writes its objects, and moves on. See the module of this folder for why in this order.
    async fn cut(&mut self, partition: &Partition, cancel: &CancellationToken) -> Result<(), SinkError> {
        let Some(segment) = self.open.get(partition).filter(|segment| segment.next > segment.first) else {
            return Ok(());
        };
        let (first, end) = (segment.first, segment.end.unwrap_or(segment.next));
        if segment.end.is_none() {
            self.commit(partition, first, format!("{NOTE}{end}")).await?;
        }
        let mut frames = 0;
        let mut objects = 0;
        for (folder, rows) in segment.folders(self.consumer.config.parquet.camera_folders) {
            let key = parquet_key(&folder, &self.cluster, partition, first);
            let bytes = parquet::encode(partition.number, &rows)?;
            if !self.consumer.store.put(Kind::Parquet, &key, bytes.into(), &self.consumer.ready, cancel).await {
                // Cancelled; the recorded cut is there for the next owner.
                return Ok(());
            }
            frames += rows.len();
            objects += rows.iter().map(|frame| frame.detections.objects.len()).sum::<usize>();
        }
        self.commit(partition, end, String::new()).await?;
        STORED_FRAMES.with_label_values(&[SINK]).inc_by(frames as u64);
        STORED_DETECTIONS.with_label_values(&[SINK]).inc_by(objects as u64);
        if let Some(oldest) = segment.frames.first() {
            let age_us = (now_us() - oldest.detections.captured_at_us).max(0);
            LATENCY_SECONDS.with_label_values(&[SINK]).observe(age_us as f64 / 1e6);
        }
        self.open.insert(partition.clone(), Segment::new(end, None));
        Ok(())
    }

    async fn commit(&self, partition: &Partition, offset: i64, note: String) -> Result<(), SinkError> {
        let (committer, partition) = (self.committer.clone(), partition.clone());
        blocking(move || committer.commit_note(&partition, offset, &note)).await??;
        Ok(())
    }
}

fn read(record: &Record) -> Result<Frame, (&'static str, String)> {
    let payload = record.payload.clone().ok_or_else(|| ("empty", "the record is empty".to_owned()))?;
    let (key, detections) = read_detections(payload).map_err(|error| match &error {
        ReadError::Parse { .. } => ("unreadable", chain(&error).to_string()),
        ReadError::Invalid(_) => ("invalid", chain(&error).to_string()),
    })?;
    Ok(Frame { offset: record.offset, key, detections: Box::new(detections) })
}
