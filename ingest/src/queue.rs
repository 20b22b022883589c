//! A live camera's queue in front of the producer: the only place in ingest that drops frames for lack of room.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::Notify;
use vru_proto::v1::Frame;

use crate::metrics::{self, KAFKA_DOWN, QUEUE_FULL};

/// A bounded queue. When it is full, a new frame drops the oldest.
#[derive(Debug)]
pub struct LiveQueue {
    camera: String,
    capacity: usize,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<(Instant, Frame)>,
    /// Frames dropped since the last frame was popped.
    dropped: u32,
    /// The acknowledgement of a frame in flight is overdue.
    stuck: bool,
    closed: bool,
}

impl LiveQueue {
    pub fn new(camera: &str, capacity: usize) -> Self {
        Self { camera: camera.to_owned(), capacity: capacity.max(1), state: Mutex::default(), changed: Notify::new() }
    }

    /// Adds a frame; never waits. After `close`, the frame is dropped.
    pub fn push(&self, frame: Frame) {
        let mut state = self.state.lock();
        if state.closed {
            drop(state);
            metrics::dropped(&self.camera, metrics::STOPPED, 1);
            return;
        }
        if state.frames.len() == self.capacity {
            state.frames.pop_front();
            state.dropped = state.dropped.saturating_add(1);
            metrics::dropped(&self.camera, if state.stuck { KAFKA_DOWN } else { QUEUE_FULL }, 1);
        }
        state.frames.push_back((Instant::now(), frame));
        drop(state);
        self.changed.notify_one();
    }

    /// Waits for the oldest frame and sets its `dropped_before`. Returns it with the time that it spent in the queue; `None`
    /// when the queue is closed and empty.
    pub async fn pop(&self) -> Option<(Duration, Frame)> {
        loop {
            {
                let mut state = self.state.lock();
                if let Some((since, mut frame)) = state.frames.pop_front() {
                    frame.dropped_before = std::mem::take(&mut state.dropped);
                    return Some((since.elapsed(), frame));
                }
                if state.closed {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    /// While stuck, drops are counted as `kafka_down` instead of `queue_full`.
    pub fn set_stuck(&self, stuck: bool) {
        self.state.lock().stuck = stuck;
    }

    pub fn is_stuck(&self) -> bool {
        self.state.lock().stuck
    }

    /// Adds to the `dropped_before` of the next frame: frames that were popped and then dropped by the sender.
    pub fn add_dropped(&self, frames: u32) {
        let mut state = self.state.lock();
        state.dropped = state.dropped.saturating_add(frames);
    }

    /// Refuses new frames; frames in the queue can still be popped.
    pub fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_one();
    }

    /// Drops the remaining frames and returns how many there were.
    pub fn clear(&self) -> usize {
        let left = std::mem::take(&mut self.state.lock().frames).len();
        metrics::dropped(&self.camera, metrics::STOPPED, left as u64);
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vru_proto::v1::FrameId;

    fn frame(sequence: u64) -> Frame {
        Frame { id: Some(FrameId { sequence, ..FrameId::default() }), ..Frame::default() }
    }

    async fn pop(queue: &LiveQueue) -> (u64, u32) {
        let (_, frame) = queue.pop().await.unwrap();
        (frame.id.unwrap().sequence, frame.dropped_before)
    }

    #[tokio::test]
    async fn a_full_queue_drops_the_oldest_and_reports_it_in_the_next_frame() {
        let queue = LiveQueue::new("queue-test", 3);
        for sequence in 0..5 {
            queue.push(frame(sequence));
        }
        assert_eq!(metrics::DROPPED.with_label_values(&["queue-test", QUEUE_FULL]).get(), 2);
        queue.set_stuck(true);
        queue.push(frame(5));
        assert_eq!(metrics::DROPPED.with_label_values(&["queue-test", KAFKA_DOWN]).get(), 1);
        assert_eq!(pop(&queue).await, (3, 3));
        assert_eq!(pop(&queue).await, (4, 0));
        queue.add_dropped(1);
        assert_eq!(pop(&queue).await, (5, 1));
    }

    #[tokio::test]
    async fn a_closed_queue_returns_its_remaining_frames_and_then_none() {
        let queue = LiveQueue::new("queue-close", 3);
        queue.push(frame(7));
        queue.close();
        queue.push(frame(8));
        assert_eq!(pop(&queue).await.0, 7);
        assert!(queue.pop().await.is_none());
        assert_eq!(metrics::DROPPED.with_label_values(&["queue-close", metrics::STOPPED]).get(), 1);
    }

    #[tokio::test]
    async fn push_wakes_a_waiting_pop() {
        let queue = std::sync::Arc::new(LiveQueue::new("queue-wake", 3));
        let waiter = tokio::spawn({
            let queue = queue.clone();
            async move { queue.pop().await.unwrap().1 }
        });
        tokio::task::yield_now().await;
        queue.push(frame(1));
        assert_eq!(waiter.await.unwrap().id.unwrap().sequence, 1);
    }
}
