//! The stage's metrics. Cameras are a bounded set, so they may be labels; frames, sessions and tracks may not.

use std::sync::LazyLock;

use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec};
use vru_runtime::metrics::{counter_vec, gauge_vec, histogram_vec, seconds_vec};

// Values of the label `reason` of `infer_dropped_frames_total`.

/// The live queue was full, and a newer frame came.
pub const QUEUE_FULL: &str = "queue_full";
/// The model took a newer live frame of the camera.
pub const OVERTAKEN: &str = "overtaken";
/// A live frame was older than `queue.max_age`.
pub const TOO_OLD: &str = "too_old";
/// The frame was analysed before.
pub const DUPLICATE: &str = "duplicate";
/// A live frame of an older session than the one that sends now: the camera has two publishers.
pub const SUPERSEDED: &str = "superseded";
/// An H.264 or H.265 picture that cannot be decoded before the next key frame.
pub const AWAITING_KEY_FRAME: &str = "awaiting_key_frame";
/// The picture in a valid message is broken.
pub const UNDECODABLE: &str = "undecodable";
/// The record is no valid frame: it became a dead letter.
pub const UNREADABLE: &str = "unreadable";
/// The model failed on the picture in all tries.
pub const MODEL_FAILED: &str = "model_failed";
/// The partition was revoked. Its new owner reads the frame again.
pub const REVOKED: &str = "revoked";

pub static RECEIVED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec("infer_received_frames_total", "Valid frames received from Kafka, by camera.", &["camera"])
});

pub static CAMERA_TEST_PICTURES: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "infer_camera_test_pictures_total",
        "Pictures of tested cameras, by result: `blurred`, `failed`, `late`, `invalid`.",
        &["result"],
    )
});

pub static UNCONVERTED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "infer_unconverted_sessions_total",
        "Sessions of H.264 and H.265 whose pictures a player would deinterlace (interlaced) or map to the range of a screen (hdr), by camera and kind. They are analysed as they are.",
        &["camera", "kind"],
    )
});

pub static SENT: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec("infer_sent_frames_total", "Frames whose detections Kafka acknowledged, by camera.", &["camera"])
});

pub static SENT_OBJECTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "infer_sent_objects_total",
        "Road users in the frames whose detections Kafka acknowledged, by camera.",
        &["camera"],
    )
});

pub static SENT_ALERTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "infer_sent_alerts_total",
        "Raised alerts that Kafka acknowledged, by camera. Line crossings are not among them.",
        &["camera"],
    )
});

pub static ENDED_ALERTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec("infer_ended_alerts_total", "Ends of alerts that Kafka acknowledged, by camera.", &["camera"])
});

pub static CROSSINGS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "infer_line_crossings_total",
        "Crossings of lines that Kafka acknowledged, by camera, line, direction and class of the road user.",
        &["camera", "line", "direction", "class"],
    )
});

pub static RULE_STATES_LOST: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "infer_rule_states_lost_total",
        "Stored states of a camera's rules that could not be used when the camera was taken over, or were too large to be stored, by \
         camera and reason. What the last detections tell is restored.",
        &["camera", "reason"],
    )
});

pub static COUNTING_STATES_LOST: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "infer_counting_states_lost_total",
        "Stored states of a camera's counting that could not be used when the camera was taken over, or were too large to be stored, by \
         camera and reason. What the last detections tell is restored.",
        &["camera", "reason"],
    )
});

pub static PASSAGES_LOST: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "infer_lost_passages_total",
        "Crossings and visits that are missing in the counts because one frame had too many of them, by camera.",
        &["camera"],
    )
});

pub static TRACKER_STATES_LOST: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "infer_tracker_states_lost_total",
        "Stored states of a camera's tracker that could not be used when the camera was taken over, or were too large to be stored, by \
         camera and reason. The tracks are restored from the last detections, with boxes that differ by a fraction of a pixel.",
        &["camera", "reason"],
    )
});

pub static DROPPED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "infer_dropped_frames_total",
        "Frames that were not analysed, by camera and reason.",
        &["camera", "reason"],
    )
});

pub static LIVE_STATES_DROPPED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "infer_dropped_live_states_total",
        "Live states of a camera that were not written, by camera and reason: unavailable (Redis), full (too many cameras).",
        &["camera", "reason"],
    )
});

pub static SEQUENCE_GAPS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "infer_sequence_gap_frames_total",
        "Frames missing in the received sequence that ingest did not report as dropped (Kafka deleted them before they were \
         read), by camera.",
        &["camera"],
    )
});

pub static REFERENCE: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "infer_reference_frames_total",
        "Pictures that are not for the model: decoded only if later ones depend on them, by camera.",
        &["camera"],
    )
});

pub static SNAPSHOTS_LOST: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "infer_snapshots_lost_total",
        "Alerts published without their snapshot, by camera and reason.",
        &["camera", "reason"],
    )
});

pub static CUT_OBJECTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "infer_cut_objects_total",
        "Objects left out of a frame's detections because Kafka does not accept so large a record, by camera.",
        &["camera"],
    )
});

pub static ERRORS: LazyLock<IntCounterVec> =
    LazyLock::new(|| counter_vec("infer_errors_total", "Failed operations, by operation.", &["operation"]));

pub static STAGE_SECONDS: LazyLock<HistogramVec> = LazyLock::new(|| {
    seconds_vec(
        "infer_stage_seconds",
        "Seconds that a frame spends in each stage; for `inference`, seconds of a batch.",
        &["stage"],
    )
});

pub static AGE_SECONDS: LazyLock<HistogramVec> = LazyLock::new(|| {
    seconds_vec("infer_frame_age_seconds", "Seconds from capture to the end of inference, by delivery.", &["delivery"])
});

pub static BATCH_FRAMES: LazyLock<HistogramVec> = LazyLock::new(|| {
    let buckets = vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
    histogram_vec(
        "infer_batch_frames",
        "Frames in each run of the model, by execution provider.",
        &["provider"],
        buckets,
    )
});

pub static WAITING: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    gauge_vec("infer_waiting_frames", "Frames that wait for a decoder or for the model, by camera.", &["camera"])
});

pub static ASSIGNED: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    gauge_vec("infer_assigned_partitions", "Partitions assigned to this worker, by topic.", &["topic"])
});

pub static PAUSED: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    gauge_vec("infer_paused_partitions", "Partitions paused because the queue of a file is full, by topic.", &["topic"])
});

pub static MODEL: LazyLock<IntGaugeVec> =
    LazyLock::new(|| gauge_vec("infer_model_info", "1 for the model that runs.", &["model", "version", "provider"]));

/// Counts frames that were not analysed. `reason` is one of the constants above.
pub fn count_dropped(camera: &str, reason: &str, frames: u64) {
    DROPPED.with_label_values(&[camera, reason]).inc_by(frames);
}
