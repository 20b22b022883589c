//! The frames of a live camera that wait for the producer. Together with [`crate::live_sender`], which owns it, the only place in
//! ingest that drops frames for lack of room.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use vru_proto::v1::Frame;

/// A bounded queue. When it is full, a new frame drops the oldest.
#[derive(Debug)]
pub(crate) struct LiveQueue {
    capacity: usize,
    frames: VecDeque<(Instant, Frame)>,
    /// Frames dropped since the last frame was popped.
    dropped: u32,
}

impl LiveQueue {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), frames: VecDeque::new(), dropped: 0 }
    }

    /// Adds a frame. True when the oldest was dropped for it.
    pub(crate) fn push(&mut self, frame: Frame) -> bool {
        let full = self.frames.len() == self.capacity;
        if full {
            self.frames.pop_front();
            self.add_dropped(1);
        }
        self.frames.push_back((Instant::now(), frame));
        full
    }

    /// The oldest frame, with its `dropped_before` set, and the time that it spent in the queue.
    pub(crate) fn pop(&mut self) -> Option<(Duration, Frame)> {
        let (since, mut frame) = self.frames.pop_front()?;
        frame.dropped_before = std::mem::take(&mut self.dropped);
        Some((since.elapsed(), frame))
    }

    /// Adds to the `dropped_before` of the next frame: frames that were popped and then dropped by the sender.
    pub(crate) fn add_dropped(&mut self, frames: u32) {
        self.dropped = self.dropped.saturating_add(frames);
    }

    /// Drops the remaining frames and returns how many there were.
    pub(crate) fn clear(&mut self) -> usize {
        std::mem::take(&mut self.frames).len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vru_proto::v1::FrameId;

    fn frame(sequence: u64) -> Frame {
        Frame { id: Some(FrameId { sequence, ..FrameId::default() }), ..Frame::default() }
    }

    fn pop(queue: &mut LiveQueue) -> (u64, u32) {
        let (_, frame) = queue.pop().unwrap();
        (frame.id.unwrap().sequence, frame.dropped_before)
    }

    #[test]
    fn a_full_queue_drops_the_oldest_and_reports_it_in_the_next_frame() {
        let mut queue = LiveQueue::new(3);
        let dropped = (0..6).filter(|&sequence| queue.push(frame(sequence))).count();
        assert_eq!(dropped, 3);
        assert_eq!(pop(&mut queue), (3, 3));
        assert_eq!(pop(&mut queue), (4, 0));
        queue.add_dropped(1);
        assert_eq!(pop(&mut queue), (5, 1));
        assert!(queue.pop().is_none() && queue.is_empty());
    }
}
