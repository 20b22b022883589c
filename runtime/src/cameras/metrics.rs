use std::sync::LazyLock;

use prometheus::IntCounterVec;

use crate::metrics::counter_vec;

pub(super) static REFUSED_CHANGES: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Invalid changes of the camera configuration; the cameras keep their last valid configuration. By source: file, topic.";
    counter_vec("cameras_refused_changes_total", help, &["from"])
});

/// Creates each series, so that `/metrics` shows 0 before the first refused change.
pub(super) fn init() {
    for from in ["file", "topic"] {
        REFUSED_CHANGES.with_label_values(&[from]);
    }
}
