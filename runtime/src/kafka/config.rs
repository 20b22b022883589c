use std::time::Duration;

use serde::Deserialize;
use vru_proto::v1::Delivery;

use super::options::ClientOptions;

use crate::config::{Problems, Validate};
use crate::secret::Secret;

/// Section `kafka`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KafkaConfig {
    /// `host:port`, several joined by commas (default `127.0.0.1:9092`).
    pub brokers: String,
    /// Prefix of the topics `frames`, `file-frames`, `file-positions`, `detections`, `alerts`, `cameras`, `camera-tests`,
    /// `camera-test-pictures`, `camera-test-reports` and `dead-letters` (default `vru.`).
    pub topic_prefix: String,
    /// `plaintext` (default), `ssl`, `sasl_ssl` or `sasl_plaintext`.
    pub security_protocol: String,
    /// `SCRAM-SHA-512` (default), `SCRAM-SHA-256` or `PLAIN`; used with the `sasl_…` protocols.
    pub sasl_mechanism: String,
    /// User for SASL.
    pub sasl_username: String,
    /// Password for SASL; may be `env:NAME` or `file:PATH`.
    pub sasl_password: Secret,
    /// Allows `PLAIN` over `sasl_plaintext` to brokers on other machines: the network sees the password (default false).
    pub sasl_plain_without_tls: bool,
    /// Path of CA certificates (PEM); the system's when empty.
    pub ssl_ca_location: String,
    /// The client's certificate and its intermediate ones (PEM), for brokers that ask for one; as a rule `file:PATH`. Read at the start.
    pub ssl_certificate: Secret,
    /// The private key of `ssl_certificate` (PEM); as a rule `file:PATH` or `env:NAME`.
    pub ssl_key: Secret,
    /// Password of `ssl_key`, if it is encrypted; may be `env:NAME` or `file:PATH`.
    pub ssl_key_password: Secret,
    /// How long a group member that sends no heartbeats keeps its partitions (default 10 s).
    #[serde(with = "humantime_serde")]
    pub session_timeout: Duration,
    /// Largest record, bytes (default 8 MiB). `max.message.bytes` of the topics must be at least as large.
    pub message_max_bytes: u32,
    /// The zone that this process is in. Consumers then fetch from a replica in the rack of this name, if there is one and the brokers have
    /// `replica.selector.class` set. Empty (default): from the leaders, in any zone.
    pub client_rack: String,
    /// What the brokers call the zones, where their racks have other names: `zone=rack`, several joined by commas (default empty).
    pub rack_names: String,
    /// More librdkafka settings for every client, by librdkafka's names: `"socket.timeout.ms" = "5000"` in TOML (with the quotes),
    /// `--set kafka.options.socket.timeout.ms=5000`, `VRU__KAFKA__OPTIONS__SOCKET__TIMEOUT__MS=5000`. Values may be `env:NAME` or
    /// `file:PATH`. Those that would break a guarantee, and those with a setting of their own, are refused.
    pub options: ClientOptions,
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
            sasl_plain_without_tls: false,
            ssl_ca_location: String::new(),
            ssl_certificate: Secret::default(),
            ssl_key: Secret::default(),
            ssl_key_password: Secret::default(),
            session_timeout: Duration::from_secs(10),
            message_max_bytes: 8 * 1024 * 1024,
            client_rack: String::new(),
            rack_names: String::new(),
            options: ClientOptions::default(),
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
        let sane = (Duration::from_secs(1)..=Duration::from_mins(5)).contains(&self.session_timeout);
        problems.require(sane, "session_timeout", "is not between 1s and 5m");
        let sane = (100_000..=100_000_000).contains(&self.message_max_bytes);
        problems.require(sane, "message_max_bytes", "is not between 100 kB and 100 MB");
        let before = problems.found().len();
        self.validate_rack(problems);
        self.validate_security(problems);
        self.options.validate(problems);
        if problems.found().len() == before {
            self.validate_client(problems);
        }
    }
}

/// Topic names, with the prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics {
    /// Encoded frames of live cameras.
    pub frames: String,
    /// Encoded frames of files.
    pub file_frames: String,
    /// How far files are published, compacted.
    pub file_positions: String,
    /// Results of the analysis of each frame.
    pub detections: String,
    pub alerts: String,
    /// Camera configuration, compacted.
    pub cameras: String,
    /// Cameras to try once.
    pub camera_tests: String,
    /// Their pictures, for inference, which blurs them.
    pub camera_test_pictures: String,
    /// What came of it.
    pub camera_test_reports: String,
    /// Records that could not be decoded.
    pub dead_letters: String,
}

impl Topics {
    /// The topic of the frames that are delivered in this way.
    pub fn of_frames(&self, delivery: Delivery) -> &str {
        match delivery {
            Delivery::EveryFrame => &self.file_frames,
            Delivery::Live | Delivery::Unspecified => &self.frames,
        }
    }
}

/// What a record of a picture has besides the picture: its other fields, its key and headers, and Kafka's format.
const AROUND_PICTURE: u32 = 4_096;

impl KafkaConfig {
    /// The largest response that a consumer takes. Librdkafka makes none if it is less than what it fetches at once, 50 MB.
    pub(super) fn receive_max_bytes(&self) -> String {
        self.message_max_bytes.saturating_mul(4).max(64 * 1024 * 1024).to_string()
    }

    /// The most bytes of a picture that fits into a record.
    pub fn largest_picture(&self) -> usize {
        self.message_max_bytes.saturating_sub(AROUND_PICTURE) as usize
    }

    pub fn topics(&self) -> Topics {
        let name = |topic: &str| format!("{}{topic}", self.topic_prefix);
        Topics {
            frames: name("frames"),
            file_frames: name("file-frames"),
            file_positions: name("file-positions"),
            detections: name("detections"),
            alerts: name("alerts"),
            cameras: name("cameras"),
            camera_tests: name("camera-tests"),
            camera_test_pictures: name("camera-test-pictures"),
            camera_test_reports: name("camera-test-reports"),
            dead_letters: name("dead-letters"),
        }
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
