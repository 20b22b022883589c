use std::sync::LazyLock;

use prometheus::{IntCounterVec, IntGaugeVec};

use crate::metrics::{counter_vec, gauge_vec};

/// The values of `reason`.
const REASONS: [&str; 3] = ["unavailable", "timeout", "failed"];

pub(super) static FAILED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Commands that Redis did not execute. By reason: unavailable (there was no connection, and nobody waited for one), \
                timeout, failed (the connection was lost, or the server refused).";
    counter_vec("redis_failed_commands_total", help, &["reason"])
});

pub(super) static CONNECTED: LazyLock<IntGaugeVec> =
    LazyLock::new(|| gauge_vec("redis_connected", "1 while commands are sent to Redis.", &[]));

/// Creates each series.
pub(super) fn init() {
    for reason in REASONS {
        FAILED.with_label_values(&[reason]);
    }
    CONNECTED.with_label_values(&[] as &[&str]).set(0);
}
