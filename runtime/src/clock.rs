//! The wall clock in the unit of our messages. Durations use [`std::time::Instant`], and so does [`sleep_until`].

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Microseconds since the Unix epoch, now.
pub fn now_us() -> i64 {
    to_us(SystemTime::now())
}

/// Microseconds since the Unix epoch; times before it are 0.
pub fn to_us(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// The time that is `micros` after the Unix epoch; negative ones are the epoch.
pub fn from_us(micros: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// Ends at that moment; without one, never.
pub async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
