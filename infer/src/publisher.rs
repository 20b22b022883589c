//! Results to Kafka. A frame is done with when all that it gave is acknowledged; only then may its offset be committed.

mod delivery;

use std::sync::Arc;

use bytes::Bytes;
use prost::Message as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vru_proto::v1;
use vru_runtime::dead_letter::DeadLetters;
use vru_runtime::kafka::{Committer, Record, Topics};
use vru_runtime::trace;

use crate::failure::Failure;
use crate::frame::Job;
use crate::lease::Lease;
use crate::metrics::{DUPLICATE, REVOKED, SENT, SENT_ALERTS, SENT_OBJECTS, dropped};
use crate::offsets::{Offsets, Ticket};
use delivery::{Delivery, Letter};

/// Frames whose results Kafka may owe an acknowledgement. While it is away no more than these are held.
const MAX_UNACKNOWLEDGED: usize = 256;
/// Results that wait to be sent.
const OUTBOX: usize = 32;

/// What a frame gave.
#[derive(Debug)]
pub struct Outcome {
    /// The frame.
    pub job: Job,
    /// What was found in it; none where that was published before.
    pub detections: Option<v1::FrameDetections>,
    /// What the rules say to it.
    pub alerts: Vec<v1::Alert>,
}

/// A record that cannot be used.
#[derive(Debug)]
pub struct Reject {
    /// As it came.
    pub record: Record,
    /// To be completed when the dead letter is acknowledged.
    pub ticket: Ticket,
    /// A short bounded word.
    pub kind: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

#[derive(Debug)]
enum ToPublisher {
    Outcome(Box<Outcome>),
    Reject(Box<Reject>),
}

/// Where results are put. Putting waits while Kafka is slow: that is what holds everything before it back.
#[derive(Debug, Clone)]
pub struct Outbox {
    queue: mpsc::Sender<ToPublisher>,
}

impl Outbox {
    /// Publishes what a frame gave. For threads that may block. Where the publisher has ended the frame stays undone.
    pub fn publish_blocking(&self, outcome: Outcome) {
        drop(self.queue.blocking_send(ToPublisher::Outcome(Box::new(outcome))));
    }

    /// Sends a record to the dead letters. For threads that may block.
    pub fn reject_blocking(&self, reject: Reject) {
        drop(self.queue.blocking_send(ToPublisher::Reject(Box::new(reject))));
    }

    /// Sends a record to the dead letters.
    pub async fn reject(&self, reject: Reject) {
        drop(self.queue.send(ToPublisher::Reject(Box::new(reject))).await);
    }
}

/// What a publisher works with.
pub struct PublisherContext {
    /// Sends.
    pub producer: vru_runtime::kafka::Producer,
    /// Takes what cannot be used.
    pub letters: DeadLetters,
    /// Where to.
    pub topics: Topics,
    /// Told what is done with.
    pub offsets: Arc<Offsets>,
    /// Says whether the partitions are still ours.
    pub lease: Arc<Lease>,
    /// Told when Kafka refuses for good.
    pub failure: Failure,
    /// When to stop waiting for anything.
    pub hard: CancellationToken,
}

/// Sends results in the order in which they come, and waits for the acknowledgements side by side.
pub struct Publisher {
    cx: PublisherContext,
    delivery: Delivery,
    queue: mpsc::Receiver<ToPublisher>,
    unacknowledged: Arc<Semaphore>,
    waiting: TaskTracker,
}

impl Publisher {
    /// A publisher and its outbox.
    pub fn new(cx: PublisherContext) -> (Self, Outbox) {
        let (queue_tx, queue) = mpsc::channel(OUTBOX);
        let delivery = Delivery::new(cx.producer.clone(), cx.hard.clone());
        let unacknowledged = Arc::new(Semaphore::new(MAX_UNACKNOWLEDGED));
        let publisher = Self { cx, delivery, queue, unacknowledged, waiting: TaskTracker::new() };
        (publisher, Outbox { queue: queue_tx })
    }

    /// Until all outboxes are gone and everything is acknowledged, or the hard stop. `committer` is the group member's.
    pub async fn run(mut self, committer: Committer) {
        loop {
            let next = tokio::select! {
                next = self.queue.recv() => next,
                () = self.cx.hard.cancelled() => None,
            };
            let Some(next) = next else { break };
            let permit = tokio::select! {
                permit = self.unacknowledged.clone().acquire_owned() => permit,
                () = self.cx.hard.cancelled() => break,
            };
            let Ok(permit) = permit else { break };
            if !self.cx.lease.confirm(&committer, &self.cx.offsets, &self.cx.hard).await {
                break;
            }
            match next {
                ToPublisher::Outcome(outcome) => self.publish(*outcome, permit).await,
                ToPublisher::Reject(reject) => self.reject(*reject, permit),
            }
        }
        self.waiting.close();
        tokio::select! {
            () = self.waiting.wait() => {}
            () = self.cx.hard.cancelled() => {}
        }
    }

    async fn publish(&self, outcome: Outcome, permit: OwnedSemaphorePermit) {
        let Outcome { job, detections, alerts } = outcome;
        if !self.cx.offsets.holds(&job.ticket) {
            // Its partition's new owner has seen it, or will; behind newer ones it would break the camera's order.
            return dropped(job.key.camera.as_str(), REVOKED, 1);
        }
        let key = job.key.camera.to_string();
        let headers = trace::headers(&job.span);
        let letter = |topic: &str, payload: Bytes| Letter {
            topic: topic.to_owned(),
            key: key.clone(),
            payload,
            headers: headers.clone(),
        };
        let mut pending = Vec::with_capacity(1 + alerts.len());
        let objects = detections.as_ref().map(|detections| detections.objects.len() as u64);
        if let Some(detections) = detections {
            let full = letter(&self.cx.topics.detections, detections.encode_to_vec().into());
            pending.push(self.delivery.enqueue(full, None).await);
        }
        let alert_count = alerts.len() as u64;
        for alert in alerts {
            // What is sent instead where Kafka finds the snapshot too large.
            let bare = v1::Alert { snapshot: Bytes::new(), ..alert.clone() };
            let full = letter(&self.cx.topics.alerts, alert.encode_to_vec().into());
            pending.push(self.delivery.enqueue(full, Some(bare.encode_to_vec().into())).await);
        }
        let offsets = self.cx.offsets.clone();
        let failure = self.cx.failure.clone();
        let delivery = self.delivery.clone();
        self.waiting.spawn(async move {
            let _permit = permit;
            for sent in pending {
                match delivery.acknowledged(sent).await {
                    Ok(true) => {}
                    // Stopped: the frame stays undone, and is seen again.
                    Ok(false) => return,
                    Err(error) => return failure.report(error),
                }
            }
            let camera = job.key.camera.as_str();
            match objects {
                Some(objects) => {
                    SENT.with_label_values(&[camera]).inc();
                    SENT_OBJECTS.with_label_values(&[camera]).inc_by(objects);
                }
                None => dropped(camera, DUPLICATE, 1),
            }
            SENT_ALERTS.with_label_values(&[camera]).inc_by(alert_count);
            offsets.complete(&job.ticket);
        });
    }

    fn reject(&self, reject: Reject, permit: OwnedSemaphorePermit) {
        let letters = self.cx.letters.clone();
        let offsets = self.cx.offsets.clone();
        let hard = self.cx.hard.clone();
        self.waiting.spawn(async move {
            let _permit = permit;
            let Reject { record, ticket, kind, reason } = reject;
            if !offsets.holds(&ticket) {
                return;
            }
            if letters.send(&record, kind, &reason, &hard).await {
                offsets.complete(&ticket);
            }
        });
    }
}
