//! The metrics of ingest.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use parking_lot::Mutex;
use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec};
use vru_runtime::metrics::{counter_vec, gauge_vec, seconds_vec};

// Reasons of dropped frames.

/// The camera's queue was full: frames come faster than the producer takes them.
pub const QUEUE_FULL: &str = "queue_full";
/// Kafka did not acknowledge frames in time, or the producer's own queue was full.
pub const KAFKA_DOWN: &str = "kafka_down";
/// The frame is larger than Kafka accepts.
pub const TOO_LARGE: &str = "too_large";
/// Kafka refused the frame for good.
pub const REJECTED: &str = "rejected";
/// The camera was stopped before the frame was sent.
pub const STOPPED: &str = "stopped";
/// The frame of a file cannot be decoded.
pub const DAMAGED: &str = "damaged";

// Reasons of skipped access units.

/// The unit came before the first key frame of a connection.
pub const BEFORE_KEY_FRAME: &str = "before_key_frame";
/// The unit lacks packets, or depends on such a unit; this lasts until the next complete key frame.
pub const PACKETS_LOST: &str = "packets_lost";
/// The JPEG's tables or its size were not sent, or its packets are wrong.
pub const REFUSED: &str = "refused";
/// The decoder returned no picture for the unit.
pub const UNDECODABLE: &str = "undecodable";
/// The unit was still in the decoder when the connection ended.
pub const LEFT_INSIDE: &str = "left_inside";

// Kinds of faults of files' positions.

/// Kafka did not accept a position. It is written again.
pub const WRITE: &str = "write";
/// A record that is not a position of its file: another program wrote it, or a later version.
pub const UNREADABLE: &str = "unreadable";
/// The topic does not have the frame where the position says.
pub const ELSEWHERE: &str = "elsewhere";
/// What is behind the position, or before the end of the topic, was not read in time.
pub const TIMEOUT: &str = "timeout";

pub static RECEIVED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "ingest_received_frames_total",
        "Frames that left a camera's pipeline and got a sequence number, by camera.",
        &["camera"],
    )
});
pub static SENT: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec("ingest_sent_frames_total", "Frames that Kafka acknowledged, by camera.", &["camera"])
});
pub static SENT_BYTES: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec("ingest_sent_bytes_total", "Payload bytes of frames that Kafka acknowledged, by camera.", &["camera"])
});
pub static DROPPED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "ingest_dropped_frames_total",
        "Frames dropped before Kafka, by camera and reason.",
        &["camera", "reason"],
    )
});
pub static SKIPPED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "ingest_skipped_units_total",
        "Access units that did not become frames, by camera and reason.",
        &["camera", "reason"],
    )
});
pub static SHRUNK: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "ingest_shrunk_frames_total",
        "Frames of files that were encoded again because Kafka does not accept so large a record, by camera.",
        &["camera"],
    )
});
pub static POSITION_FAULTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "ingest_file_position_faults_total",
        "Faults of what Kafka holds about how far a file is published, by camera and kind. Frames may then be published again.",
        &["camera", "kind"],
    )
});
pub static ERRORS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "ingest_errors_total",
        "Connections to cameras that failed, by camera and kind of error.",
        &["camera", "kind"],
    )
});
pub static SESSIONS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec("ingest_sessions_total", "Connections that delivered at least one frame, by camera.", &["camera"])
});
pub static CONNECTED: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    gauge_vec("ingest_camera_connected", "1 while the camera's connection delivers frames, else 0.", &["camera"])
});
pub static HUNG_PIPELINES: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    gauge_vec(
        "ingest_hung_pipelines",
        "Pipelines of earlier connections that hang while they shut down, by camera. Each keeps a thread and a socket.",
        &["camera"],
    )
});
pub static CLOCK_JUMPS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec("ingest_clock_jumps_total", "Times that a camera's clock was set during a connection.", &["camera"])
});
pub static IMPOSSIBLE_TIMES: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "ingest_impossible_times_total",
        "Corrections because a camera's clock gave a capture time after the arrival, by camera.",
        &["camera"],
    )
});
pub static RTP_RESTARTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "ingest_rtp_restarts_total",
        "Times that the RTP clock of a stream jumped or started again during a connection, by camera.",
        &["camera"],
    )
});
pub static OTHER_SOURCES: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "ingest_other_source_packets_total",
        "RTP packets that were dropped because another source (SSRC) sends the camera's pictures, by camera.",
        &["camera"],
    )
});
pub static UNCONVERTED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "ingest_unconverted_sessions_total",
        "Sessions whose pictures a player would deinterlace (interlaced) or map to the range of a screen (hdr), by camera and kind. They are sent as they are.",
        &["camera", "kind"],
    )
});
pub static LOST_PACKETS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec("ingest_lost_packets_total", "RTP packets that did not arrive, or arrived too late.", &["camera"])
});
pub static PUBLISH_SECONDS: LazyLock<HistogramVec> = LazyLock::new(|| {
    seconds_vec(
        "ingest_publish_seconds",
        "Time from handing a live frame to the producer to Kafka's acknowledgement.",
        &["camera"],
    )
});
pub static QUEUE_SECONDS: LazyLock<HistogramVec> = LazyLock::new(|| {
    seconds_vec("ingest_queue_seconds", "Time that a live frame waits in its camera's queue.", &["camera"])
});
pub static PUSH_REQUESTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "ingest_push_requests_total",
        "Requests to the RTSP server, by method and status.",
        &["method", "status"],
    )
});
pub static PUSH_CONNECTIONS: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    gauge_vec("ingest_push_connections", "Open connections to the RTSP server, by transport.", &["transport"])
});
pub static PUSH_REFUSED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "ingest_push_refused_total",
        "Connections and requests that the RTSP server refused, by camera (empty where the path is not known to be a camera's) and reason.",
        &["camera", "reason"],
    )
});

pub static CAMERA_TESTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Tests of cameras. By result: seen, failed, invalid (a record that is no test).";
    counter_vec("ingest_camera_tests_total", help, &["result"])
});

/// Registers every metric, so that `/metrics` shows each one before its first event.
pub fn register() {
    LazyLock::force(&RECEIVED);
    LazyLock::force(&SENT);
    LazyLock::force(&SENT_BYTES);
    LazyLock::force(&DROPPED);
    LazyLock::force(&SKIPPED);
    LazyLock::force(&SHRUNK);
    LazyLock::force(&POSITION_FAULTS);
    LazyLock::force(&ERRORS);
    LazyLock::force(&SESSIONS);
    LazyLock::force(&CONNECTED);
    LazyLock::force(&HUNG_PIPELINES);
    LazyLock::force(&CLOCK_JUMPS);
    LazyLock::force(&IMPOSSIBLE_TIMES);
    LazyLock::force(&RTP_RESTARTS);
    LazyLock::force(&UNCONVERTED);
    LazyLock::force(&LOST_PACKETS);
    LazyLock::force(&OTHER_SOURCES);
    LazyLock::force(&PUBLISH_SECONDS);
    LazyLock::force(&QUEUE_SECONDS);
    LazyLock::force(&PUSH_REQUESTS);
    LazyLock::force(&PUSH_CONNECTIONS);
    LazyLock::force(&PUSH_REFUSED);
    for result in ["seen", "failed", "invalid"] {
        CAMERA_TESTS.with_label_values(&[result]);
    }
}

/// By camera: the session that delivers frames. A session may end after its successor has connected.
static CONNECTED_SESSIONS: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());

/// The camera is to be watched from now on. One that never connects then has the value 0, not no value.
pub fn watched(camera: &str) {
    CONNECTED.with_label_values(&[camera]);
}

/// The camera is none that connects: what was known of its connections is of another source.
pub fn not_watched(camera: &str) {
    CONNECTED_SESSIONS.lock().remove(camera);
    // There may be none.
    CONNECTED.remove_label_values(&[camera]).ok();
}

/// The session delivers frames.
pub fn connected(camera: &str, session: u64) {
    let mut sessions = CONNECTED_SESSIONS.lock();
    if sessions.get(camera).is_none_or(|current| *current <= session) {
        sessions.insert(camera.to_owned(), session);
        CONNECTED.with_label_values(&[camera]).set(1);
    }
}

/// The session has ended. Changes nothing for its successor.
pub fn disconnected(camera: &str, session: u64) {
    let mut sessions = CONNECTED_SESSIONS.lock();
    if sessions.get(camera) == Some(&session) {
        sessions.remove(camera);
        CONNECTED.with_label_values(&[camera]).set(0);
    }
}

pub fn position_fault(camera: &str, kind: &str) {
    POSITION_FAULTS.with_label_values(&[camera, kind]).inc();
}

pub fn dropped(camera: &str, reason: &str, frames: u64) {
    DROPPED.with_label_values(&[camera, reason]).inc_by(frames);
}
