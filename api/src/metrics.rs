//! The metrics of the API.

use std::sync::LazyLock;

use prometheus::{IntCounterVec, IntGaugeVec};
use vru_runtime::metrics::{counter_vec, gauge_vec};

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

/// The results of [`PICTURES`].
pub(crate) const PICTURE_RESULTS: [&str; 4] = ["signed", "missing", "refused", "unavailable"];

pub(crate) static PICTURES: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Snapshots and clips that were asked for. By result: signed, missing, refused (the bucket's server does not let the \
                service read it, or hides that it is missing), unavailable (no answer of the server).";
    counter_vec("api_pictures_total", help, &["result"])
});

/// Creates each series, so that `/metrics` shows 0 before the first change.
pub(crate) fn init() {
    for result in ["published", "refused"] {
        CAMERA_CHANGES.with_label_values(&[result]);
    }
    for result in PICTURE_RESULTS {
        PICTURES.with_label_values(&[result]);
    }
    WAITING_CHANGES.with_label_values(&[] as &[&str]);
}
