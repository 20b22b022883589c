use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::ClientConfig;
use serde::Deserialize;

use crate::config::{Problems, Validate};
use crate::secret::Secret;

/// Section `kafka`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KafkaConfig {
    /// `host:port`, several joined by commas (default `127.0.0.1:9092`).
    pub brokers: String,
    /// Prefix of the topics `frames`, `detections`, `alerts`, `cameras` and `dead-letters` (default `vru.`).
    pub topic_prefix: String,
    /// `plaintext` (default), `ssl`, `sasl_ssl` or `sasl_plaintext`.
    pub security_protocol: String,
    /// `SCRAM-SHA-512` (default), `SCRAM-SHA-256` or `PLAIN`; used with the `sasl_…` protocols.
    pub sasl_mechanism: String,
    /// User for SASL.
    pub sasl_username: String,
    /// Password for SASL; may be `env:NAME` or `file:PATH`.
    pub sasl_password: Secret,
    /// Path of CA certificates (PEM); the system's when empty.
    pub ssl_ca_location: String,
    /// How long a group member that sends no heartbeats keeps its partitions (default 10 s).
    #[serde(with = "humantime_serde")]
    pub session_timeout: Duration,
    /// Largest record, bytes (default 8 MiB). `max.message.bytes` of the topics must be at least as large.
    pub message_max_bytes: u32,
    /// More librdkafka settings, applied last.
    pub options: BTreeMap<String, String>,
}

impl Default for KafkaConfig {
    fn default() -> Self {
        Self {
            brokers: "127.0.0.1:9092".to_owned(),
            topic_prefix: "vru.".to_owned(),
            security_protocol: "plaintext".to_owned(),
            sasl_mechanism: "SCRAM-SHA-512".to_owned(),
            sasl_username: String::new(),
            sasl_password: Secret::default(),
            ssl_ca_location: String::new(),
            session_timeout: Duration::from_secs(10),
            message_max_bytes: 8 * 1024 * 1024,
            options: BTreeMap::new(),
        }
    }
}

impl Validate for KafkaConfig {
    fn validate(&self, problems: &mut Problems) {
        let addresses = self.brokers.split(',').map(str::trim);
        for address in addresses {
            let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty());
            let valid = port.is_some_and(|(_, port)| port.parse::<u16>().is_ok_and(|port| port > 0));
            problems.require(valid, "brokers", format!("`{address}` is not host:port"));
        }
        let prefix_ok = self.topic_prefix.len() <= 200
            && self.topic_prefix.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        problems.require(
            prefix_ok,
            "topic_prefix",
            "is longer than 200 characters or has characters that are not allowed in a topic name",
        );
        let protocols = ["plaintext", "ssl", "sasl_ssl", "sasl_plaintext"];
        let known = protocols.contains(&self.security_protocol.as_str());
        problems.require(known, "security_protocol", format!("is not one of {}", protocols.join(", ")));
        if self.security_protocol.starts_with("sasl") {
            problems.require(!self.sasl_username.is_empty(), "sasl_username", "is empty, but the protocol is SASL");
            problems.require(!self.sasl_password.is_empty(), "sasl_password", "is empty, but the protocol is SASL");
        }
        let sane = (Duration::from_secs(1)..=Duration::from_mins(5)).contains(&self.session_timeout);
        problems.require(sane, "session_timeout", "is not between 1s and 5m");
        let sane = (100_000..=100_000_000).contains(&self.message_max_bytes);
        problems.require(sane, "message_max_bytes", "is not between 100 kB and 100 MB");
    }
}

/// Topic names, with the prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics {
    /// Encoded frames.
    pub frames: String,
    /// Results of the analysis of each frame.
    pub detections: String,
    pub alerts: String,
    /// Camera configuration, compacted.
    pub cameras: String,
    /// Records that could not be decoded.
    pub dead_letters: String,
}

impl KafkaConfig {
    pub fn topics(&self) -> Topics {
        let name = |topic: &str| format!("{}{topic}", self.topic_prefix);
        Topics {
            frames: name("frames"),
            detections: name("detections"),
            alerts: name("alerts"),
            cameras: name("cameras"),
            dead_letters: name("dead-letters"),
        }
    }

    /// The settings that producers, consumers and admin clients have in common.
    pub fn client(&self, client_id: &str) -> ClientConfig {
        let mut client = ClientConfig::new();
        client
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", client_id)
            .set("security.protocol", &self.security_protocol)
            .set("message.max.bytes", self.message_max_bytes.to_string())
            .set("socket.keepalive.enable", "true")
            .set("socket.nagle.disable", "true")
            .set("reconnect.backoff.ms", "100")
            .set("reconnect.backoff.max.ms", "2000")
            .set("socket.timeout.ms", "10000");
        if self.security_protocol.starts_with("sasl") {
            client
                .set("sasl.mechanism", &self.sasl_mechanism)
                .set("sasl.username", &self.sasl_username)
                .set("sasl.password", self.sasl_password.expose());
        }
        if !self.ssl_ca_location.is_empty() {
            client.set("ssl.ca.location", &self.ssl_ca_location);
        }
        client
    }

    /// Sets [`KafkaConfig::options`]; call it after everything else is set.
    pub(crate) fn apply_options(&self, client: &mut ClientConfig) {
        for (key, value) in &self.options {
            client.set(key, value);
        }
    }
}
