//! Latencies since the capture of a picture, or since the publication of a record.

use std::sync::LazyLock;
use std::time::Duration;

use prometheus::IntCounterVec;

use crate::metrics::counter_vec;

static NEGATIVE: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec(
        "clock_negative_latencies_total",
        "Latencies that were not observed because their beginning lay in the future: the clocks of two hosts differ, or one was set back. By stage.",
        &["stage"],
    )
});

/// The time from a capture until now, both in microseconds since the Unix epoch. A negative one is counted, and is `None`: taken for 0 it
/// would make latencies look better than they are.
pub fn since_capture(stage: &str, captured_at_us: i64, now_us: i64) -> Option<Duration> {
    since(stage, captured_at_us, now_us)
}

/// The time since the publication of a record, by Kafka's timestamp in milliseconds, until now, in microseconds. See [`since_capture`].
pub fn since_publication(stage: &str, published_at_ms: i64, now_us: i64) -> Option<Duration> {
    // Kafka rounds down to milliseconds, so that a record that was published in this one is not from the future.
    since(stage, published_at_ms.saturating_mul(1_000), now_us)
}

fn since(stage: &str, began_us: i64, now_us: i64) -> Option<Duration> {
    let passed = u64::try_from(now_us.saturating_sub(began_us)).ok().map(Duration::from_micros);
    if passed.is_none() {
        NEGATIVE.with_label_values(&[stage]).inc();
    }
    passed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_latency_is_counted_and_not_observed() {
        assert_eq!(since_capture("test", 1_000, 4_000), Some(Duration::from_millis(3)));
        assert_eq!(since_capture("test", 4_000, 4_000), Some(Duration::ZERO));
        assert_eq!(NEGATIVE.with_label_values(&["test"]).get(), 0);
        assert_eq!(since_capture("test", 4_001, 4_000), None);
        assert_eq!(since_capture("test", i64::MAX, i64::MIN), None);
        assert_eq!(since_publication("test", 4, 7_000), Some(Duration::from_millis(3)));
        assert_eq!(since_publication("test", 8, 7_999), None);
        assert_eq!(NEGATIVE.with_label_values(&["test"]).get(), 3);
    }
}
