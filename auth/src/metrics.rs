use std::sync::LazyLock;

use prometheus::{IntCounterVec, IntGaugeVec};
use vru_runtime::metrics::{counter_vec, gauge_vec};

const NO_LABELS: [&str; 0] = [];

static REFRESHES: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "auth_key_refreshes_total",
        "Times that the keys for bearer tokens were read or fetched, by outcome: ok or failed.",
        &["outcome"],
    )
});
static STALE: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    gauge_vec(
        "auth_keys_stale",
        "1 while the keys for bearer tokens cannot be refreshed and those of the last success are in use.",
        &NO_LABELS,
    )
});
static KEYS: LazyLock<IntGaugeVec> =
    LazyLock::new(|| gauge_vec("auth_keys", "Keys for bearer tokens in use.", &NO_LABELS));

pub(crate) fn refreshed(keys: usize) {
    REFRESHES.with_label_values(&["ok"]).inc();
    STALE.with_label_values(&NO_LABELS).set(0);
    KEYS.with_label_values(&NO_LABELS).set(keys as i64);
}

pub(crate) fn refresh_failed() {
    REFRESHES.with_label_values(&["failed"]).inc();
    STALE.with_label_values(&NO_LABELS).set(1);
}
