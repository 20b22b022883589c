//! Every metric of this crate.

use std::sync::LazyLock;

use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec};
use vru_runtime::metrics::{counter_vec, gauge_vec, seconds_vec};

/// Value of the label `sink`, and the sink's name in logs and in `/ready`.
pub(crate) const POSTGRES_SINK: &str = "postgres";
/// Value of the label `sink`, and the sink's name in logs.
pub(crate) const S3_SINK: &str = "s3";

macro_rules! metrics {
    ($($(#[$doc:meta])* $name:ident: $kind:ty = $make:ident($metric:literal, $help:literal, $labels:expr);)*) => {
        $($(#[$doc])* pub(crate) static $name: LazyLock<$kind> = LazyLock::new(|| $make($metric, $help, &$labels));)*
    };
}

metrics! {
    RECEIVED: IntCounterVec =
        counter_vec("sink_received_records_total", "Records received from Kafka, by sink and topic.", ["sink", "topic"]);
    STORED_FRAMES: IntCounterVec = counter_vec("sink_stored_frames_total", "Analysed frames stored, by sink.", ["sink"]);
    STORED_DETECTIONS: IntCounterVec =
        counter_vec("sink_stored_detections_total", "Detections stored, by sink.", ["sink"]);
    STORED_TRACKS: IntCounterVec = counter_vec("sink_stored_tracks_total", "Tracks that got a row, by sink.", ["sink"]);
    STORED_ALERTS: IntCounterVec = counter_vec("sink_stored_alerts_total", "Alerts stored, by sink.", ["sink"]);
    STORED_PASSAGES: IntCounterVec = counter_vec(
        "sink_stored_passages_total", "Crossings of lines and visits of zones that were added to the counts, by sink.", ["sink"]);
    ENDED_ALERTS: IntCounterVec = counter_vec("sink_ended_alerts_total", "Stored alerts that got their end, by sink.", ["sink"]);
    DUPLICATE_FRAMES: IntCounterVec = counter_vec(
        "sink_duplicate_frames_total", "Analysed frames skipped because they are stored already, by sink.", ["sink"]);
    DUPLICATE_ALERTS: IntCounterVec = counter_vec(
        "sink_duplicate_alerts_total", "Alerts skipped because they are stored or sent already, by sink.", ["sink"]);
    DELETED_RECORDS: IntCounterVec = counter_vec(
        "sink_deleted_records_total",
        "Records left out because somebody has deleted the data of their camera and capture time, by sink and kind: frame or alert.",
        ["sink", "kind"]);
    MISSED: IntCounterVec = counter_vec(
        "sink_missed_records_total", "Records that Kafka deleted before the sink read them, by sink and topic.",
        ["sink", "topic"]);
    RECREATED: IntCounterVec = counter_vec(
        "sink_recreated_partitions_total",
        "Stored positions that were discarded because the topic was deleted and created again, by sink and topic. How many records \
         of the old topic were not read is unknown.",
        ["sink", "topic"]);
    ERRORS: IntCounterVec =
        counter_vec("sink_errors_total", "Failed attempts, by sink and operation.", ["sink", "operation"]);
    FENCED: IntCounterVec = counter_vec(
        "sink_fenced_batches_total", "Batches discarded because another consumer owns the partition, by sink.", ["sink"]);
    RETENTION_DROPPED_DAYS: IntCounterVec = counter_vec(
        "sink_retention_dropped_days_total", "Days of rows dropped because they are older than the retention, by sink.",
        ["sink"]);
    RETENTION_SUSPENDED: IntGaugeVec = gauge_vec(
        "sink_retention_suspended", "1 while nothing is dropped although a retention is set, by sink and reason.",
        ["sink", "reason"]);
    WRITE_SECONDS: HistogramVec =
        seconds_vec("sink_write_seconds", "Seconds to store one batch or one object, by sink.", ["sink"]);
    LATENCY_SECONDS: HistogramVec = seconds_vec(
        "sink_capture_to_stored_seconds",
        "Seconds from the capture of a frame until it is stored, by sink: what ingest, Kafka, inference and the sink take together. A file \
         that was recorded long ago counts with that time.",
        ["sink"]);
    LAG_SECONDS: HistogramVec = seconds_vec(
        "sink_published_to_stored_seconds",
        "Seconds from the publication of a record on Kafka until it is stored, by sink: how far the sink itself is behind.",
        ["sink"]);
    ALERT_SECONDS: HistogramVec = seconds_vec(
        "sink_glass_to_alert_seconds",
        "Seconds from the capture of the frame that raised an alert until subscribers have it in reach, by sink. Alerts that came before \
         the process had read the topic to its end are not among them.",
        ["sink"]);
    OBJECTS: IntCounterVec = counter_vec(
        "sink_written_objects_total", "Objects written to S3, by kind: parquet, snapshot or clip.", ["kind"]);
    OBJECT_BYTES: IntCounterVec = counter_vec("sink_written_bytes_total", "Bytes written to S3, by kind of object.", ["kind"]);
    CLIPS: IntCounterVec = counter_vec(
        "sink_clips_total", "Clips around alerts, by outcome: written, or why there is none.", ["outcome"]);
    CLIP_READS: IntCounterVec =
        counter_vec("sink_clip_reads_total", "Reads of frames for clips, each for one or more clips, by sink.", ["sink"]);
    CLIP_READ_BYTES: IntCounterVec = counter_vec(
        "sink_clip_read_bytes_total", "Bytes of records read for clips, those of other cameras included, by sink.", ["sink"]);
    SUBSCRIBERS: IntGaugeVec = gauge_vec("sink_alert_subscribers", "gRPC subscribers connected now.", ["state"]);
    RING_ALERTS: IntGaugeVec = gauge_vec("sink_alert_ring_alerts", "Recent alerts kept for subscribers that resume.", []);
    RING_BYTES: IntGaugeVec = gauge_vec("sink_alert_ring_bytes", "Memory of the recent alerts, in bytes.", []);
    SENT_ALERTS: IntCounterVec =
        counter_vec("sink_sent_alerts_total", "Alerts sent to gRPC subscribers, by source.", ["source"]);
    REPLAYS: IntCounterVec = counter_vec(
        "sink_alert_replays_total", "Times that a gRPC subscriber was served from Kafka, by reason: its token was older than the ring, or it \
         fell behind the ring.",
        ["reason"]);
    CONNECTIONS: IntGaugeVec = gauge_vec("sink_alert_connections", "gRPC connections open now.", []);
    REFUSED_CONNECTIONS: IntCounterVec = counter_vec(
        "sink_refused_connections_total", "gRPC connections that the server closed before the first call, by reason.", ["reason"]);
    ENDED_STREAMS: IntCounterVec =
        counter_vec("sink_ended_streams_total", "gRPC streams ended by the server, by reason.", ["reason"]);
}
