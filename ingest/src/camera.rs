//! One camera: `run` opens it for ever, `run_once` is one connection.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::stream::FuturesOrdered;
use tokio_util::sync::CancellationToken;
use vru_media::pipeline_set::PipelineSet;
use vru_proto::CameraId;
use vru_proto::v1::camera_config::Source;
use vru_proto::v1::{CameraConfig, Delivery};
use vru_runtime::clock::{self, sleep_until};
use vru_runtime::report::chain;
use vru_runtime::retry::{Backoff, Retryable as _};

use crate::config::{IngestConfig, LiveConfig};
use crate::error::SourceError;
use crate::metrics;
use crate::publisher::{Delivered, PublishError, Publisher};
use crate::queue::LiveQueue;
use crate::source::push::Hub;
use crate::source::{Connection, Outlet, OutputPlan, file, pull, push};

/// How long a camera that is stopped may still send what is in its queue.
const DRAIN: Duration = Duration::from_secs(2);

/// What all cameras share.
#[derive(Debug, Clone)]
pub struct Shared {
    /// The limits.
    pub config: Arc<IngestConfig>,
    /// Where frames go.
    pub publisher: Arc<dyn Publisher>,
    /// Where cameras that push arrive.
    pub hub: Arc<Hub>,
    /// The pipelines that cameras can use.
    pub pipelines: Arc<PipelineSet>,
}

/// Opens the camera, again and again, until stopped.
pub async fn run(id: CameraId, camera: Arc<CameraConfig>, shared: Shared, stop: CancellationToken) {
    let queue = Arc::new(LiveQueue::new(id.as_str(), shared.config.live.queue_frames));
    let sender = {
        let (id, queue, shared) = (id.clone(), queue.clone(), shared.clone());
        tokio::spawn(async move { send(&id, &queue, shared.publisher.as_ref(), &shared.config.live).await })
    };
    let mut backoff = Backoff::new(shared.config.live.backoff);
    let mut last_session = 0;
    while !stop.is_cancelled() {
        let started = Instant::now();
        // Later sessions have larger numbers, even when the clock was set back.
        let session = clock::now_us().unsigned_abs().max(last_session + 1);
        last_session = session;
        let Err(error) = run_once(&id, &camera, session, &queue, &shared, &stop).await else { break };
        if stop.is_cancelled() {
            break;
        }
        metrics::ERRORS.with_label_values(&[id.as_str(), error.kind()]).inc();
        if started.elapsed() > shared.config.live.backoff.max {
            backoff.reset();
        }
        let retryable = error.is_retryable();
        tracing::warn!(session, attempt = backoff.attempts(), retryable, error = %chain(&error), "camera failed, opening it again");
        let waited = if retryable { backoff.wait(&stop).await } else { rest(&shared, &stop).await };
        if !waited {
            break;
        }
    }
    queue.close();
    drain(&id, &queue, sender).await;
}

/// What only a person can mend is tried at the slowest pace.
async fn rest(shared: &Shared, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(shared.config.live.backoff.max) => true,
    }
}

async fn drain(id: &CameraId, queue: &LiveQueue, sender: tokio::task::JoinHandle<()>) {
    if tokio::time::timeout(DRAIN, sender).await.is_err() {
        // The few that are on their way are still waited for, by the sender alone: each is sent or counted.
        let dropped = queue.clear();
        tracing::warn!(camera = %id, dropped, "stopped before everything was sent");
    }
}

/// One connection, until it fails or is stopped (Ok).
async fn run_once(
    id: &CameraId,
    camera: &CameraConfig,
    session: u64,
    queue: &Arc<LiveQueue>,
    shared: &Shared,
    stop: &CancellationToken,
) -> Result<(), SourceError> {
    let plan = OutputPlan::new(camera.output.as_ref(), &shared.pipelines)?;
    let connection = Connection { camera: id.clone(), plan, config: shared.config.clone() };
    let outlet =
        |session| Arc::new(Outlet::new(id.clone(), session, queue.clone(), shared.config.live.clock_tolerance));
    match &camera.source {
        Some(Source::Pull(source)) => pull::stream(source, &connection, outlet(session), stop).await,
        Some(Source::Push(source)) => push::stream(source, &connection, &shared.hub, outlet, stop).await,
        Some(Source::File(source)) => file::stream(source, &connection, shared.publisher.as_ref(), stop).await,
        None => {
            // Configurations are validated where they enter; one without a source never comes here.
            stop.cancelled().await;
            Ok(())
        }
    }
}

/// Takes frames from the queue as long as few enough are on their way. What is on its way is never given up: it may arrive
/// although nobody waits any more, and a frame would be counted as dropped that is there.
async fn send(id: &CameraId, queue: &LiveQueue, publisher: &dyn Publisher, live: &LiveConfig) {
    let name = id.as_str();
    // A camera is one partition, so its answers come in order. Beside it, when each was sent.
    let (mut sending, mut sent) = (FuturesOrdered::new(), VecDeque::new());
    loop {
        let late = sent.front().filter(|_| !queue.is_stuck()).map(|since: &Instant| *since + live.message_timeout);
        tokio::select! {
            biased;
            Some((answer, told, bytes)) = sending.next() => {
                let since = sent.pop_front().expect("one for each that is on its way");
                queue.set_stuck(false);
                settle(name, queue, &answer, told, bytes, since);
            }
            () = sleep_until(late) => {
                queue.set_stuck(true);
                publisher.is_late();
            }
            popped = queue.pop(), if sending.len() < live.in_flight => {
                let Some((waited, frame)) = popped else { break };
                debug_assert_eq!(frame.delivery(), Delivery::Live, "files have no queue");
                metrics::QUEUE_SECONDS.with_label_values(&[name]).observe(waited.as_secs_f64());
                let (told, bytes, since) = (frame.dropped_before, frame.payload.len(), Instant::now());
                match publisher.send(frame) {
                    Ok(answer) => {
                        sent.push_back(since);
                        sending.push_back(async move { (answer.await, told, bytes) });
                    }
                    Err(error) => settle(name, queue, &Err(error), told, bytes, since),
                }
            }
        }
    }
    while let Some((answer, told, bytes)) = sending.next().await {
        let since = sent.pop_front().expect("one for each that is on its way");
        settle(name, queue, &answer, told, bytes, since);
    }
}

fn settle(
    name: &str,
    queue: &LiveQueue,
    answer: &Result<Delivered, PublishError>,
    told: u32,
    bytes: usize,
    since: Instant,
) {
    match answer {
        Ok(_) => {
            metrics::SENT.with_label_values(&[name]).inc();
            metrics::SENT_BYTES.with_label_values(&[name]).inc_by(bytes as u64);
            metrics::PUBLISH_SECONDS.with_label_values(&[name]).observe(since.elapsed().as_secs_f64());
        }
        Err(error) => {
            queue.lost(told.saturating_add(1));
            metrics::dropped(name, error.reason(), 1);
            tracing::debug!(camera = name, error = %chain(error), "frame dropped");
        }
    }
}
