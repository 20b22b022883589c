//! The consumer of `vru.detections`: gathers the records of each partition into segments.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use vru_proto::validate::read_detections;
use vru_runtime::dead_letter::DeadLetters;
use vru_runtime::kafka::{
    Assignment, Committer, ConsumerOptions, Event, GroupConsumer, KafkaFailure, Partition, Position, Record, StartAt,
    watermarks,
};

use super::context::S3Context;
use super::segment::{Segment, SegmentFrame};
use super::segment_writer::{SegmentWriter, recorded_end};
use crate::error::SinkError;
use crate::metrics::{ERRORS, MISSED, RECEIVED, RECREATED, S3_SINK};
use crate::supervise::{blocking, cluster_id, leave};
use crate::unreadable::Unreadable;

const REBALANCE_DEADLINE: Duration = Duration::from_secs(15);

/// Runs until shutdown. Without `dead_letters`, unreadable records are counted and skipped.
pub(crate) async fn run(context: &S3Context, dead_letters: Option<&DeadLetters>) {
    context.run_until_shutdown(|| run_once(context, dead_letters)).await;
}

/// One membership of the consumer group.
async fn run_once(context: &S3Context, dead_letters: Option<&DeadLetters>) -> Result<(), SinkError> {
    let cluster = cluster_id(&context.kafka).await?;
    let topic = context.kafka.topics().detections;
    let mut options = ConsumerOptions::new(&context.config.detections_group(), &[&topic]);
    options.capacity = 1_024;
    options.choose_start = true;
    options.rebalance_deadline = REBALANCE_DEADLINE;
    let mut group = context.join(&options).await?;
    let committer = group.committer();
    let segments = SegmentWriter::new(context, cluster, committer.clone());
    let mut consumer = DetectionsConsumer { context, dead_letters, topic, committer, segments };
    let result = consumer.consume(&mut group).await;
    drop(consumer);
    leave(group).await?;
    result
}

struct DetectionsConsumer<'a> {
    context: &'a S3Context,
    dead_letters: Option<&'a DeadLetters>,
    topic: String,
    committer: Committer,
    segments: SegmentWriter<'a>,
}

impl DetectionsConsumer<'_> {
    async fn consume(&mut self, group: &mut GroupConsumer) -> Result<(), SinkError> {
        self.context.ready.ready();
        let soft = self.context.shutdown.soft.clone();
        let mut stopping = false;
        let mut tick = tokio::time::interval((self.context.config.parquet.max_age / 4).min(Duration::from_secs(1)));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = soft.cancelled(), if !stopping => {
                    stopping = true;
                    group.stop();
                }
                _ = tick.tick(), if !stopping => self.segments.cut_old().await?,
                event = group.next() => match event {
                    None if stopping => return Ok(()),
                    None => return Err(SinkError::MemberEnded),
                    Some(Event::Record(_)) if stopping => {}
                    Some(Event::Record(record)) => self.add(&record).await?,
                    Some(Event::Assigned(assignment)) => self.assigned(assignment).await?,
                    Some(Event::Revoked(revocation)) if revocation.lost => return Err(SinkError::Lost),
                    Some(Event::Revoked(revocation)) => {
                        if revocation.recreated {
                            self.segments.cut_last(&revocation.partitions).await?;
                        } else if stopping {
                            self.segments.cut_at_stop(&revocation.partitions).await?;
                        }
                        self.segments.discard(&revocation.partitions);
                    }
                },
            }
        }
    }

    /// Opens a segment for each partition, at the committed offset.
    async fn assigned(&mut self, assignment: Assignment) -> Result<(), SinkError> {
        let (committer, partitions) = (self.committer.clone(), assignment.partitions.clone());
        let (kafka, topic) = (self.context.kafka.clone(), self.topic.clone());
        let read = blocking(move || {
            let positions = committer.resume(&partitions, REBALANCE_DEADLINE / 4)?;
            Ok::<_, KafkaFailure>((positions, watermarks(&kafka, &topic, REBALANCE_DEADLINE / 4)?))
        });
        let (positions, bounds) = read.await??;
        let bounds: BTreeMap<Partition, (i64, i64)> =
            bounds.into_iter().map(|(partition, low, high)| (partition, (low, high))).collect();
        let mut starts = Vec::new();
        for Position { partition, topic, next, note, recreated } in positions {
            if recreated {
                RECREATED.with_label_values(&[S3_SINK, &partition.topic]).inc();
            }
            let (low, high) = bounds.get(&partition).copied().unwrap_or_default();
            let segment = match next {
                None => Segment::new(topic, low, None),
                Some(offset) if offset > high => {
                    RECREATED.with_label_values(&[S3_SINK, &partition.topic]).inc();
                    tracing::error!(%partition, offset, high, "committed offset is beyond the topic's end: the topic lost its records, or was created again by a broker without topic ids");
                    Segment::new(topic, low, None)
                }
                Some(offset) => {
                    let missed = (low - offset).max(0);
                    MISSED.with_label_values(&[S3_SINK, &partition.topic]).inc_by(missed as u64);
                    Segment::new(topic, offset, recorded_end(&note))
                }
            };
            tracing::info!(%partition, first = segment.first, end = segment.end, "opened a segment");
            starts.push((partition.clone(), StartAt::Offset(segment.first.max(low))));
            self.segments.open(partition, segment);
        }
        if assignment.start_at(starts) { Ok(()) } else { Err(SinkError::MemberEnded) }
    }

    async fn add(&mut self, record: &Record) -> Result<(), SinkError> {
        RECEIVED.with_label_values(&[S3_SINK, &record.partition.topic]).inc();
        self.segments.prepare(record).await?;
        let frame = match parse(record) {
            Ok(frame) => Some(frame),
            Err(error) => {
                ERRORS.with_label_values(&[S3_SINK, "read detections"]).inc();
                if let Some(dead_letters) = self.dead_letters
                    && !dead_letters.send(record, error.kind, &error.reason, &self.context.shutdown.hard).await
                {
                    // Cancelled. Its offset is not committed, so the next owner reads it again.
                    return Ok(());
                }
                None
            }
        };
        let bytes = record.payload.as_ref().map_or(0, Bytes::len) + 128;
        self.segments.push(&record.partition, record.offset, frame, bytes).await
    }
}

fn parse(record: &Record) -> Result<SegmentFrame, Unreadable> {
    let payload = record.payload.clone().ok_or_else(Unreadable::empty)?;
    let (key, detections) = read_detections(payload)?;
    Ok(SegmentFrame { offset: record.offset, key, detections: Box::new(detections) })
}
