//! Backoff between retries: exponential, capped, jittered, and ended by shutdown.

use std::time::Duration;

use rand::Rng as _;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

/// Errors that say whether a retry can help.
pub trait Retryable {
    /// True if the cause may pass by itself: a lost connection, a server that is starting.
    fn is_retryable(&self) -> bool;
}

/// How long to wait between retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackoffConfig {
    /// Upper bound of the first wait (default 200 ms).
    #[serde(with = "humantime_serde")]
    pub initial: Duration,
    /// Upper bound of every wait (default 10 s).
    #[serde(with = "humantime_serde")]
    pub max: Duration,
}

impl BackoffConfig {
    /// Draws the wait after so many earlier waits.
    pub fn delay(&self, attempts: u32) -> Duration {
        let bound = self.initial.saturating_mul(1 << attempts.min(20)).min(self.max);
        bound.mul_f64(rand::rng().random_range(0.5..=1.0))
    }
}

impl Default for BackoffConfig {
    fn default() -> Self {
        Self { initial: Duration::from_millis(200), max: Duration::from_secs(10) }
    }
}

/// The waits of one series of attempts. Each is drawn from the upper half of a bound that doubles, so that many clients that lost the same
/// server do not reconnect at the same moment, and none retries at once.
#[derive(Debug)]
pub struct Backoff {
    config: BackoffConfig,
    attempts: u32,
}

impl Backoff {
    /// Starts with the initial wait.
    pub fn new(config: BackoffConfig) -> Self {
        Self { config, attempts: 0 }
    }

    /// Number of waits since the start or the last reset.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Call it after a success: the next wait is the initial one again.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }

    /// Draws the next wait.
    pub fn next_delay(&mut self) -> Duration {
        let delay = self.config.delay(self.attempts);
        self.attempts = self.attempts.saturating_add(1);
        delay
    }

    /// Waits; false if `cancel` ended the wait, and the caller should stop retrying.
    pub async fn wait(&mut self, cancel: &CancellationToken) -> bool {
        let delay = self.next_delay();
        tokio::select! {
            () = cancel.cancelled() => false,
            () = tokio::time::sleep(delay) => true,
        }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new(BackoffConfig::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_are_never_zero() {
        let config = BackoffConfig { initial: Duration::from_millis(100), max: Duration::from_secs(1) };
        let mut backoff = Backoff::new(config);
        for bound in [100, 200, 400, 800, 1_000, 1_000] {
            let delay = backoff.next_delay();
            assert!(delay <= Duration::from_millis(bound), "{delay:?} over {bound} ms");
            assert!(delay >= Duration::from_millis(bound / 2), "{delay:?} under half of {bound} ms");
        }
        backoff.reset();
        assert!(backoff.next_delay() <= Duration::from_millis(100));
    }

    #[tokio::test]
    async fn shutdown_ends_a_wait() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let long = BackoffConfig { initial: Duration::from_hours(1), max: Duration::from_hours(1) };
        assert!(!Backoff::new(long).wait(&cancel).await);
    }
}
