//! Sends the frames of a live camera from its queue to Kafka.

use std::collections::VecDeque;
use std::time::Instant;

use futures::StreamExt as _;
use futures::stream::FuturesOrdered;
use vru_proto::CameraId;
use vru_proto::v1::Delivery;
use vru_runtime::clock::sleep_until;
use vru_runtime::report::chain;

use crate::config::LiveConfig;
use crate::metrics;
use crate::publisher::{Delivered, FramePublisher, PublishError};
use crate::queue::LiveQueue;

/// Runs until the queue is closed and empty, and every frame is acknowledged or refused.
///
/// It takes frames from the queue while fewer than `live.in_flight` are unacknowledged. A frame in flight is never given up:
/// Kafka may still store it, and then it would be counted as dropped although it is there.
pub(crate) async fn run(id: &CameraId, queue: &LiveQueue, publisher: &dyn FramePublisher, live: &LiveConfig) {
    let camera = id.as_str();
    // A camera is one partition, so acknowledgements come in the order of sending. `sent_at` runs in parallel.
    let (mut in_flight, mut sent_at) = (FuturesOrdered::new(), VecDeque::new());
    loop {
        let overdue_at = sent_at.front().filter(|_| !queue.is_stuck()).map(|at: &Instant| *at + live.message_timeout);
        tokio::select! {
            biased;
            Some((result, dropped_before, bytes)) = in_flight.next() => {
                let at = sent_at.pop_front().expect("there is a time for each frame in flight");
                queue.set_stuck(false);
                account(camera, queue, &result, dropped_before, bytes, at);
            }
            () = sleep_until(overdue_at) => {
                queue.set_stuck(true);
                publisher.acknowledgement_is_overdue();
            }
            popped = queue.pop(), if in_flight.len() < live.in_flight => {
                let Some((waited, frame)) = popped else { break };
                debug_assert_eq!(frame.delivery(), Delivery::Live, "files have no queue");
                metrics::QUEUE_SECONDS.with_label_values(&[camera]).observe(waited.as_secs_f64());
                let (dropped_before, bytes, at) = (frame.dropped_before, frame.payload.len(), Instant::now());
                match publisher.send(frame) {
                    Ok(acknowledgement) => {
                        sent_at.push_back(at);
                        in_flight.push_back(async move { (acknowledgement.await, dropped_before, bytes) });
                    }
                    Err(error) => account(camera, queue, &Err(error), dropped_before, bytes, at),
                }
            }
        }
    }
    while let Some((result, dropped_before, bytes)) = in_flight.next().await {
        let at = sent_at.pop_front().expect("there is a time for each frame in flight");
        account(camera, queue, &result, dropped_before, bytes, at);
    }
}

/// Counts a frame as sent or as dropped. A dropped frame also loses its `dropped_before`, which the next frame then reports.
fn account(
    camera: &str,
    queue: &LiveQueue,
    result: &Result<Delivered, PublishError>,
    dropped_before: u32,
    bytes: usize,
    sent_at: Instant,
) {
    match result {
        Ok(_) => {
            metrics::SENT.with_label_values(&[camera]).inc();
            metrics::SENT_BYTES.with_label_values(&[camera]).inc_by(bytes as u64);
            metrics::PUBLISH_SECONDS.with_label_values(&[camera]).observe(sent_at.elapsed().as_secs_f64());
        }
        Err(error) => {
            queue.add_dropped(dropped_before.saturating_add(1));
            metrics::dropped(camera, error.reason(), 1);
            tracing::debug!(camera, error = %chain(error), "frame dropped");
        }
    }
}
