//! The stage's instruments. Cameras are a bounded set; frames, sessions and tracks are no labels.

use std::sync::LazyLock;

use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec};
use vru_runtime::metrics::{counter_vec, gauge_vec, histogram_vec, seconds_vec};

/// Dropped: newer live frames took its place.
pub const QUEUE_FULL: &str = "queue_full";
/// Dropped: a live frame waited a while for a decoder or for the model, and the newest of its camera went first.
pub const OVERTAKEN: &str = "overtaken";
/// Dropped: a live frame waited too long.
pub const TOO_OLD: &str = "too_old";
/// Dropped: analysed already.
pub const DUPLICATE: &str = "duplicate";
/// Dropped: an H.264 or H.265 picture that cannot be decoded before the next key frame.
pub const AWAITING_KEY_FRAME: &str = "awaiting_key_frame";
/// Dropped: broken bytes in a frame that is otherwise well formed.
pub const UNDECODABLE: &str = "undecodable";
/// Dropped: the model failed on it again and again.
pub const MODEL_FAILED: &str = "model_failed";
/// Dropped: the partition went to another worker, which gets it.
pub const REVOKED: &str = "revoked";

/// Frames that came from Kafka and could be read.
pub static RECEIVED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec("infer_received_frames_total", "Frames that came from Kafka and could be read.", &["camera"])
});

/// Frames whose detections Kafka has acknowledged.
pub static SENT: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec("infer_sent_frames_total", "Frames whose detections Kafka acknowledged.", &["camera"])
});

/// Objects in them.
pub static SENT_OBJECTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "infer_sent_objects_total",
        "Road users in the frames whose detections Kafka acknowledged.",
        &["camera"],
    )
});

/// Alerts that Kafka has acknowledged.
pub static SENT_ALERTS: LazyLock<IntCounterVec> =
    LazyLock::new(|| counter_vec("infer_sent_alerts_total", "Alerts that Kafka acknowledged.", &["camera"]));

/// Frames that were not analysed, by reason.
pub static DROPPED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec("infer_dropped_frames_total", "Frames that were not analysed, by reason.", &["camera", "reason"])
});

/// Frames that ingest published but that never came: Kafka dropped them before they were read.
pub static SEQUENCE_GAPS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "infer_sequence_gap_frames_total",
        "Frames missing between two received ones, beyond those that ingest says it dropped.",
        &["camera"],
    )
});

/// Pictures that were decoded only because later ones build on them.
pub static REFERENCE: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec("infer_reference_frames_total", "Pictures decoded only because later ones build on them.", &["camera"])
});

/// Snapshots that were left out of an alert, by reason.
pub static SNAPSHOTS_LOST: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "infer_snapshots_lost_total",
        "Alerts that went without their snapshot, by reason.",
        &["camera", "reason"],
    )
});

/// What failed and was tried again.
pub static ERRORS: LazyLock<IntCounterVec> =
    LazyLock::new(|| counter_vec("infer_errors_total", "Operations that failed and were tried again.", &["operation"]));

/// Time spent in each stage, a frame (`inference`: a batch).
pub static STAGE_SECONDS: LazyLock<HistogramVec> = LazyLock::new(|| {
    seconds_vec("infer_stage_seconds", "Time a frame spends in each stage; inference: time of a batch.", &["stage"])
});

/// Time from capture to the end of inference.
pub static AGE_SECONDS: LazyLock<HistogramVec> = LazyLock::new(|| {
    seconds_vec("infer_frame_age_seconds", "Time from capture to the end of inference.", &["delivery"])
});

/// Frames in each run of the model.
pub static BATCH_FRAMES: LazyLock<HistogramVec> = LazyLock::new(|| {
    let buckets = vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
    histogram_vec("infer_batch_frames", "Frames in each run of the model.", &["provider"], buckets)
});

/// Frames that wait before the model.
pub static WAITING: LazyLock<IntGaugeVec> =
    LazyLock::new(|| gauge_vec("infer_waiting_frames", "Frames that wait before the model.", &["camera"]));

/// Partitions that this worker reads.
pub static ASSIGNED: LazyLock<IntGaugeVec> =
    LazyLock::new(|| gauge_vec("infer_assigned_partitions", "Partitions that this worker reads.", &["topic"]));

/// Partitions that are paused because a file's queue is full.
pub static PAUSED: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    gauge_vec("infer_paused_partitions", "Partitions that wait because the queue of a file is full.", &["topic"])
});

/// 1 for the model that runs.
pub static MODEL: LazyLock<IntGaugeVec> =
    LazyLock::new(|| gauge_vec("infer_model_info", "The model that runs.", &["model", "version", "provider"]));

/// Counts frames that were not analysed.
pub fn dropped(camera: &str, reason: &str, frames: u64) {
    DROPPED.with_label_values(&[camera, reason]).inc_by(frames);
}
