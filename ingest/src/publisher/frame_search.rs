//! Searches the topic of files' frames for the last frame of a file.

use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use prost::Message as _;
use tokio_util::sync::CancellationToken;
use vru_proto::CameraId;
use vru_proto::v1::Frame;
use vru_runtime::kafka::{
    Delivered, KafkaConfig, KafkaFailure, Partition, RangeReader, ReadKeys, Record, TopicDescription, TopicId, Visited,
};

use super::LastPublished;
use crate::metrics;

/// How many of a partition's newest records are searched, step by step. The file's last frame is usually in the first.
const STEPS: [i64; 4] = [64, 512, 2_048, SEARCHED_RECORDS];
/// The most records of other files that are read to find a frame of this one. With large frames it is what can be read until the deadline.
pub const SEARCHED_RECORDS: i64 = 16_384;

/// One session of a file.
pub(super) struct FrameSearch<'a> {
    pub(super) kafka: &'a KafkaConfig,
    pub(super) topic: &'a str,
    pub(super) described: TopicDescription,
    pub(super) camera: &'a CameraId,
    pub(super) session: u64,
    /// Of each search.
    pub(super) deadline: Duration,
}

impl FrameSearch<'_> {
    /// The last frame from the position on. `None` if the topic does not have the frame that the position names: the topic is another one,
    /// or has lost records.
    pub(super) fn forward(&self, position: &LastPublished) -> Result<Option<LastPublished>, KafkaFailure> {
        let Delivered { partition, offset } = position.delivered;
        if partition >= self.described.partitions {
            return Ok(None);
        }
        let reader = self.open(partition)?;
        let offsets = reader.offsets();
        let is_deleted = offset < offsets.start;
        // Without an id, a topic that was created again looks the same. Only the frame itself then tells that it is not.
        if offset >= offsets.end || (is_deleted && self.described.id == TopicId::NONE) {
            return Ok(None);
        }
        let range = match (is_deleted, position.end_of_stream) {
            (true, true) => return Ok(Some(*position)),
            (true, false) => offsets,
            (false, true) => offset..offset + 1,
            (false, false) => offset..offsets.end,
        };
        let mut newest = *position;
        let mut is_there = is_deleted;
        let mut others = 0;
        let read = self.read(&reader, range, |found| {
            match found {
                Some(found) if found.delivered.offset == offset => is_there = found.sequence == position.sequence,
                Some(found) if found.sequence > newest.sequence => (newest, others) = (found, 0),
                _ => others += 1,
            }
            if is_there && others < SEARCHED_RECORDS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        match read {
            // What was found is on Kafka. What is behind it is published again.
            Err(failure) if failure.is_timeout() && is_there => self.report_timeout("after its position"),
            read => read?,
        }
        Ok(is_there.then_some(newest))
    }

    /// The last frame among the partition's newest records.
    pub(super) fn backwards(&self, partition: i32) -> Result<Option<LastPublished>, KafkaFailure> {
        let reader = self.open(partition)?;
        let offsets = reader.offsets();
        let mut searched_from = offsets.end;
        for step in STEPS {
            let from = (offsets.end - step).max(offsets.start);
            if from >= searched_from {
                break;
            }
            let mut newest: Option<LastPublished> = None;
            let read = self.read(&reader, from..searched_from, |found| {
                if found.is_some_and(|found| newest.is_none_or(|newest| newest.sequence <= found.sequence)) {
                    newest = found;
                }
                ControlFlow::Continue(())
            });
            match read {
                Err(failure) if step == SEARCHED_RECORDS && failure.is_timeout() => {
                    self.report_timeout("on the topic");
                    return Ok(None);
                }
                read => read?,
            }
            if newest.is_some() {
                return Ok(newest);
            }
            searched_from = from;
        }
        Ok(None)
    }

    fn open(&self, partition: i32) -> Result<RangeReader, KafkaFailure> {
        RangeReader::open(self.kafka, "vru-ingest-resume", Partition::new(self.topic, partition), self.deadline)
    }

    /// Visits the records in order; `None` is one that is not a frame of this session.
    fn read(
        &self,
        reader: &RangeReader,
        offsets: Range<i64>,
        mut visit: impl FnMut(Option<LastPublished>) -> ControlFlow<()>,
    ) -> Result<(), KafkaFailure> {
        let key = self.camera.as_str().as_bytes();
        let read = ReadKeys {
            offsets,
            wanted: &|other| other == key,
            follow_until: Instant::now(),
            cancel: &CancellationToken::new(),
        };
        let read = reader.read_keys(&read, |visited| match visited {
            Visited::Wanted(record) => visit(self.frame(&record)),
            Visited::Other { .. } => visit(None),
        });
        read.map(drop)
    }

    fn frame(&self, record: &Record) -> Option<LastPublished> {
        let frame = Frame::decode(record.payload.clone()?).ok()?;
        let id = frame.id.as_ref().filter(|id| id.session == self.session)?;
        Some(LastPublished {
            sequence: id.sequence,
            end_of_stream: frame.end_of_stream,
            delivered: Delivered { partition: record.partition.number, offset: record.offset },
            is_recorded: false,
        })
    }

    fn report_timeout(&self, place: &'static str) {
        metrics::position_fault(self.camera.as_str(), metrics::TIMEOUT);
        let (camera, session) = (self.camera, self.session);
        tracing::warn!(%camera, session, place, "the file's last frame was not found in time, so frames may be published again");
    }
}
