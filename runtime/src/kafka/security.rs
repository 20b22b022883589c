//! How clients log in to Kafka and verify it: the settings for TLS and SASL, and what a half-given combination lacks.

use std::net::IpAddr;
use std::path::Path;

use rdkafka::ClientConfig;

use super::config::KafkaConfig;
use crate::config::Problems;

pub(super) const PROTOCOLS: [&str; 4] = ["plaintext", "ssl", "sasl_ssl", "sasl_plaintext"];
const MECHANISMS: [&str; 3] = ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"];

impl KafkaConfig {
    fn uses_tls(&self) -> bool {
        matches!(self.security_protocol.as_str(), "ssl" | "sasl_ssl")
    }

    fn uses_sasl(&self) -> bool {
        matches!(self.security_protocol.as_str(), "sasl_ssl" | "sasl_plaintext")
    }

    /// Who the brokers see, as far as the configuration tells, for messages.
    pub(super) fn principal(&self) -> String {
        if self.uses_sasl() {
            let user = if self.sasl_username.is_empty() { "of `options`" } else { &self.sasl_username };
            format!("SASL user {user}")
        } else if self.security_protocol == "ssl"
            && (!self.ssl_certificate.is_empty() || self.options.contains("ssl.certificate.location"))
        {
            "subject of the client certificate".to_owned()
        } else {
            "anonymous".to_owned()
        }
    }

    /// Sets the connection's security. Every client needs it.
    pub(super) fn secure(&self, client: &mut ClientConfig) {
        client.set("security.protocol", &self.security_protocol);
        if self.uses_sasl() {
            client.set("sasl.mechanism", &self.sasl_mechanism);
        }
        let texts = [
            ("sasl.username", self.sasl_username.as_str()),
            ("sasl.password", self.sasl_password.expose()),
            ("ssl.ca.location", &self.ssl_ca_location),
            ("ssl.certificate.pem", self.ssl_certificate.expose()),
            ("ssl.key.pem", self.ssl_key.expose()),
            ("ssl.key.password", self.ssl_key_password.expose()),
        ];
        for (name, text) in texts {
            if !text.is_empty() {
                client.set(name, text);
            }
        }
    }

    pub(super) fn validate_security(&self, problems: &mut Problems) {
        let known = PROTOCOLS.contains(&self.security_protocol.as_str());
        problems.require(known, "security_protocol", format!("is not one of {}", PROTOCOLS.join(", ")));
        self.validate_given_once(problems);
        if known {
            self.validate_sasl(problems);
            self.validate_tls(problems);
        }
    }

    /// A setting and the option of the same meaning.
    fn validate_given_once(&self, problems: &mut Problems) {
        let pairs = [
            (!self.sasl_username.is_empty(), "sasl_username", &["sasl.username"][..]),
            (!self.sasl_password.is_empty(), "sasl_password", &["sasl.password"]),
            (
                !self.ssl_ca_location.is_empty(),
                "ssl_ca_location",
                &["ssl.ca.location", "ssl.ca.pem", "ssl.ca.certificate.stores"],
            ),
            (
                !self.ssl_certificate.is_empty(),
                "ssl_certificate",
                &["ssl.certificate.location", "ssl.certificate.pem", "ssl.keystore.location"],
            ),
            (!self.ssl_key.is_empty(), "ssl_key", &["ssl.key.location", "ssl.key.pem", "ssl.keystore.location"]),
            (!self.ssl_key_password.is_empty(), "ssl_key_password", &["ssl.key.password", "ssl.keystore.password"]),
        ];
        for (given, setting, options) in pairs {
            for option in options.iter().filter(|option| given && self.options.contains(option)) {
                problems
                    .at(&format!("options.{option}"), format!("is given a second time: `kafka.{setting}` is set, too"));
            }
        }
    }

    fn has_option(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.options.contains(name))
    }

    fn validate_sasl(&self, problems: &mut Problems) {
        let username = !self.sasl_username.is_empty() || self.has_option(&["sasl.username"]);
        let password = !self.sasl_password.is_empty() || self.has_option(&["sasl.password"]);
        if !self.uses_sasl() {
            let unused = "is set, but the protocol is not SASL: set `security_protocol` to sasl_ssl, or remove it";
            problems.require(!username, "sasl_username", unused);
            problems.require(!password, "sasl_password", unused);
            return;
        }
        problems.require(username, "sasl_username", "is empty, but the protocol is SASL");
        problems.require(password, "sasl_password", "is empty, but the protocol is SASL");
        let mechanism = self.sasl_mechanism.as_str();
        problems.require(
            MECHANISMS.contains(&mechanism),
            "sasl_mechanism",
            format!("is {mechanism}, which is not supported: use one of {}", MECHANISMS.join(", ")),
        );
        let readable = mechanism == "PLAIN" && !self.uses_tls() && !self.is_loopback();
        problems.require(
            !readable || self.sasl_plain_without_tls,
            "sasl_mechanism",
            "is PLAIN without TLS, which shows the password to the network: set `security_protocol` to sasl_ssl, use \
             SCRAM-SHA-512, or allow it by `sasl_plain_without_tls = true`",
        );
    }

    fn validate_tls(&self, problems: &mut Problems) {
        let certificate =
            !self.ssl_certificate.is_empty() || self.has_option(&["ssl.certificate.location", "ssl.certificate.pem"]);
        let key = !self.ssl_key.is_empty() || self.has_option(&["ssl.key.location", "ssl.key.pem"]);
        let key_password = !self.ssl_key_password.is_empty() || self.has_option(&["ssl.key.password"]);
        let keystore = self.has_option(&["ssl.keystore.location"]);
        if !self.uses_tls() {
            let unused =
                "is set, but the protocol has no TLS: set `security_protocol` to ssl or sasl_ssl, or remove it";
            problems.require(self.ssl_ca_location.is_empty(), "ssl_ca_location", unused);
            problems.require(!certificate, "ssl_certificate", unused);
            problems.require(!key, "ssl_key", unused);
            problems.require(!key_password, "ssl_key_password", unused);
            return;
        }
        problems.require(!certificate || key, "ssl_key", "is empty, but `ssl_certificate` is set");
        problems.require(!key || certificate, "ssl_certificate", "is empty, but `ssl_key` is set");
        problems.require(!key_password || key || keystore, "ssl_key", "is empty, but `ssl_key_password` is set");
        let pem = |text: &str, kind: &str| text.is_empty() || text.contains("-----BEGIN ") && text.contains(kind);
        problems.require(
            pem(self.ssl_certificate.expose(), "CERTIFICATE-----"),
            "ssl_certificate",
            "has no certificate in PEM form: give its file as `file:PATH`",
        );
        problems.require(
            pem(self.ssl_key.expose(), "PRIVATE KEY-----"),
            "ssl_key",
            "has no private key in PEM form: give its file as `file:PATH`",
        );
        if self.ssl_key.expose().contains("ENCRYPTED") {
            problems.require(key_password, "ssl_key_password", "is empty, but `ssl_key` is encrypted");
        }
        let ca = Path::new(&self.ssl_ca_location);
        if !self.ssl_ca_location.is_empty()
            && let Err(error) = std::fs::metadata(ca)
        {
            problems.at("ssl_ca_location", format!("cannot be read: {error}"));
        }
    }

    /// Whether every broker that is named here is on this machine.
    fn is_loopback(&self) -> bool {
        self.brokers.split(',').all(|address| {
            let host = address.trim().rsplit_once(':').map_or("", |(host, _)| host).trim_matches(['[', ']']);
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        })
    }
}
