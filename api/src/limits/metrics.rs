use std::sync::LazyLock;

use prometheus::IntCounterVec;
use vru_runtime::metrics::counter_vec;

use super::Limit;

pub(super) static DECISIONS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Requests that were counted for a limit. By limit (caller, address, log_in), by where they are counted (redis; process, \
                while there is no Redis), and by result: allowed, refused.";
    counter_vec("api_rate_limit_decisions_total", help, &["limit", "counted_in", "result"])
});

/// Creates each series.
pub(super) fn init() {
    for limit in Limit::ALL {
        for place in ["redis", "process"] {
            for result in ["allowed", "refused"] {
                DECISIONS.with_label_values(&[limit.word(), place, result]);
            }
        }
    }
}
