use std::sync::LazyLock;

use prometheus::{IntCounterVec, IntGaugeVec};

use crate::metrics::{counter_vec, gauge_vec};

pub(super) static LOADS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "tls_certificate_loads_total",
        "Times that a server's certificate was loaded or refused, by server and outcome.",
        &["server", "outcome"],
    )
});
pub(super) static REFUSED: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    gauge_vec(
        "tls_certificate_refused",
        "1 while a server's certificate files cannot be used and it serves the certificate that it had before.",
        &["server"],
    )
});
pub(super) static EXPIRES: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    gauge_vec(
        "tls_certificate_expires_seconds",
        "When the certificate that a server serves expires, in seconds since the Unix epoch.",
        &["server"],
    )
});
