use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};
use vru_runtime::secret::Secret;

/// Section `jwt`: how bearer tokens are verified. Either with a secret (HS256) or with a public key (RS256, RS384, RS512, ES256 or
/// EdDSA, depending on the kind of key).
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JwtConfig {
    /// Shared secret for HS256, at least 32 bytes; may be `env:NAME` or `file:PATH`.
    pub secret: Secret,
    /// File with the issuer's public key (PEM).
    pub public_key: PathBuf,
    /// The issuer that `iss` must name; empty accepts every issuer.
    pub issuer: String,
    /// The audience that `aud` must contain; empty accepts every audience.
    pub audience: String,
    /// The scope that `scope` (a list, or a text separated by spaces) or `role` must contain; empty requires none.
    pub scope: String,
    /// Allowed difference between the issuer's clock and ours (default 30 s).
    #[serde(with = "humantime_serde")]
    pub leeway: Duration,
}

impl Default for JwtConfig {
    fn default() -> Self {
        Self {
            secret: Secret::default(),
            public_key: PathBuf::new(),
            issuer: String::new(),
            audience: String::new(),
            scope: String::new(),
            leeway: Duration::from_secs(30),
        }
    }
}

impl Validate for JwtConfig {
    fn validate(&self, problems: &mut Problems) {
        match (self.secret.is_empty(), self.public_key.as_os_str().is_empty()) {
            (true, true) => {
                problems.at("secret", "and `public_key` are both empty: set one of them, or turn authentication off");
            }
            (false, false) => problems.at("secret", "and `public_key` are both set: set only one of them"),
            // An attacker who has one token can guess a short HMAC key offline.
            (false, true) => {
                problems.require(self.secret.expose().len() >= 32, "secret", "has fewer than 32 bytes");
            }
            (true, false) => {
                if let Err(error) = std::fs::read(&self.public_key) {
                    problems.at("public_key", format!("{} cannot be read: {error}", self.public_key.display()));
                }
            }
        }
        problems.require(self.leeway <= Duration::from_mins(5), "leeway", "is more than 5m");
    }
}
