//! Joins the pictures of a camera with their detections, which arrive a little later on another topic.

use std::collections::VecDeque;

use vru_proto::FrameKey;
use vru_proto::v1::FrameDetections;

/// Pictures that wait for their detections: some seconds of a camera.
const MAX_PICTURES: usize = 48;
/// Bytes of these pictures.
const MAX_BYTES: usize = 48 * 1024 * 1024;
/// Detections that wait for their picture: the reader of frames may be a moment behind.
const MAX_DETECTIONS: usize = 48;

/// The unpaired pictures and detections of one camera. Both streams are in order: whatever is older than a pair never finds
/// its partner and is dropped.
#[derive(Debug)]
pub struct Join<P> {
    pictures: VecDeque<(FrameKey, P, usize)>,
    detections: VecDeque<(FrameKey, FrameDetections)>,
    bytes: usize,
}

impl<P> Default for Join<P> {
    fn default() -> Self {
        Self { pictures: VecDeque::new(), detections: VecDeque::new(), bytes: 0 }
    }
}

impl<P> Join<P> {
    /// Adds a picture of `bytes` bytes. Returns the pair when its detections are there.
    pub fn picture(&mut self, key: FrameKey, picture: P, bytes: usize) -> Option<(P, FrameDetections)> {
        if let Some(at) = self.detections.iter().position(|(waiting, _)| *waiting == key) {
            let (_, detections) = self.detections.drain(..=at).next_back()?;
            return Some((picture, detections));
        }
        self.pictures.push_back((key, picture, bytes));
        self.bytes += bytes;
        while self.pictures.len() > MAX_PICTURES || (self.bytes > MAX_BYTES && self.pictures.len() > 1) {
            self.drop_oldest();
        }
        None
    }

    /// Adds detections. Returns the pair when their picture is there.
    pub fn detections(&mut self, key: FrameKey, detections: FrameDetections) -> Option<(P, FrameDetections)> {
        let Some(at) = self.pictures.iter().position(|(waiting, ..)| *waiting == key) else {
            self.detections.push_back((key, detections));
            if self.detections.len() > MAX_DETECTIONS {
                self.detections.pop_front();
            }
            return None;
        };
        for _ in 0..at {
            self.drop_oldest();
        }
        let (_, picture, bytes) = self.pictures.pop_front()?;
        self.bytes -= bytes;
        Some((picture, detections))
    }

    fn drop_oldest(&mut self) {
        if let Some((_, _, bytes)) = self.pictures.pop_front() {
            self.bytes -= bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(sequence: u64) -> FrameKey {
        FrameKey { camera: "c".parse().unwrap(), session: 1, sequence }
    }

    #[test]
    fn a_pair_is_joined_whichever_part_comes_first() {
        let mut join = Join::default();
        assert!(join.picture(key(1), 'a', 1).is_none());
        assert!(join.picture(key(2), 'b', 1).is_none());
        assert_eq!(join.detections(key(2), FrameDetections::default()).unwrap().0, 'b');
        assert!(join.detections(key(3), FrameDetections::default()).is_none());
        assert_eq!(join.picture(key(3), 'c', 1).unwrap().0, 'c');
        // Older than a pair that was joined.
        assert!(join.detections(key(1), FrameDetections::default()).is_none());
        assert_eq!(join.bytes, 0);
    }

    #[test]
    fn unpaired_pictures_and_detections_are_bounded() {
        let mut join = Join::default();
        for sequence in 0..1_000 {
            join.picture(key(sequence), (), 4 * 1024 * 1024);
            join.detections(key(sequence + 10_000), FrameDetections::default());
        }
        assert!(join.bytes <= MAX_BYTES && join.pictures.len() <= MAX_PICTURES);
        assert_eq!(join.detections.len(), MAX_DETECTIONS);
        for _ in 0..100 {
            join.drop_oldest();
        }
        assert_eq!(join.bytes, 0);
    }
}
