//! Cuts segments and writes them as Parquet objects.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use vru_runtime::clock::now_us;
use vru_runtime::kafka::{Committer, Partition, Record};
use vru_runtime::latency::since_capture;
use vru_storage::s3::keys::{parquet_key, stream_digits};

use super::context::S3Context;
use super::parquet;
use super::segment::{Segment, SegmentFrame};
use super::uploader::ObjectKind;
use crate::error::SinkError;
use crate::metrics::{LATENCY_SECONDS, MISSED, S3_SINK, STORED_DETECTIONS, STORED_FRAMES};
use crate::supervise::blocking;

/// Time limit for writing the open segments when stopping. The next owner gathers the segments that were not written again.
const STOP_DEADLINE: Duration = Duration::from_secs(10);
/// Prefix of the note that is committed with a segment's first offset. The segment's end follows.
const CUT_PREFIX: &str = "cut=";

/// The end of the segment that was recorded with a committed offset, if any.
pub(crate) fn recorded_end(note: &str) -> Option<i64> {
    note.strip_prefix(CUT_PREFIX).and_then(|end| end.parse().ok())
}

/// The open segment of each assigned partition.
pub(crate) struct SegmentWriter<'a> {
    context: &'a S3Context,
    /// Identifies the Kafka cluster in the keys of the objects.
    cluster_id: String,
    committer: Committer,
    open: BTreeMap<Partition, Segment>,
}

impl<'a> SegmentWriter<'a> {
    pub(crate) fn new(context: &'a S3Context, cluster_id: String, committer: Committer) -> Self {
        Self { context, cluster_id, committer, open: BTreeMap::new() }
    }

    pub(crate) fn open(&mut self, partition: Partition, segment: Segment) {
        self.open.insert(partition, segment);
    }

    /// Discards the segments of revoked partitions: the next owner gathers them again.
    pub(crate) fn discard(&mut self, partitions: &[Partition]) {
        self.open.retain(|partition, _| !partitions.contains(partition));
    }

    /// Cuts the segment if the record is beyond its recorded end. This happens when Kafka has deleted the segment's last records.
    pub(crate) async fn prepare(&mut self, record: &Record) -> Result<(), SinkError> {
        let Some(segment) = self.open.get(&record.partition) else {
            return Err(SinkError::NotAssigned { partition: record.partition.clone() });
        };
        if segment.ends_before(record.offset) { self.cut(&record.partition).await } else { Ok(()) }
    }

    /// Adds the next record, which contains no detections if `frame` is `None`, and cuts what is full.
    pub(crate) async fn push(
        &mut self,
        partition: &Partition,
        offset: i64,
        frame: Option<SegmentFrame>,
        bytes: usize,
    ) -> Result<(), SinkError> {
        if let Some(segment) = self.open.get_mut(partition) {
            segment.push(offset, frame, bytes);
            if segment.is_full(&self.context.config.parquet) {
                self.cut(partition).await?;
            }
        }
        self.limit_open_bytes().await
    }

    /// Cuts the largest segment if all together are too large, although each is below its own limit.
    async fn limit_open_bytes(&mut self) -> Result<(), SinkError> {
        let total: usize = self.open.values().map(|segment| segment.bytes).sum();
        if total <= self.context.config.parquet.max_open_bytes {
            return Ok(());
        }
        let cuttable = self.open.iter().filter(|(_, segment)| segment.end.is_none());
        let largest = cuttable.max_by_key(|(_, segment)| segment.bytes).map(|(partition, _)| partition.clone());
        match largest {
            Some(partition) => self.cut(&partition).await,
            None => Ok(()),
        }
    }

    /// Cuts the segments whose oldest record has reached the maximum age.
    pub(crate) async fn cut_old(&mut self) -> Result<(), SinkError> {
        let config = &self.context.config.parquet;
        let old = self.open.iter().filter(|(_, segment)| segment.is_old(config));
        let old: Vec<Partition> = old.map(|(partition, _)| partition.clone()).collect();
        for partition in old {
            self.cut(&partition).await?;
        }
        Ok(())
    }

    /// Cuts the segments of the partitions, whose topic was deleted: nobody can gather them again. As far as the deadline allows.
    pub(crate) async fn cut_last(&mut self, partitions: &[Partition]) -> Result<(), SinkError> {
        let deadline = Instant::now() + STOP_DEADLINE;
        for partition in partitions {
            if tokio::time::timeout_at(deadline.into(), self.cut(partition)).await.is_err() {
                let frames = self.open.get(partition).map_or(0, |segment| segment.frames.len());
                MISSED.with_label_values(&[S3_SINK, &partition.topic]).inc_by(frames as u64);
                tracing::error!(%partition, frames, "the last segment of a deleted topic was not written before the deadline");
            }
        }
        Ok(())
    }

    /// Cuts the segments of the partitions, as far as the deadline allows.
    pub(crate) async fn cut_at_stop(&mut self, partitions: &[Partition]) -> Result<(), SinkError> {
        let deadline = Instant::now() + STOP_DEADLINE;
        for partition in partitions {
            // A segment that has not reached its recorded end is left to the next owner.
            let complete =
                self.open.get(partition).is_some_and(|segment| segment.end.is_none_or(|end| segment.next >= end));
            if complete && tokio::time::timeout_at(deadline.into(), self.cut(partition)).await.is_err() {
                tracing::warn!(%partition, "segment not written before the deadline, it is read again after the next start");
            }
        }
        Ok(())
    }

    /// Records where the segment ends, writes its objects, and opens the next one. [`super`] explains the order.
    async fn cut(&mut self, partition: &Partition) -> Result<(), SinkError> {
        let Some(segment) = self.open.get(partition).filter(|segment| segment.next > segment.first) else {
            return Ok(());
        };
        let (topic, first, end) = (segment.topic, segment.first, segment.end.unwrap_or(segment.next));
        let stream = stream_digits(&self.cluster_id, topic);
        if segment.end.is_none() {
            self.commit(partition, first, format!("{CUT_PREFIX}{end}")).await?;
        }
        let cancel: &CancellationToken = &self.context.shutdown.hard;
        let (mut frames, mut objects) = (0, 0);
        for (folder, rows) in segment.folders(self.context.config.parquet.camera_folders) {
            let key = parquet_key(&folder, &stream, partition, first);
            let bytes = parquet::encode(partition.number, &rows)?;
            if !self.context.uploader.upload(ObjectKind::Parquet, &key, bytes.into(), cancel).await {
                // Cancelled. The next owner finds the recorded cut.
                return Ok(());
            }
            frames += rows.len();
            objects += rows.iter().map(|frame| frame.detections.objects.len()).sum::<usize>();
        }
        self.commit(partition, end, String::new()).await?;
        STORED_FRAMES.with_label_values(&[S3_SINK]).inc_by(frames as u64);
        STORED_DETECTIONS.with_label_values(&[S3_SINK]).inc_by(objects as u64);
        if let Some(oldest) = segment.frames.first()
            && let Some(age) = since_capture(S3_SINK, oldest.detections.captured_at_us, now_us())
        {
            LATENCY_SECONDS.with_label_values(&[S3_SINK]).observe(age.as_secs_f64());
        }
        self.open.insert(partition.clone(), Segment::new(topic, end, None));
        Ok(())
    }

    async fn commit(&self, partition: &Partition, offset: i64, note: String) -> Result<(), SinkError> {
        let (committer, partition) = (self.committer.clone(), partition.clone());
        blocking(move || committer.commit_with_note(&partition, offset, &note)).await??;
        Ok(())
    }
}
