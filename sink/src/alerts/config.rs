use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use vru_auth::JwtConfig;
use vru_runtime::config::{Problems, Validate};
use vru_runtime::tls::TlsConfig;

/// Section `alerts`: the gRPC server that pushes alerts to subscribers.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertsConfig {
    /// Whether the server runs when `vru-sink` is started without a command, or with `all` (default true).
    pub enabled: bool,
    /// Address on which the server listens (default `0.0.0.0:50051`).
    pub listen: SocketAddr,
    /// How subscribers authenticate: `jwt` (default), or `none`, which is allowed on a loopback address only.
    pub auth: AuthMode,
    /// How bearer tokens are verified, when `auth` is `jwt`.
    pub jwt: JwtConfig,
    /// Certificate and key. They are read again when they change. Without them the server speaks HTTP/2 without TLS.
    pub tls: TlsConfig,
    /// Lets the server take bearer tokens without TLS on an address that is not loopback (default false). Whoever sees the traffic can use
    /// the tokens: only for a server behind a proxy that ends TLS on the same network.
    pub allow_plaintext: bool,
    /// A subscriber to whom nothing was sent for this long gets a heartbeat (default 10 s).
    #[serde(with = "humantime_serde")]
    pub heartbeat: Duration,
    /// Alerts that may wait for a subscriber that does not read (default 256), not counting those that were there when it subscribed. When
    /// there are more, its stream ends with a token to resume with.
    pub queue: usize,
    /// A subscriber that takes nothing for this long although something waits for it is disconnected in the same way (default 30 s).
    #[serde(with = "humantime_serde")]
    pub stalled_after: Duration,
    /// Recent alerts kept in memory for subscribers that resume (default 10000). Older ones are read from Kafka again.
    pub ring_alerts: usize,
    /// Upper bound of that memory, bytes (default 64 MiB).
    pub ring_bytes: usize,
    /// Subscribers for whom Kafka is read again at the same time (default 16). Others wait for their turn.
    pub max_replays: usize,
    /// Subscribers at the same time (default 5000). More are refused with `UNAVAILABLE`.
    pub max_subscribers: usize,
    /// Interval of HTTP/2 pings, and how long a connection may take to answer one before it is closed (default 20 s).
    #[serde(with = "humantime_serde")]
    pub keepalive: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// `authorization: Bearer <JWT>`.
    Jwt,
    /// Everybody may subscribe.
    None,
}

impl Default for AlertsConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: SocketAddr::from(([0, 0, 0, 0], 50051)),
            auth: AuthMode::Jwt,
            jwt: JwtConfig::default(),
            tls: TlsConfig::default(),
            allow_plaintext: false,
            heartbeat: Duration::from_secs(10),
            queue: 256,
            stalled_after: Duration::from_secs(30),
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
            AuthMode::Jwt => {
                problems.section("jwt", &self.jwt);
                problems.require(
                    self.tls.is_on() || self.allow_plaintext || self.listen.ip().is_loopback(),
                    "tls.certificate",
                    format!(
                        "is empty, and bearer tokens without TLS are safe on a loopback address only, but `listen` is {}: set it, or \
                         `allow_plaintext = true` behind a proxy that ends TLS",
                        self.listen
                    ),
                );
            }
            AuthMode::None => problems.require(
                self.listen.ip().is_loopback(),
                "auth",
                format!("is `none`, which is allowed on a loopback address only, but `listen` is {}", self.listen),
            ),
        }
        problems.section("tls", &self.tls);
        let sane = Duration::from_millis(100)..=Duration::from_mins(5);
        problems.require(sane.contains(&self.heartbeat), "heartbeat", "is not between 100ms and 5m");
        problems.require(sane.contains(&self.keepalive), "keepalive", "is not between 100ms and 5m");
        problems.require(sane.contains(&self.stalled_after), "stalled_after", "is not between 100ms and 5m");
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
