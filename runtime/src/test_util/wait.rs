//! Waiting for a condition, never for a time to pass.

use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(20);

/// Polls until the condition gives a value; panics at the deadline with what was waited for and the last reason.
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

/// Polls until the condition holds; panics at the deadline with what was waited for.
pub fn wait_until(deadline: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    wait_for(deadline, what, || if condition() { Ok(()) } else { Err("the condition does not hold".to_owned()) });
}

/// As [`wait_for`], in async code.
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
    assert!(waited < deadline, "waited {waited:.1?} in vain for {what}; last seen: {reason}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_first_value() {
        let mut calls = 0;
        let value = wait_for(Duration::from_secs(5), "three calls", || {
            calls += 1;
            if calls == 3 { Ok(calls) } else { Err(format!("{calls} calls")) }
        });
        assert_eq!(value, 3);
    }

    #[test]
    #[should_panic(expected = "in vain for pigs to fly; last seen: they walk")]
    fn says_what_was_last_seen() {
        wait_for(Duration::from_millis(30), "pigs to fly", || Err::<(), _>("they walk".to_owned()));
    }
}
