use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};

use super::Limit;

/// Section `rate_limits`: how many requests are served. They come evenly, or up to `burst` at once.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimitsConfig {
    /// Default true.
    pub enabled: bool,
    /// Of a person or an API key (default 3000 a minute, 300 at once).
    pub caller: RateConfig,
    /// Of an address, or an IPv6 network of 64 bits, of requests without a session or a key that is known (default 600 a minute, 100 at once).
    pub address: RateConfig,
    /// Attempts to log in from an address (default 30 a minute, 30 at once). Failures are slowed besides: section `log_in`.
    pub log_in: RateConfig,
}

/// How often something may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateConfig {
    pub per_minute: u32,
    pub burst: u32,
}

impl Default for RateLimitsConfig {
    fn default() -> Self {
        let rate = |per_minute, burst| RateConfig { per_minute, burst };
        Self { enabled: true, caller: rate(3000, 300), address: rate(600, 100), log_in: rate(30, 30) }
    }
}

impl RateLimitsConfig {
    pub(super) fn rate(&self, limit: Limit) -> RateConfig {
        match limit {
            Limit::Caller => self.caller,
            Limit::Address => self.address,
            Limit::LogIn => self.log_in,
        }
    }
}

impl Validate for RateLimitsConfig {
    fn validate(&self, problems: &mut Problems) {
        for limit in Limit::ALL {
            problems.section(limit.word(), &self.rate(limit));
        }
    }
}

impl Validate for RateConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require((1..=1_000_000).contains(&self.per_minute), "per_minute", "is not between 1 and 1000000");
        problems.require((1..=1_000_000).contains(&self.burst), "burst", "is not between 1 and 1000000");
    }
}
