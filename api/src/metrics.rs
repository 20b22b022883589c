//! The metrics of the API.

use std::sync::LazyLock;

use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec};
use vru_runtime::metrics::{counter_vec, gauge_vec, seconds_vec};
use vru_storage::retention::DataKind;

pub(crate) static REQUESTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Requests that were answered. By method, by resource (what follows /api/v1/; web: a file of the web app or an unknown path), and by status.";
    counter_vec("api_http_requests_total", help, &["method", "resource", "status"])
});

pub(crate) static REQUEST_SECONDS: LazyLock<HistogramVec> = LazyLock::new(|| {
    let help = "Seconds until the head of an answer was ready, by resource. Feeds are open for longer.";
    seconds_vec("api_http_request_seconds", help, &["resource"])
});

/// By result: published, or refused, when the camera keeps what Kafka has.
pub(crate) static CAMERA_CHANGES: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Changes of cameras that were published, and that could not be. By result: published, refused.";
    counter_vec("api_camera_changes_total", help, &["result"])
});

pub(crate) static WAITING_CHANGES: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    let help =
        "Changes of cameras that Kafka does not have yet, as far as one batch shows, on the replica that publishes.";
    gauge_vec("api_camera_changes_waiting", help, &[])
});

pub(crate) static READS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Reads that the replica may serve, by server that was asked last. Of the replica: near (answered), failed. Of the primary, \
                by why the replica did not serve them: lost, lagging, foreign (the address leads to another server), failed, no_result \
                (the replica found or allowed nothing, so the primary decides).";
    counter_vec("api_replicable_reads_total", help, &["server", "reason"])
});

pub(crate) static REPLICA_USED: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    gauge_vec("api_replica_used", "Whether the replica serves reads: 1, or 0 when the primary does.", &[])
});

pub(crate) static REPLICA_LAG: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    let help = "How far the replica was behind the primary, in milliseconds, when it was used last.";
    gauge_vec("api_replica_lag_milliseconds", help, &[])
});

pub(crate) static TOKENS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Tokens that programs asked for. By result: issued, refused (the client or its request is wrong), failed (the service \
                cannot serve it).";
    counter_vec("api_tokens_total", help, &["result"])
});

pub(crate) static SIGN_INS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Sign-ins with identity providers that ended here. By result: signed_in, refused (what came back is not good), failed (the \
                provider cannot be used, or too many wait for providers).";
    counter_vec("api_sign_ins_total", help, &["result"])
});

/// The results of [`PICTURES`].
pub(crate) const PICTURE_RESULTS: [&str; 5] = ["signed", "relayed", "missing", "refused", "unavailable"];

pub(crate) static PICTURES: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Snapshots and clips that were asked for. By result: signed, relayed (sent by this service), missing, refused (the \
                bucket's server does not let the service read it, or hides that it is missing), unavailable (no answer of the server).";
    counter_vec("api_pictures_total", help, &["result"])
});

pub(crate) static CAMERA_TEST_REPORTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Reports of tests of cameras. By result: stored, invalid (a record that is none).";
    counter_vec("api_camera_test_reports_total", help, &["result"])
});

pub(crate) static UPLOAD_REQUESTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Requests that sent bytes of uploads. By result: received, failed (the rest was not kept), busy (too many at once).";
    counter_vec("api_upload_requests_total", help, &["result"])
});

pub(crate) static UPLOADED_BYTES: LazyLock<IntCounterVec> =
    LazyLock::new(|| counter_vec("api_uploaded_bytes_total", "Bytes of uploads that were written as parts.", &[]));

pub(crate) static UPLOADS_REMOVED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Uploads that were deleted or have expired, and of which nothing is left.";
    counter_vec("api_uploads_removed_total", help, &[])
});

pub(crate) static DATA_JOBS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Work on deletions and exports of data, by kind: deletion, export. By result: done, postponed (it is tried again), failed \
                (an export was given up).";
    counter_vec("api_data_jobs_total", help, &["kind", "result"])
});

pub(crate) static RETENTION_DELETED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "What was deleted because its site keeps it no longer, by kind: frames (detections), tracks, alerts, alerts whose pictures went \
                (pictures), rows of counts, uploads, entries of the audit log.";
    counter_vec("api_retention_deleted_total", help, &["kind"])
});

pub(crate) static RETENTION_FAILED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Kinds of data of a site that could not be deleted in a round, and are tried again in the next one.";
    counter_vec("api_retention_failed_total", help, &["kind"])
});

pub(crate) static RETENTION_SUSPENDED: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    let help = "1 while nothing is deleted by the retention of sites, because the clocks of this host and of the database differ.";
    gauge_vec("api_retention_suspended", help, &[])
});

pub(crate) static FILE_FAULTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "What ingest says about files that it cannot read. By result: stored, invalid (a record that is none).";
    counter_vec("api_file_faults_total", help, &["result"])
});

pub(crate) static WEBHOOK_QUEUED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "api_webhook_queued_deliveries_total",
        "Deliveries to webhooks that were queued, one for each webhook and event.",
        &[],
    )
});

pub(crate) static WEBHOOK_SKIPPED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Records of the topic of alerts that no webhook can be told of. By reason: no_site, when the camera belongs to no \
                site; unreadable.";
    counter_vec("api_webhook_skipped_records_total", help, &["reason"])
});

pub(crate) static WEBHOOK_DELIVERED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec("api_webhook_delivered_total", "Deliveries that the target of a webhook accepted.", &[])
});

pub(crate) static WEBHOOK_DEAD: LazyLock<IntCounterVec> =
    LazyLock::new(|| counter_vec("api_webhook_dead_total", "Deliveries to webhooks that were given up.", &[]));

/// Why an attempt fails: the secret cannot be decrypted; the address has a mistake; its host is not found, or leads where nothing may be
/// sent; no connection, no TLS, no answer in time, no answer that can be read; another status than 2xx; the broker refuses us.
const FAILURES: [&str; 10] =
    ["secret", "target", "lookup", "forbidden", "connect", "tls", "timeout", "answer", "status", "refused"];

pub(crate) static WEBHOOK_FAILED_ATTEMPTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "api_webhook_failed_attempts_total",
        "Attempts to deliver to a webhook that failed, by reason.",
        &["reason"],
    )
});

pub(crate) static WEBHOOK_DELIVERY_SECONDS: LazyLock<HistogramVec> = LazyLock::new(|| {
    let help = "How long an attempt to deliver to a webhook took. By result: accepted, failed.";
    seconds_vec("api_webhook_attempt_seconds", help, &["result"])
});

pub(crate) static OLDEST_DELIVERY: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    let help =
        "How long the oldest pending delivery to any webhook has waited; 0 if none waits. Every replica says the same.";
    gauge_vec("api_webhook_oldest_pending_seconds", help, &[])
});

pub(crate) static FAILING_WEBHOOKS: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    let help = "Webhooks that are enabled and have failed for 15 minutes. Every replica says the same.";
    gauge_vec("api_webhooks_failing", help, &[])
});

pub(crate) static MQTT_CONNECTIONS: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    gauge_vec("api_mqtt_connections", "Connections of this replica to MQTT brokers that webhooks name.", &[])
});

/// Creates each series, so that `/metrics` shows 0 before the first change.
pub(crate) fn init() {
    for result in ["published", "refused"] {
        CAMERA_CHANGES.with_label_values(&[result]);
    }
    for result in ["signed_in", "refused", "failed"] {
        SIGN_INS.with_label_values(&[result]);
    }
    for result in ["issued", "refused", "failed"] {
        TOKENS.with_label_values(&[result]);
    }
    for result in ["stored", "invalid"] {
        CAMERA_TEST_REPORTS.with_label_values(&[result]);
    }
    for result in ["received", "failed", "busy"] {
        UPLOAD_REQUESTS.with_label_values(&[result]);
    }
    for kind in DataKind::ALL {
        RETENTION_DELETED.with_label_values(&[kind.word()]);
        RETENTION_FAILED.with_label_values(&[kind.word()]);
    }
    for (kind, result) in [
        ("deletion", "done"),
        ("deletion", "postponed"),
        ("export", "done"),
        ("export", "postponed"),
        ("export", "failed"),
    ] {
        DATA_JOBS.with_label_values(&[kind, result]);
    }
    for result in ["stored", "invalid"] {
        FILE_FAULTS.with_label_values(&[result]);
    }
    for result in PICTURE_RESULTS {
        PICTURES.with_label_values(&[result]);
    }
    for gauge in [&*WAITING_CHANGES, &*OLDEST_DELIVERY, &*FAILING_WEBHOOKS, &*MQTT_CONNECTIONS] {
        gauge.with_label_values(&[] as &[&str]);
    }
    for counter in [&*WEBHOOK_QUEUED, &*WEBHOOK_DELIVERED, &*WEBHOOK_DEAD, &*UPLOADED_BYTES, &*UPLOADS_REMOVED] {
        counter.with_label_values(&[] as &[&str]);
    }
    for reason in ["no_site", "unreadable"] {
        WEBHOOK_SKIPPED.with_label_values(&[reason]);
    }
    for reason in FAILURES {
        WEBHOOK_FAILED_ATTEMPTS.with_label_values(&[reason]);
    }
}
