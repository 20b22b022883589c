use std::time::Duration;

use serde::Deserialize;
use url::Url;
use vru_runtime::config::{Problems, Validate};

/// The API itself, in `aud`.
pub(super) const API_AUDIENCE: &str = "vru-api";

/// Section `tokens`: short-lived tokens of programs. They need `cameras.secrets_key`, which encrypts the keys that sign them.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokensConfig {
    /// Who signs them, as tokens say it in `iss`: the address of the API, without a slash at its end (default: the first of
    /// `http.origins`, or the address on this machine).
    pub issuer: String,
    /// Whom they are for besides the API, as `aud` says it (default `vru`): other services accept tokens for all sites by it. Tokens of one
    /// site are for the API alone.
    pub audience: String,
    /// How long they are valid (default 5 min).
    #[serde(with = "humantime_serde")]
    pub lifetime: Duration,
    /// How long a key signs (default 30 days).
    #[serde(with = "humantime_serde")]
    pub rotate_every: Duration,
    /// How long a key is published before it signs (default 1 h): longer than verifiers keep the key set, which may be half of it.
    #[serde(with = "humantime_serde")]
    pub publish_ahead: Duration,
}

impl Default for TokensConfig {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            audience: "vru".to_owned(),
            lifetime: Duration::from_mins(5),
            rotate_every: Duration::from_hours(30 * 24),
            publish_ahead: Duration::from_hours(1),
        }
    }
}

/// So long may a token of an old key be valid.
pub(super) const LONGEST_LIFETIME: Duration = Duration::from_hours(1);

impl TokensConfig {
    /// `address`: of the API.
    pub fn issuer(&self, address: String) -> String {
        if self.issuer.is_empty() { address } else { self.issuer.clone() }
    }
}

impl Validate for TokensConfig {
    fn validate(&self, problems: &mut Problems) {
        if !self.issuer.is_empty() && !is_issuer(&self.issuer) {
            problems.at(
                "issuer",
                "is not an address such as https://vru.example.org, without a path or a slash at its end",
            );
        }
        problems.require(!self.audience.trim().is_empty(), "audience", "is empty");
        let api_only = format!("is `{API_AUDIENCE}`, by which tokens of one site are known: choose another one");
        problems.require(self.audience != API_AUDIENCE, "audience", api_only);
        let limits = Duration::from_secs(1)..=LONGEST_LIFETIME;
        problems.require(limits.contains(&self.lifetime), "lifetime", "is not between 1s and 1h");
        let limits = Duration::from_secs(10)..=Duration::from_hours(24);
        problems.require(limits.contains(&self.publish_ahead), "publish_ahead", "is not between 10s and 1d");
        let limits = (self.publish_ahead * 2).max(Duration::from_hours(1))..=Duration::from_hours(366 * 24);
        let wrong = "is not between 1h (and twice `publish_ahead`) and 1 year";
        problems.require(limits.contains(&self.rotate_every), "rotate_every", wrong);
    }
}

fn is_issuer(text: &str) -> bool {
    Url::parse(text)
        .is_ok_and(|url| ["https", "http"].contains(&url.scheme()) && url.origin().ascii_serialization() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(change: impl FnOnce(&mut TokensConfig)) -> String {
        let (mut config, mut problems) = (TokensConfig::default(), Problems::default());
        change(&mut config);
        config.validate(&mut problems);
        problems.found().join("\n")
    }

    #[test]
    fn settings_that_cannot_work_are_named() {
        assert_eq!(problems(|_| {}), "");
        assert_eq!(problems(|config| config.issuer = "https://vru.example.org:8443".to_owned()), "");
        for issuer in ["vru", "https://vru.example.org/", "https://vru.example.org/a", "ftp://vru", "https://u@vru"] {
            assert!(problems(|config| config.issuer = issuer.to_owned()).contains("issuer"), "{issuer}");
        }
        assert!(problems(|config| config.audience = API_AUDIENCE.to_owned()).contains("audience"));
        assert!(problems(|config| config.audience = String::new()).contains("audience"));
        assert!(problems(|config| config.lifetime = Duration::from_hours(2)).contains("lifetime"));
        assert!(problems(|config| config.publish_ahead = Duration::from_secs(1)).contains("publish_ahead"));
        assert!(problems(|config| config.rotate_every = Duration::from_mins(90)).contains("rotate_every"));
    }
}
