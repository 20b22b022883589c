//! Sends the frames of a live camera to Kafka.
//!
//! No task is involved: the thread that produces a frame gives it to the producer at once while few frames are unacknowledged, and
//! the producer's thread, which receives the acknowledgements, sends what had to wait. For a camera that is passed through, every
//! hand-over to another thread costs as much as the rest of the work on a frame.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::Notify;
use vru_proto::CameraId;
use vru_proto::v1::{Delivery, Frame};
use vru_runtime::report::chain;

use crate::config::LiveConfig;
use crate::metrics::{self, KAFKA_DOWN, QUEUE_FULL};
use crate::publisher::{Delivered, FramePublisher, PublishError, Reply};
use crate::queue::LiveQueue;

/// One camera's way to Kafka. It outlives the camera's connections.
#[derive(Debug)]
pub struct LiveSender {
    camera: CameraId,
    publisher: Arc<dyn FramePublisher>,
    max_in_flight: usize,
    message_timeout: Duration,
    state: Mutex<State>,
    /// Notified when a closed sender has nothing left to send.
    finished: Notify,
}

#[derive(Debug)]
struct State {
    queue: LiveQueue,
    /// In the order of sending. A camera is one partition, so acknowledgements come in this order too, unless the producer is replaced.
    in_flight: VecDeque<InFlight>,
    next_ticket: u64,
    /// The acknowledgement of a frame in flight is overdue.
    overdue: bool,
    closed: bool,
}

/// A frame that is sent and not yet acknowledged. It is never given up: Kafka may still store it, and then it would be counted as
/// dropped although it is there.
#[derive(Debug, Clone, Copy)]
struct InFlight {
    ticket: u64,
    sent_at: Instant,
    dropped_before: u32,
    bytes: usize,
}

impl State {
    fn is_finished(&self) -> bool {
        self.closed && self.queue.is_empty() && self.in_flight.is_empty()
    }
}

impl LiveSender {
    pub fn new(camera: CameraId, publisher: Arc<dyn FramePublisher>, live: &LiveConfig) -> Arc<Self> {
        let state = State {
            queue: LiveQueue::new(live.queue_frames),
            in_flight: VecDeque::new(),
            next_ticket: 0,
            overdue: false,
            closed: false,
        };
        Arc::new(Self {
            camera,
            publisher,
            max_in_flight: live.in_flight,
            message_timeout: live.message_timeout,
            state: Mutex::new(state),
            finished: Notify::new(),
        })
    }

    pub fn camera(&self) -> &CameraId {
        &self.camera
    }

    /// Sends a frame, or queues it while `live.in_flight` frames are unacknowledged. Never waits. After `close`, the frame is dropped.
    pub fn push(self: &Arc<Self>, frame: Frame) {
        debug_assert_eq!(frame.delivery(), Delivery::Live, "files have no queue");
        let mut state = self.state.lock();
        if state.closed {
            drop(state);
            metrics::dropped(self.camera.as_str(), metrics::STOPPED, 1);
            return;
        }
        if state.queue.push(frame) {
            metrics::dropped(self.camera.as_str(), if state.overdue { KAFKA_DOWN } else { QUEUE_FULL }, 1);
        }
        self.send_queued(&mut state);
    }

    fn send_queued(self: &Arc<Self>, state: &mut State) {
        while state.in_flight.len() < self.max_in_flight {
            let Some((waited, frame)) = state.queue.pop() else { break };
            metrics::QUEUE_SECONDS.with_label_values(&[self.camera.as_str()]).observe(waited.as_secs_f64());
            let ticket = state.next_ticket;
            state.next_ticket += 1;
            let sent = InFlight {
                ticket,
                sent_at: Instant::now(),
                dropped_before: frame.dropped_before,
                bytes: frame.payload.len(),
            };
            let sender = self.clone();
            let reply = Reply::new(move |result| sender.completed(ticket, &result));
            match self.publisher.send(frame, reply) {
                Ok(()) => state.in_flight.push_back(sent),
                Err(error) => self.account(state, sent, &Err(error)),
            }
        }
    }

    fn completed(self: &Arc<Self>, ticket: u64, result: &Result<Delivered, PublishError>) {
        let mut state = self.state.lock();
        let Some(at) = state.in_flight.iter().position(|sent| sent.ticket == ticket) else { return };
        let sent = state.in_flight.remove(at).expect("the position was just found");
        state.overdue = false;
        self.account(&mut state, sent, result);
        self.send_queued(&mut state);
        if state.is_finished() {
            drop(state);
            self.finished.notify_one();
        }
    }

    /// Counts a frame as sent or as dropped. A dropped frame also loses its `dropped_before`, which the next frame then reports.
    fn account(&self, state: &mut State, sent: InFlight, result: &Result<Delivered, PublishError>) {
        let camera = self.camera.as_str();
        match result {
            Ok(_) => {
                metrics::SENT.with_label_values(&[camera]).inc();
                metrics::SENT_BYTES.with_label_values(&[camera]).inc_by(sent.bytes as u64);
                metrics::PUBLISH_SECONDS.with_label_values(&[camera]).observe(sent.sent_at.elapsed().as_secs_f64());
            }
            Err(error) => {
                state.queue.add_dropped(sent.dropped_before.saturating_add(1));
                metrics::dropped(camera, error.reason(), 1);
                tracing::debug!(camera, error = %chain(error), "frame dropped");
            }
        }
    }

    /// Reports overdue acknowledgements to the publisher; never returns.
    pub async fn watch_acknowledgements(&self) {
        loop {
            tokio::time::sleep_until(self.check_overdue().into()).await;
        }
    }

    /// Returns when to check again.
    fn check_overdue(&self) -> Instant {
        let now = Instant::now();
        let mut state = self.state.lock();
        let overdue_at = match state.in_flight.front() {
            Some(sent) if !state.overdue => sent.sent_at + self.message_timeout,
            // The next acknowledgement ends the state; until then, nothing can become overdue.
            _ => return now + self.message_timeout,
        };
        if overdue_at > now {
            return overdue_at;
        }
        state.overdue = true;
        drop(state);
        self.publisher.acknowledgement_is_overdue();
        now + self.message_timeout
    }

    /// Refuses new frames; frames in the queue are still sent.
    pub fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        if state.is_finished() {
            drop(state);
            self.finished.notify_one();
        }
    }

    /// After `close`: waits until every frame is acknowledged or refused.
    pub async fn finished(&self) {
        while !self.state.lock().is_finished() {
            self.finished.notified().await;
        }
    }

    /// Drops the frames that wait, and returns how many there were. Those in flight are still counted when their outcome is known.
    pub fn drop_queued(&self) -> usize {
        let dropped = self.state.lock().queue.clear();
        metrics::dropped(self.camera.as_str(), metrics::STOPPED, dropped as u64);
        dropped
    }
}

#[cfg(test)]
mod tests;
