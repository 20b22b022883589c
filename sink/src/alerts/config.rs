//! Section `alerts`: where the gRPC server listens, whom it lets in, and what it may hold.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};
use vru_runtime::secret::Secret;

/// Section `alerts`: the gRPC server that pushes alerts to subscribers.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertsConfig {
    /// Whether this sink runs when `vru-sink` is started for all (default true).
    pub enabled: bool,
    /// Where it listens (default `0.0.0.0:50051`).
    pub listen: SocketAddr,
    /// `jwt` (default), or `none`, which is allowed on a loopback address only.
    pub auth: AuthMode,
    /// How bearer tokens are verified.
    pub jwt: JwtConfig,
    /// Certificate and key; without them the server speaks plain HTTP/2.
    pub tls: TlsConfig,
    /// A stream that was silent this long gets a heartbeat (default 10 s).
    #[serde(with = "humantime_serde")]
    pub heartbeat: Duration,
    /// Alerts that may wait for one subscriber (default 256). One that falls further behind is cut with its token.
    pub queue: usize,
    /// Recent alerts kept in memory for those who resume (default 10000); older ones are read from Kafka again.
    pub ring_alerts: usize,
    /// Bound of that memory, bytes (default 64 MiB).
    pub ring_bytes: usize,
    /// Subscribers that read from Kafka at the same time (default 16); others wait their turn.
    pub max_replays: usize,
    /// Subscribers at the same time (default 5000); more are refused.
    pub max_subscribers: usize,
    /// A connection that does not answer a ping within this is closed (default 20 s).
    #[serde(with = "humantime_serde")]
    pub keepalive: Duration,
}

/// How subscribers prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// `authorization: Bearer <JWT>`.
    Jwt,
    /// Not at all.
    None,
}

/// Section `alerts.jwt`. Either a secret (HS256) or a public key (RS256, ES256 or EdDSA, by the kind of key).
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JwtConfig {
    /// Shared secret for HS256, at least 32 bytes; may be `env:NAME` or `file:PATH`.
    pub secret: Secret,
    /// File with the issuer's public key (PEM).
    pub public_key: PathBuf,
    /// What `iss` must be; any when empty.
    pub issuer: String,
    /// What `aud` must hold; any when empty.
    pub audience: String,
    /// What `scope` (space separated) or `role` must hold; anything when empty.
    pub scope: String,
    /// Clocks may differ by this (default 30 s).
    #[serde(with = "humantime_serde")]
    pub leeway: Duration,
}

/// Section `alerts.tls`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// File with the certificate chain (PEM).
    pub certificate: PathBuf,
    /// File with its private key (PEM).
    pub key: PathBuf,
}

impl TlsConfig {
    /// Whether TLS is on.
    pub(crate) fn is_on(&self) -> bool {
        !self.certificate.as_os_str().is_empty()
    }
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

impl Default for AlertsConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: SocketAddr::from(([0, 0, 0, 0], 50051)),
            auth: AuthMode::Jwt,
            jwt: JwtConfig::default(),
            tls: TlsConfig::default(),
            heartbeat: Duration::from_secs(10),
            queue: 256,
            ring_alerts: 10_000,
            ring_bytes: 64 * 1024 * 1024,
            max_replays: 16,
            max_subscribers: 5_000,
            keepalive: Duration::from_secs(20),
        }
    }
}

impl Validate for AlertsConfig {
    fn validate(&self, problems: &mut Problems) {
        match self.auth {
            AuthMode::Jwt => problems.section("jwt", &self.jwt),
            AuthMode::None => problems.require(
                self.listen.ip().is_loopback(),
                "auth",
                format!("is `none`, which only a loopback address may be; `listen` is {}", self.listen),
            ),
        }
        problems.section("tls", &self.tls);
        let sane = Duration::from_millis(100)..=Duration::from_mins(5);
        problems.require(sane.contains(&self.heartbeat), "heartbeat", "is not between 100ms and 5m");
        problems.require(sane.contains(&self.keepalive), "keepalive", "is not between 100ms and 5m");
        problems.require((1..=100_000).contains(&self.queue), "queue", "is not between 1 and 100000");
        problems.require((1..=1_000_000).contains(&self.ring_alerts), "ring_alerts", "is not between 1 and 1000000");
        problems.require(self.ring_bytes >= 1024 * 1024, "ring_bytes", "is less than 1 MiB");
        problems.require((1..=256).contains(&self.max_replays), "max_replays", "is not between 1 and 256");
        problems.require(
            (1..=100_000).contains(&self.max_subscribers),
            "max_subscribers",
            "is not between 1 and 100000",
        );
    }
}

impl Validate for JwtConfig {
    fn validate(&self, problems: &mut Problems) {
        match (self.secret.is_empty(), self.public_key.as_os_str().is_empty()) {
            (true, true) => problems.at("secret", "and `public_key` are both empty: give one, or set alerts.auth"),
            (false, false) => problems.at("secret", "and `public_key` are both given: give one"),
            // HMAC with a short key can be guessed offline from any one token.
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

impl Validate for TlsConfig {
    fn validate(&self, problems: &mut Problems) {
        let (certificate, key) = (self.certificate.as_os_str().is_empty(), self.key.as_os_str().is_empty());
        problems.require(certificate == key, "certificate", "and `key` go together: one of them is empty");
        for (name, path) in [("certificate", &self.certificate), ("key", &self.key)] {
            if !path.as_os_str().is_empty()
                && let Err(error) = std::fs::read(path)
            {
                problems.at(name, format!("{} cannot be read: {error}", path.display()));
            }
        }
    }
}
