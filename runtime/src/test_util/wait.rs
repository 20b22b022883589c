//! Waits for a condition, with a deadline. Tests never wait for a fixed time.

use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(20);

/// Polls until the condition returns a value. Panics at the deadline with `what` and the last reason.
pub fn wait_for<T>(deadline: Duration, what: &str, mut condition: impl FnMut() -> Result<T, String>) -> T {
    let start = Instant::now();
    loop {
        match condition() {
            Ok(value) => return value,
            Err(reason) => give_up_past(start, deadline, what, &reason),
        }
        std::thread::sleep(POLL);
    }
}

/// Polls until the condition holds. Panics at the deadline with `what`.
pub fn wait_until(deadline: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    wait_for(deadline, what, || if condition() { Ok(()) } else { Err("the condition does not hold".to_owned()) });
}

/// Like [`wait_for`], in async code.
pub async fn eventually<T>(deadline: Duration, what: &str, mut condition: impl AsyncFnMut() -> Result<T, String>) -> T {
    let start = Instant::now();
    loop {
        match condition().await {
            Ok(value) => return value,
            Err(reason) => give_up_past(start, deadline, what, &reason),
        }
        tokio::time::sleep(POLL).await;
    }
}

fn give_up_past(start: Instant, deadline: Duration, what: &str, reason: &str) {
    let waited = start.elapsed();
    assert!(waited < deadline, "timed out after {waited:.1?} waiting for {what}; last seen: {reason}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_the_first_value() {
        let mut calls = 0;
        let value = wait_for(Duration::from_secs(5), "three calls", || {
            calls += 1;
            if calls == 3 { Ok(calls) } else { Err(format!("{calls} calls")) }
        });
        assert_eq!(value, 3);
    }

    #[test]
    #[should_panic(expected = "waiting for pigs to fly; last seen: they walk")]
    fn a_timeout_reports_the_last_reason() {
        wait_for(Duration::from_millis(30), "pigs to fly", || Err::<(), _>("they walk".to_owned()));
    }
}
