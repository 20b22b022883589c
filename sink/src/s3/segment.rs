//! The records of one Kafka partition since its last cut.

use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

use vru_proto::ids::FrameKey;
use vru_proto::v1;
use vru_runtime::kafka::TopicId;
use vru_storage::s3::keys::ParquetFolder;

use super::config::ParquetConfig;

/// One frame's detections, and their offset in the partition.
#[derive(Debug, Clone)]
pub(crate) struct SegmentFrame {
    pub(crate) offset: i64,
    pub(crate) key: FrameKey,
    pub(crate) detections: Box<v1::FrameDetections>,
}

/// Consecutive records, starting at `first`.
#[derive(Debug)]
pub(crate) struct Segment {
    /// The topic that the offsets are of.
    pub(crate) topic: TopicId,
    /// The committed offset; it is part of the keys of the segment's objects.
    pub(crate) first: i64,
    /// The offset after the last record.
    pub(crate) next: i64,
    /// The offset where the segment ends, if its cut is recorded already.
    pub(crate) end: Option<i64>,
    pub(crate) frames: Vec<SegmentFrame>,
    pub(crate) bytes: usize,
    started: Option<Instant>,
}

impl Segment {
    pub(crate) fn new(topic: TopicId, first: i64, end: Option<i64>) -> Self {
        Self {
            topic,
            first,
            next: first,
            end: end.filter(|&end| end > first),
            frames: Vec::new(),
            bytes: 0,
            started: None,
        }
    }

    /// Adds the next record; one without detections only advances `next`.
    pub(crate) fn push(&mut self, offset: i64, frame: Option<SegmentFrame>, bytes: usize) {
        self.next = offset + 1;
        self.bytes += bytes;
        self.frames.extend(frame);
        self.started.get_or_insert_with(Instant::now);
    }

    /// Whether the record belongs to the next segment.
    pub(crate) fn ends_before(&self, offset: i64) -> bool {
        self.end.is_some_and(|end| offset >= end)
    }

    /// Whether to cut the segment now. A recorded end overrides the limits.
    pub(crate) fn is_full(&self, config: &ParquetConfig) -> bool {
        match self.end {
            Some(end) => self.next >= end,
            None => self.frames.len() >= config.max_records || self.bytes >= config.max_bytes,
        }
    }

    /// Whether its oldest record has reached the maximum age.
    pub(crate) fn is_old(&self, config: &ParquetConfig) -> bool {
        self.end.is_none() && self.started.is_some_and(|started| started.elapsed() >= config.max_age)
    }

    /// The frames of each folder, in the order of the partition, without duplicates.
    pub(crate) fn folders(&self, camera_folders: u32) -> BTreeMap<ParquetFolder, Vec<&SegmentFrame>> {
        let mut seen = HashSet::new();
        let mut folders: BTreeMap<ParquetFolder, Vec<&SegmentFrame>> = BTreeMap::new();
        for frame in &self.frames {
            if seen.insert(&frame.key) {
                let folder =
                    ParquetFolder::new(frame.detections.captured_at_us, frame.key.camera.as_str(), camera_folders);
                folders.entry(folder).or_default().push(frame);
            }
        }
        folders
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(offset: i64, sequence: u64) -> SegmentFrame {
        let key = FrameKey { camera: "cam".parse().unwrap(), session: 1, sequence };
        SegmentFrame { offset, key, detections: Box::default() }
    }

    #[test]
    fn a_segment_is_full_by_count_or_bytes_unless_its_end_is_recorded() {
        let config = ParquetConfig { max_records: 2, max_bytes: 1_000, ..ParquetConfig::default() };
        let mut segment = Segment::new(TopicId::NONE, 10, None);
        segment.push(10, Some(frame(10, 0)), 10);
        assert!(!segment.is_full(&config));
        segment.push(11, Some(frame(11, 1)), 10);
        assert!(segment.is_full(&config));
        let mut recorded = Segment::new(TopicId::NONE, 10, Some(13));
        for offset in 10..13 {
            assert!(!recorded.is_full(&config), "{offset}");
            assert!(!recorded.ends_before(offset));
            recorded.push(offset, Some(frame(offset, offset as u64)), 2_000);
        }
        assert!(recorded.is_full(&config) && recorded.ends_before(13));
    }

    #[test]
    fn a_frame_that_was_received_twice_is_written_once() {
        let mut segment = Segment::new(TopicId::NONE, 0, None);
        for (offset, sequence) in [(0, 0), (1, 1), (2, 0)] {
            segment.push(offset, Some(frame(offset, sequence)), 1);
        }
        let folders = segment.folders(16);
        let offsets: Vec<i64> = folders.values().flatten().map(|frame| frame.offset).collect();
        assert_eq!(offsets, [0, 1]);
    }
}
