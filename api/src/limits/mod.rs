//! How many requests a caller may send: counted in Redis by all replicas together, and by each replica for itself while there is no Redis.

mod config;
mod gcra;
mod headers;
mod local;
mod metrics;
mod middleware;

use std::net::IpAddr;
use std::time::Duration;

use axum::http::StatusCode;
use vru_runtime::redis::Redis;

use crate::http::{Code, Problem, network};
use gcra::{Rate, Verdict};
use local::LocalLimits;
use metrics::DECISIONS;

pub use config::{RateConfig, RateLimitsConfig};
pub(crate) use headers::{REFUSED, document, refused};
pub(crate) use middleware::count_request;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// All requests of a person or a key.
    Caller,
    /// Those of an address that say nothing, or nothing true, about who sends them.
    Address,
    /// Attempts to log in, of an address.
    LogIn,
}

impl Limit {
    pub(crate) const ALL: [Self; 3] = [Self::Caller, Self::Address, Self::LogIn];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Address => "address",
            Self::LogIn => "log_in",
        }
    }
}

/// What was decided about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decision {
    allowed: bool,
    /// How many requests may come at once.
    burst: u64,
    /// How many of them may still come now.
    remaining: u64,
    /// Until that is `burst` again.
    reset: Duration,
    /// Until one more is allowed.
    wait: Duration,
}

impl Decision {
    fn new(verdict: Verdict, rate: Rate) -> Self {
        let Verdict { allowed, wait_us, ahead_us } = verdict;
        Self {
            allowed,
            burst: rate.burst,
            remaining: rate.remaining(ahead_us),
            reset: Duration::from_micros(ahead_us),
            wait: Duration::from_micros(wait_us),
        }
    }

    fn checked(self) -> Result<(), Problem> {
        if self.allowed {
            return Ok(());
        }
        let detail = "too many requests; wait, then try again";
        Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, Code::RateLimited, detail).retry_after(self.wait))
    }
}

/// The limits of the API.
#[derive(Debug)]
pub(crate) struct Limits {
    config: RateLimitsConfig,
    redis: Option<Redis>,
    local: LocalLimits,
}

impl Limits {
    pub(crate) fn new(config: RateLimitsConfig, redis: Option<Redis>) -> Self {
        metrics::init();
        Self { config, redis, local: LocalLimits::default() }
    }

    /// One more attempt to log in from there.
    pub(crate) async fn log_in(&self, address: IpAddr) -> Result<(), Problem> {
        match self.count(Limit::LogIn, &network(address).to_string()).await {
            Some(decision) => decision.checked(),
            None => Ok(()),
        }
    }

    /// Counts a request; `None` if nothing is limited.
    async fn count(&self, limit: Limit, subject: &str) -> Option<Decision> {
        if !self.config.enabled {
            return None;
        }
        let rate = Rate::new(self.config.rate(limit));
        let key = format!("limit:{}:{subject}", limit.word());
        let (place, verdict) = match self.in_redis(&key, rate).await {
            Some(verdict) => ("redis", verdict),
            None => ("process", self.local.count(key, rate)),
        };
        let result = if verdict.allowed { "allowed" } else { "refused" };
        DECISIONS.with_label_values(&[limit.word(), place, result]).inc();
        Some(Decision::new(verdict, rate))
    }

    async fn in_redis(&self, key: &str, rate: Rate) -> Option<Verdict> {
        let redis = self.redis.as_ref()?;
        // The log and `/ready` tell of a failure.
        gcra::count(redis, &redis.key(key), rate).await.ok()
    }
}
