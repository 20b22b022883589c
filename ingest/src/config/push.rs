use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};

use super::between::between;

/// Section `push`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PushConfig {
    /// Whether the RTSP server runs (default true).
    pub enabled: bool,
    /// Address for `rtsp://` (default `0.0.0.0:8554`).
    pub listen: SocketAddr,
    /// Address for TLS (`rtsps://`); off by default.
    pub tls_listen: Option<SocketAddr>,
    /// PEM file with the certificate chain. Required with `tls_listen`.
    pub tls_certificate: PathBuf,
    /// PEM file with the private key. Required with `tls_listen`.
    pub tls_key: PathBuf,
    /// Most connections at a time (default 256). Further ones are refused.
    pub max_connections: usize,
    /// A connection that sends no bytes for this long is closed (default 15 s).
    #[serde(with = "humantime_serde")]
    pub read_timeout: Duration,
    /// How long a client may answer an authentication challenge (default 1 min).
    #[serde(with = "humantime_serde")]
    pub nonce_lifetime: Duration,
}

impl Default for PushConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: SocketAddr::from(([0, 0, 0, 0], 8554)),
            tls_listen: None,
            tls_certificate: PathBuf::new(),
            tls_key: PathBuf::new(),
            max_connections: 256,
            read_timeout: Duration::from_secs(15),
            nonce_lifetime: Duration::from_mins(1),
        }
    }
}

impl Validate for PushConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require(self.max_connections > 0, "max_connections", "is 0");
        between(problems, "read_timeout", self.read_timeout, 500, 300);
        between(problems, "nonce_lifetime", self.nonce_lifetime, 1_000, 3_600);
        if self.tls_listen.is_some() {
            for (key, path) in [("tls_certificate", &self.tls_certificate), ("tls_key", &self.tls_key)] {
                problems.require(
                    path.is_file(),
                    key,
                    format!("`{}` is not a file, but tls_listen is set", path.display()),
                );
            }
        }
    }
}
