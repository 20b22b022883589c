use std::time::Duration;

use vru_runtime::config::Problems;

/// Notes a problem if the value is outside of the limits.
pub(super) fn between(problems: &mut Problems, key: &str, value: Duration, least_ms: u64, most_s: u64) {
    let range = Duration::from_millis(least_ms)..=Duration::from_secs(most_s);
    problems.require(range.contains(&value), key, format!("is not between {least_ms}ms and {most_s}s"));
}
