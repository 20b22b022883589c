use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};
use vru_runtime::report::chain;
use vru_runtime::tls::ServerTls;

use super::between::between;

/// Section `push`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PushConfig {
    /// Whether the RTSP server runs (default true).
    pub enabled: bool,
    /// Address for `rtsp://` (default `0.0.0.0:8554`). Not used with `plaintext = false`.
    pub listen: SocketAddr,
    /// Whether the server listens on `listen`, without TLS (default true). With false, publishers must use `rtsps://` and `tls_listen`.
    pub plaintext: bool,
    /// Address for TLS (`rtsps://`); off by default.
    pub tls_listen: Option<SocketAddr>,
    /// PEM file with the certificate chain. Required with `tls_listen`. It is loaded again when it changes.
    pub tls_certificate: PathBuf,
    /// PEM file with the private key. Required with `tls_listen`. It is loaded again when it changes.
    pub tls_key: PathBuf,
    /// Most connections at a time (default 256). A further one gets the place of a connection whose publisher is not sending yet, or is
    /// refused.
    pub max_connections: usize,
    /// Most connections of one address whose publishers are not sending yet (default 32). Further ones are refused. The addresses of an
    /// IPv6 network of 64 bits count as one. Raise it where many cameras share an address.
    pub max_pending_per_address: usize,
    /// How long a connection may take from its start to RECORD, with the TLS handshake and the log-in (default 15 s).
    #[serde(with = "humantime_serde")]
    pub setup_timeout: Duration,
    /// A connection that sends no bytes for this long is closed (default 15 s). Publishers are told it as the timeout of their session,
    /// in whole seconds.
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
            plaintext: true,
            tls_listen: None,
            tls_certificate: PathBuf::new(),
            tls_key: PathBuf::new(),
            max_connections: 256,
            max_pending_per_address: 32,
            setup_timeout: Duration::from_secs(15),
            read_timeout: Duration::from_secs(15),
            nonce_lifetime: Duration::from_mins(1),
        }
    }
}

impl Validate for PushConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require(self.max_connections > 0, "max_connections", "is 0");
        problems.require(self.max_pending_per_address > 0, "max_pending_per_address", "is 0");
        between(problems, "setup_timeout", self.setup_timeout, 1_000, 300);
        between(problems, "read_timeout", self.read_timeout, 1_000, 300);
        between(problems, "nonce_lifetime", self.nonce_lifetime, 1_000, 3_600);
        self.validate_tls(problems);
    }
}

impl PushConfig {
    fn validate_tls(&self, problems: &mut Problems) {
        let files: [(&str, &Path); 2] = [("tls_certificate", &self.tls_certificate), ("tls_key", &self.tls_key)];
        let Some(address) = self.tls_listen else {
            for (key, path) in files {
                let unused = path.as_os_str().is_empty();
                problems.require(unused, key, "is set, but nothing uses it: set tls_listen, or remove it");
            }
            let reachable = self.plaintext || !self.enabled;
            let problem =
                "is false, but tls_listen is not set, so nobody could connect: set tls_listen, or enabled = false";
            problems.require(reachable, "plaintext", problem);
            return;
        };
        let shared = self.plaintext && address.port() != 0 && address == self.listen;
        problems.require(
            !shared,
            "tls_listen",
            "is the same address as listen: use another port, or plaintext = false",
        );
        let mut complete = true;
        for (key, path) in files {
            complete &= path.is_file();
            let problem = format!("`{}` is not a file, but tls_listen is set", path.display());
            problems.require(path.is_file(), key, problem);
        }
        if complete && let Err(error) = ServerTls::check(&self.tls_certificate, &self.tls_key) {
            problems.require(false, "tls_certificate", format!("cannot be used with tls_key: {}", chain(&error)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(change: impl FnOnce(&mut PushConfig)) -> String {
        let mut config = PushConfig::default();
        change(&mut config);
        let mut problems = Problems::default();
        config.validate(&mut problems);
        problems.found().join("\n")
    }

    #[test]
    fn combinations_that_cannot_work_are_named() {
        assert_eq!(problems(|_| {}), "");
        assert!(problems(|config| config.plaintext = false).contains("plaintext: is false"));
        assert_eq!(
            problems(|config| {
                config.plaintext = false;
                config.enabled = false;
            }),
            ""
        );
        let unused = problems(|config| config.tls_key = "key.pem".into());
        assert!(unused.contains("tls_key: is set, but nothing uses it"), "{unused}");
        let shared = problems(|config| config.tls_listen = Some(config.listen));
        for wanted in ["tls_listen: is the same", "tls_certificate: `` is not a file", "tls_key: `` is not a file"] {
            assert!(shared.contains(wanted), "{wanted}: {shared}");
        }
        let zero = problems(|config| {
            config.max_pending_per_address = 0;
            config.setup_timeout = Duration::ZERO;
            config.read_timeout = Duration::from_millis(500);
        });
        for key in ["max_pending_per_address", "setup_timeout", "read_timeout"] {
            assert!(zero.contains(key), "{key}: {zero}");
        }
    }

    #[test]
    fn a_certificate_that_cannot_be_served_is_a_mistake() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
        for file in [&certificate, &key] {
            std::fs::write(file, "no PEM").unwrap();
        }
        let found = problems(|config| {
            config.tls_listen = Some(SocketAddr::from(([127, 0, 0, 1], 322)));
            (config.tls_certificate, config.tls_key) = (certificate, key);
        });
        assert!(found.contains("tls_certificate: cannot be used with tls_key"), "{found}");
    }
}
