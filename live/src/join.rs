//! Joins the pictures of a camera with what was found in them, which arrives a little later on another topic.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use vru_proto::FrameKey;

/// Pictures that wait for their detections: some seconds of a camera.
const MAX_PICTURES: usize = 48;
/// Bytes of these pictures.
const MAX_BYTES: usize = 48 * 1024 * 1024;
/// Detections that wait for their picture: the reader of frames may be a moment behind.
const MAX_DETECTIONS: usize = 48;

/// The unpaired pictures and detections of one camera. Both come in the order in which they are shown: whatever is older than a pair never
/// finds its partner and is dropped.
#[derive(Debug)]
pub struct Join<P, D> {
    pictures: VecDeque<Waiting<P>>,
    detections: VecDeque<(FrameKey, D)>,
    bytes: usize,
    /// Pictures that were dropped.
    dropped: u64,
}

#[derive(Debug)]
struct Waiting<P> {
    key: FrameKey,
    picture: P,
    bytes: usize,
    since: Instant,
}

impl<P, D> Default for Join<P, D> {
    fn default() -> Self {
        Self { pictures: VecDeque::new(), detections: VecDeque::new(), bytes: 0, dropped: 0 }
    }
}

impl<P, D> Join<P, D> {
    /// Adds a picture of `bytes` bytes. Returns the pair when its detections are there.
    pub fn picture(&mut self, key: FrameKey, picture: P, bytes: usize) -> Option<(P, D)> {
        if let Some(at) = self.detections.iter().position(|(waiting, _)| *waiting == key) {
            while !self.pictures.is_empty() {
                self.drop_oldest();
            }
            let (_, detections) = self.detections.drain(..=at).next_back()?;
            return Some((picture, detections));
        }
        self.pictures.push_back(Waiting { key, picture, bytes, since: Instant::now() });
        self.bytes += bytes;
        while self.pictures.len() > MAX_PICTURES || (self.bytes > MAX_BYTES && self.pictures.len() > 1) {
            self.drop_oldest();
        }
        None
    }

    /// Adds detections. Returns the pair when their picture is there.
    pub fn detections(&mut self, key: FrameKey, detections: D) -> Option<(P, D)> {
        let Some(at) = self.pictures.iter().position(|waiting| waiting.key == key) else {
            self.detections.push_back((key, detections));
            if self.detections.len() > MAX_DETECTIONS {
                self.detections.pop_front();
            }
            return None;
        };
        for _ in 0..at {
            self.drop_oldest();
        }
        let waiting = self.pictures.pop_front()?;
        self.bytes -= waiting.bytes;
        Some((waiting.picture, detections))
    }

    /// Takes the newest of the pictures that have waited so long for detections, and drops the older ones.
    pub fn expired(&mut self, after: Duration) -> Option<(FrameKey, P)> {
        let expired = self.pictures.iter().take_while(|waiting| waiting.since.elapsed() >= after).count();
        for _ in 1..expired {
            self.drop_oldest();
        }
        let Waiting { key, picture, bytes, .. } = self.pictures.pop_front_if(|_| expired > 0)?;
        self.bytes -= bytes;
        Some((key, picture))
    }

    /// How many pictures were dropped since the last call.
    pub fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }

    fn drop_oldest(&mut self) {
        if let Some(Waiting { bytes, .. }) = self.pictures.pop_front() {
            self.bytes -= bytes;
            self.dropped += 1;
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
        assert_eq!(join.detections(key(2), 2), Some(('b', 2)));
        assert!(join.detections(key(3), 3).is_none());
        assert_eq!(join.picture(key(3), 'c', 1), Some(('c', 3)));
        // Older than a pair that was joined.
        assert!(join.detections(key(1), 1).is_none());
        assert_eq!((join.bytes, join.take_dropped(), join.take_dropped()), (0, 1, 0));
    }

    #[test]
    fn whatever_the_order_no_picture_gets_other_detections() {
        // Each picture is the number of its detections.
        for seed in 0..200_u64 {
            let mut join = Join::default();
            let mut order: Vec<(bool, u64)> = (0..40).flat_map(|number| [(true, number), (false, number)]).collect();
            let mut random = seed;
            for at in (1..order.len()).rev() {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Near neighbours change places, as topics do.
                order.swap(at, at.saturating_sub((random >> 33) as usize % 8));
            }
            let mut pairs = 0;
            for (is_picture, number) in order {
                let pair = if is_picture {
                    join.picture(key(number), number, 1)
                } else {
                    join.detections(key(number), number)
                };
                if let Some((picture, detections)) = pair {
                    assert_eq!(picture, detections);
                    pairs += 1;
                }
            }
            assert!(pairs > 5, "{pairs} pairs with seed {seed}");
        }
    }

    #[test]
    fn unpaired_pictures_and_detections_are_bounded() {
        let mut join = Join::default();
        for sequence in 0..1_000 {
            join.picture(key(sequence), (), 4 * 1024 * 1024);
            join.detections(key(sequence + 10_000), ());
        }
        assert!(join.bytes <= MAX_BYTES && join.pictures.len() <= MAX_PICTURES);
        assert_eq!(join.detections.len(), MAX_DETECTIONS);
        for _ in 0..100 {
            join.drop_oldest();
        }
        assert_eq!(join.bytes, 0);
    }

    #[test]
    fn pictures_without_detections_come_out_after_a_while_the_newest_only() {
        let mut join: Join<u64, ()> = Join::default();
        for sequence in 1..=3 {
            join.picture(key(sequence), sequence, 1);
        }
        assert!(join.expired(Duration::from_mins(1)).is_none());
        assert_eq!(join.expired(Duration::ZERO), Some((key(3), 3)));
        assert!(join.expired(Duration::ZERO).is_none());
        assert_eq!((join.bytes, join.take_dropped()), (0, 2));
    }
}
