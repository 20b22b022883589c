//! Every metric of this crate.

use std::sync::LazyLock;

use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec};
use vru_runtime::metrics::{counter_vec, gauge_vec, seconds_vec};

macro_rules! metrics {
    ($($(#[$doc:meta])* $name:ident: $kind:ty = $make:ident($metric:literal, $help:literal, $labels:expr);)*) => {
        $($(#[$doc])* pub(crate) static $name: LazyLock<$kind> = LazyLock::new(|| $make($metric, $help, &$labels));)*
    };
}

metrics! {
    RECEIVED: IntCounterVec = counter_vec("sink_received_records_total", "Records taken from Kafka.", ["sink", "topic"]);
    STORED_FRAMES: IntCounterVec = counter_vec("sink_stored_frames_total", "Analysed frames stored.", ["sink"]);
    STORED_DETECTIONS: IntCounterVec = counter_vec("sink_stored_detections_total", "Detections stored.", ["sink"]);
    STORED_ALERTS: IntCounterVec = counter_vec("sink_stored_alerts_total", "Alerts stored.", ["sink"]);
    DUPLICATE_FRAMES: IntCounterVec = counter_vec(
        "sink_duplicate_frames_total", "Analysed frames left out because they are stored already.", ["sink"]);
    DUPLICATE_ALERTS: IntCounterVec = counter_vec(
        "sink_duplicate_alerts_total", "Alerts left out because they are stored or were told already.", ["sink"]);
    MISSED: IntCounterVec = counter_vec(
        "sink_missed_records_total", "Records that Kafka had deleted before the sink read them.", ["sink", "topic"]);
    ERRORS: IntCounterVec = counter_vec("sink_errors_total", "Attempts that failed, by operation.", ["sink", "operation"]);
    FENCED: IntCounterVec =
        counter_vec("sink_fenced_batches_total", "Batches thrown away because another consumer owns the partition.", ["sink"]);
    WRITE_SECONDS: HistogramVec = seconds_vec("sink_write_seconds", "Time to store one batch or object.", ["sink"]);
    LATENCY_SECONDS: HistogramVec =
        seconds_vec("sink_capture_to_stored_seconds", "From the capture of a frame to its being stored.", ["sink"]);
    OBJECTS: IntCounterVec = counter_vec("sink_written_objects_total", "Objects written to S3, by kind.", ["kind"]);
    OBJECT_BYTES: IntCounterVec = counter_vec("sink_written_bytes_total", "Bytes of the objects written to S3.", ["kind"]);
    CLIPS: IntCounterVec = counter_vec(
        "sink_clips_total", "Clips around alerts, by outcome: written, or why there is none.", ["outcome"]);
    SUBSCRIBERS: IntGaugeVec = gauge_vec("sink_alert_subscribers", "gRPC subscribers connected now.", ["state"]);
    RING_ALERTS: IntGaugeVec = gauge_vec("sink_alert_ring_alerts", "Recent alerts kept for subscribers that resume.", []);
    RING_BYTES: IntGaugeVec = gauge_vec("sink_alert_ring_bytes", "Memory of the recent alerts.", []);
    SENT_ALERTS: IntCounterVec =
        counter_vec("sink_sent_alerts_total", "Alerts handed to gRPC subscribers.", ["source"]);
    ENDED_STREAMS: IntCounterVec =
        counter_vec("sink_ended_streams_total", "gRPC streams ended by the server, by reason.", ["reason"]);
}
