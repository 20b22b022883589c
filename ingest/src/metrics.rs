//! The metrics of ingest.

use std::sync::LazyLock;

use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec};
use vru_runtime::metrics::{counter_vec, gauge_vec, seconds_vec};

/// The queue was full: the producer is slower than the camera.
pub const QUEUE_FULL: &str = "queue_full";
/// Kafka did not take the frame in time.
pub const KAFKA_DOWN: &str = "kafka_down";
/// Larger than Kafka allows.
pub const TOO_LARGE: &str = "too_large";
/// Kafka refused the frame for good.
pub const REJECTED: &str = "rejected";
/// The camera was stopped before the frame was sent.
pub const STOPPED: &str = "stopped";
/// Access units before the first key frame of a connection.
pub const BEFORE_KEY_FRAME: &str = "before_key_frame";
/// Access units that lack packets, and those that build on them, up to the next whole key frame.
pub const PACKETS_LOST: &str = "packets_lost";
/// Access units that the decoder gave no picture for.
pub const UNDECODABLE: &str = "undecodable";
/// Access units that were still in the decoder when the connection ended.
pub const LEFT_INSIDE: &str = "left_inside";

/// Frames at the end of a camera's pipeline.
pub static RECEIVED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "ingest_received_frames_total",
        "Frames that left a camera's pipeline and got a sequence number.",
        &["camera"],
    )
});
/// Frames that Kafka acknowledged.
pub static SENT: LazyLock<IntCounterVec> =
    LazyLock::new(|| counter_vec("ingest_sent_frames_total", "Frames that Kafka acknowledged.", &["camera"]));
/// Their payloads.
pub static SENT_BYTES: LazyLock<IntCounterVec> =
    LazyLock::new(|| counter_vec("ingest_sent_bytes_total", "Payload bytes of acknowledged frames.", &["camera"]));
/// Frames that were dropped.
pub static DROPPED: LazyLock<IntCounterVec> =
    LazyLock::new(|| counter_vec("ingest_dropped_frames_total", "Frames dropped, by reason.", &["camera", "reason"]));
/// Access units that came before anything could be decoded.
pub static SKIPPED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "ingest_skipped_units_total",
        "Access units that never became frames, by reason.",
        &["camera", "reason"],
    )
});
/// Connections that ended by an error.
pub static ERRORS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec("ingest_errors_total", "Connections that failed, by kind of error.", &["camera", "kind"])
});
/// Connections opened.
pub static SESSIONS: LazyLock<IntCounterVec> =
    LazyLock::new(|| counter_vec("ingest_sessions_total", "Connections that gave at least one frame.", &["camera"]));
/// Whether frames flow.
pub static CONNECTED: LazyLock<IntGaugeVec> =
    LazyLock::new(|| gauge_vec("ingest_camera_connected", "1 while frames flow from the camera.", &["camera"]));
/// Cameras' clocks that were set.
pub static CLOCK_JUMPS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec("ingest_clock_jumps_total", "Times that a camera's clock was set while it sent.", &["camera"])
});
/// Packets that the network lost.
pub static LOST_PACKETS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec("ingest_lost_packets_total", "RTP packets of a camera that never came, or too late.", &["camera"])
});
/// Time from arrival to Kafka's acknowledgement.
pub static PUBLISH_SECONDS: LazyLock<HistogramVec> = LazyLock::new(|| {
    seconds_vec("ingest_publish_seconds", "From the end of the pipeline to Kafka's acknowledgement.", &["camera"])
});
/// Time in the camera's queue.
pub static QUEUE_SECONDS: LazyLock<HistogramVec> =
    LazyLock::new(|| seconds_vec("ingest_queue_seconds", "Time that frames wait for the producer.", &["camera"]));
/// RTSP requests to the push server.
pub static PUSH_REQUESTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "ingest_push_requests_total",
        "Requests to the RTSP server, by method and status.",
        &["method", "status"],
    )
});
/// Connections to the push server.
pub static PUSH_CONNECTIONS: LazyLock<IntGaugeVec> =
    LazyLock::new(|| gauge_vec("ingest_push_connections", "Open connections to the RTSP server.", &["transport"]));

/// Makes every metric known, so that `/metrics` shows them before anything happened.
pub fn register() {
    LazyLock::force(&RECEIVED);
    LazyLock::force(&SENT);
    LazyLock::force(&SENT_BYTES);
    LazyLock::force(&DROPPED);
    LazyLock::force(&SKIPPED);
    LazyLock::force(&ERRORS);
    LazyLock::force(&SESSIONS);
    LazyLock::force(&CONNECTED);
    LazyLock::force(&CLOCK_JUMPS);
    LazyLock::force(&LOST_PACKETS);
    LazyLock::force(&PUBLISH_SECONDS);
    LazyLock::force(&QUEUE_SECONDS);
    LazyLock::force(&PUSH_REQUESTS);
    LazyLock::force(&PUSH_CONNECTIONS);
}

/// Counts dropped frames.
pub fn dropped(camera: &str, reason: &str, frames: u64) {
    DROPPED.with_label_values(&[camera, reason]).inc_by(frames);
}
