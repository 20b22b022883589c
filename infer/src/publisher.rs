//! Publishes results to Kafka. A frame is complete when all of its results are acknowledged; only then may its offset be
//! committed.

mod alert_counts;
mod sender;
mod shrink;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use prost::Message as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vru_proto::{CameraId, v1};
use vru_runtime::dead_letter::DeadLetters;
use vru_runtime::failure::Failure;
use vru_runtime::kafka::{Producer, Record, Topics};
use vru_runtime::trace;

use crate::frame::FrameJob;
use crate::lease::{Lease, Member};
use crate::live::{LiveStates, live_alert};
use crate::metrics::{DUPLICATE, REVOKED, SENT, SENT_OBJECTS, count_dropped};
use crate::offsets::{Assigned, Offsets, Ticket};
use alert_counts::AlertCounts;
use sender::{RecordSender, ResultRecord, Sent};
use shrink::ResultKind;

/// The most frames with unacknowledged results. Bounds the memory while Kafka is away.
const MAX_UNACKNOWLEDGED: usize = 256;
/// The most results that wait to be sent.
const QUEUE_LEN: usize = 32;

/// The results of one frame.
#[derive(Debug)]
pub struct FrameResult {
    pub job: FrameJob,
    /// `None` if the frame's detections were published before.
    pub detections: Option<v1::FrameDetections>,
    pub alerts: Vec<v1::Alert>,
}

/// A record for the dead letters.
#[derive(Debug)]
pub struct RejectedRecord {
    /// The record as received.
    pub record: Record,
    /// Completed when the dead letter is acknowledged.
    pub ticket: Ticket,
    /// One of a few fixed words, for the label `kind`.
    pub kind: &'static str,
    /// What is wrong with the record.
    pub reason: String,
}

/// Ends of alerts that belong to no frame.
#[derive(Debug)]
pub struct Ends {
    pub camera: CameraId,
    pub alerts: Vec<v1::Alert>,
    /// The assignment by which this worker may speak for the camera.
    pub assigned: Assigned,
}

#[derive(Debug)]
enum Request {
    Publish(Box<FrameResult>),
    Reject(Box<RejectedRecord>),
    End(Box<Ends>, Arc<AtomicBool>),
}

/// What a test gets in place of Kafka.
#[cfg(test)]
#[derive(Debug)]
pub struct TestResults(mpsc::Receiver<Request>);

#[cfg(test)]
impl TestResults {
    /// Waits for the result of a frame, which must be the next one.
    pub fn frame(&mut self) -> FrameResult {
        match self.0.blocking_recv() {
            Some(Request::Publish(result)) => *result,
            other => panic!("no result of a frame: {other:?}"),
        }
    }

    /// Ends that were sent between frames, with the flag that tells that Kafka has acknowledged them.
    pub fn ends(&mut self) -> Option<(Ends, Arc<AtomicBool>)> {
        match self.0.try_recv().ok()? {
            Request::End(ends, acknowledged) => Some((*ends, acknowledged)),
            other => panic!("no ends: {other:?}"),
        }
    }
}

/// Sends requests to the [`Publisher`]. All methods wait while its queue is full: this is the backpressure on the earlier
/// stages. After the publisher has ended they do nothing, and the frame stays incomplete.
#[derive(Debug, Clone)]
pub struct PublisherHandle {
    queue: mpsc::Sender<Request>,
}

impl PublisherHandle {
    /// Publishes the results of a frame. Blocks the thread.
    pub fn publish_blocking(&self, result: FrameResult) {
        drop(self.queue.blocking_send(Request::Publish(Box::new(result))));
    }

    /// Publishes ends. Blocks the thread. The flag is set when Kafka has acknowledged all of them; until then nobody may rely on them.
    pub fn end_blocking(&self, ends: Ends) -> Arc<AtomicBool> {
        let acknowledged = Arc::new(AtomicBool::new(false));
        drop(self.queue.blocking_send(Request::End(Box::new(ends), acknowledged.clone())));
        acknowledged
    }

    /// Sends a record to the dead letters. Blocks the thread.
    pub fn reject_blocking(&self, rejected: RejectedRecord) {
        drop(self.queue.blocking_send(Request::Reject(Box::new(rejected))));
    }

    /// A handle whose results the test takes itself.
    #[cfg(test)]
    pub fn of_test() -> (Self, TestResults) {
        let (queue, requests) = mpsc::channel(QUEUE_LEN);
        (Self { queue }, TestResults(requests))
    }

    /// Sends a record to the dead letters.
    pub async fn reject(&self, rejected: RejectedRecord) {
        drop(self.queue.send(Request::Reject(Box::new(rejected))).await);
    }
}

/// What a [`Publisher`] works with.
pub struct PublisherContext {
    pub producer: Producer,
    pub dead_letters: DeadLetters,
    pub topics: Topics,
    /// Where completed frames are recorded.
    pub offsets: Arc<Offsets>,
    /// Confirms, after a pause of the process, that the partitions are still assigned to it.
    pub lease: Arc<Lease>,
    /// What cameras show now.
    pub live: LiveStates,
    /// Where a permanent refusal by Kafka is reported.
    pub failure: Failure,
    /// Cancelled when the publisher must end without waiting for acknowledgements.
    pub hard: CancellationToken,
}

/// Sends results in the order in which they come, and waits for their acknowledgements concurrently.
pub struct Publisher {
    cx: PublisherContext,
    sender: RecordSender,
    queue: mpsc::Receiver<Request>,
    unacknowledged: Arc<Semaphore>,
    acknowledgements: TaskTracker,
}

impl Publisher {
    pub fn new(cx: PublisherContext) -> (Self, PublisherHandle) {
        let (queue_tx, queue) = mpsc::channel(QUEUE_LEN);
        let sender = RecordSender::new(cx.producer.clone(), cx.hard.clone());
        let unacknowledged = Arc::new(Semaphore::new(MAX_UNACKNOWLEDGED));
        let publisher = Self { cx, sender, queue, unacknowledged, acknowledgements: TaskTracker::new() };
        (publisher, PublisherHandle { queue: queue_tx })
    }

    /// Runs until all handles are dropped and everything is acknowledged, or until the hard stop. `members` are the group
    /// members that consume the frames.
    pub async fn run(mut self, members: Vec<Member>) {
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
            if !self.cx.lease.confirm(&members, &self.cx.offsets, &self.cx.hard).await {
                break;
            }
            match next {
                Request::Publish(result) => self.publish(*result, permit).await,
                Request::End(ends, acknowledged) => self.end(*ends, acknowledged, permit).await,
                Request::Reject(rejected) => self.reject(*rejected, permit),
            }
        }
        self.acknowledgements.close();
        tokio::select! {
            () = self.acknowledgements.wait() => {}
            () = self.cx.hard.cancelled() => {}
        }
    }

    async fn publish(&self, result: FrameResult, permit: OwnedSemaphorePermit) {
        let FrameResult { job, detections, alerts } = result;
        if !self.cx.offsets.is_current(&job.ticket) {
            // The partition's new owner publishes this frame. Published here, behind newer frames, it would break the
            // camera's order.
            return count_dropped(job.key.camera.as_str(), REVOKED, 1);
        }
        let key = job.key.camera.to_string();
        let traceparent = trace::traceparent(&job.span);
        let record = |topic: &str, payload: Vec<u8>, kind: ResultKind| ResultRecord {
            topic: topic.to_owned(),
            key: key.clone(),
            payload: payload.into(),
            kind,
            cut_objects: 0,
            traceparent: traceparent.clone(),
        };
        let mut in_flight = Vec::with_capacity(1 + alerts.len());
        let objects = detections.as_ref().map(|detections| detections.objects.len() as u64);
        let shown = detections.as_ref().and_then(|detections| self.cx.live.shown(detections));
        if let Some(detections) = detections {
            let record = record(&self.cx.topics.detections, detections.encode_to_vec(), ResultKind::Detections);
            in_flight.push(self.sender.send(record).await);
        }
        let alert_counts = AlertCounts::of(&alerts);
        for alert in alerts {
            let record = record(&self.cx.topics.alerts, alert.encode_to_vec(), ResultKind::Alert);
            in_flight.push(self.sender.send(record).await);
        }
        let offsets = self.cx.offsets.clone();
        let failure = self.cx.failure.clone();
        let sender = self.sender.clone();
        let live = self.cx.live.clone();
        self.acknowledgements.spawn(async move {
            let _report = failure.on_panic("waiting for acknowledgements");
            let _permit = permit;
            let mut cut = 0;
            for record in in_flight {
                match sender.acknowledged(record).await {
                    Ok(Sent::Acknowledged { cut_objects }) => cut += cut_objects,
                    // After the hard stop the frame stays incomplete, and is read again.
                    Ok(Sent::Stopped) => return,
                    Err(error) => return failure.report(error),
                }
            }
            let camera = job.key.camera.as_str();
            match objects {
                Some(objects) => {
                    SENT.with_label_values(&[camera]).inc();
                    SENT_OBJECTS.with_label_values(&[camera]).inc_by(objects.saturating_sub(cut));
                }
                None => count_dropped(camera, DUPLICATE, 1),
            }
            alert_counts.add(camera);
            live.note(&job.key.camera, shown);
            offsets.complete(&job.ticket);
        });
    }

    async fn end(&self, ends: Ends, acknowledged: Arc<AtomicBool>, permit: OwnedSemaphorePermit) {
        let Ends { camera, alerts, assigned } = ends;
        if !self.cx.offsets.lasts(&assigned) {
            // The partition's new owner knows whether the camera sends frames.
            return;
        }
        let counts = AlertCounts::of(&alerts);
        let live = self.cx.live.clone();
        let ended: Vec<_> = alerts.iter().map(live_alert).collect();
        let mut in_flight = Vec::with_capacity(alerts.len());
        for alert in alerts {
            let record = ResultRecord {
                topic: self.cx.topics.alerts.clone(),
                key: camera.to_string(),
                payload: alert.encode_to_vec().into(),
                kind: ResultKind::Alert,
                cut_objects: 0,
                traceparent: None,
            };
            in_flight.push(self.sender.send(record).await);
        }
        let (failure, sender) = (self.cx.failure.clone(), self.sender.clone());
        self.acknowledgements.spawn(async move {
            let _report = failure.on_panic("waiting for acknowledgements");
            let _permit = permit;
            for record in in_flight {
                match sender.acknowledged(record).await {
                    Ok(Sent::Acknowledged { .. }) => {}
                    Ok(Sent::Stopped) => return,
                    Err(error) => return failure.report(error),
                }
            }
            counts.add(camera.as_str());
            live.ended(&camera, &ended);
            acknowledged.store(true, Ordering::Release);
        });
    }

    fn reject(&self, rejected: RejectedRecord, permit: OwnedSemaphorePermit) {
        let dead_letters = self.cx.dead_letters.clone();
        let offsets = self.cx.offsets.clone();
        let (hard, failure) = (self.cx.hard.clone(), self.cx.failure.clone());
        self.acknowledgements.spawn(async move {
            let _report = failure.on_panic("sending a dead letter");
            let _permit = permit;
            let RejectedRecord { record, ticket, kind, reason } = rejected;
            if !offsets.is_current(&ticket) {
                return;
            }
            if dead_letters.send(&record, kind, &reason, &hard).await {
                offsets.complete(&ticket);
            }
        });
    }
}
