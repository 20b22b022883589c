//! Wall-clock time in microseconds since the Unix epoch, the unit of our messages. Durations and [`sleep_until`] use the monotonic
//! [`Instant`].

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The current time in microseconds since the Unix epoch.
pub fn now_us() -> i64 {
    to_us(SystemTime::now())
}

/// Microseconds since the Unix epoch; 0 for times before it.
pub fn to_us(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// The inverse of [`to_us`]; negative values give the epoch.
pub fn from_us(micros: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// Sleeps until `at`; forever when it is `None`.
pub async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
