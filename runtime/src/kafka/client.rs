//! The one place where the settings of a client come together: the connection's, those of the kind of client, and the free options.

use rdkafka::ClientConfig;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::KafkaError;

use super::config::KafkaConfig;
use super::consumer::ConsumerOptions;
use super::context::LogContext;
use super::error::without_value;
use super::rack::Rack;
use crate::config::Problems;

impl KafkaConfig {
    /// The settings of a client. `settings` are those of its kind; [`KafkaConfig::options`] override them.
    pub fn client(&self, client_id: &str, settings: &[(&str, &str)]) -> ClientConfig {
        #[expect(clippy::disallowed_methods, reason = "all other clients get their settings here")]
        let mut client = ClientConfig::new();
        client
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", client_id)
            .set("message.max.bytes", self.message_max_bytes.to_string())
            .set("socket.keepalive.enable", "true")
            .set("socket.nagle.disable", "true")
            .set("reconnect.backoff.ms", "100")
            .set("reconnect.backoff.max.ms", "2000")
            .set("socket.timeout.ms", "10000");
        if let Rack::Named(rack) = self.rack() {
            client.set("client.rack", rack);
        }
        self.secure(&mut client);
        for (name, value) in settings {
            client.set(*name, *value);
        }
        self.options.apply(&mut client);
        client
    }

    /// Lets librdkafka check what only it can: names and values of options, certificates, keys and their passwords. It makes a client
    /// that knows no broker, so nothing is connected.
    pub(super) fn validate_client(&self, problems: &mut Problems) {
        // A plain connection without options has nothing to check.
        if self.security_protocol == "plaintext" && self.options.is_empty() {
            return;
        }
        let mut client = ConsumerOptions::new("vru-check", &[]).client_config(self);
        client.remove("bootstrap.servers");
        client.remove("group.id");
        client.set("log_level", "0");
        let checked: Result<BaseConsumer<LogContext>, KafkaError> = client.create_with_context(LogContext);
        if let Err(error) = checked {
            match without_value(error) {
                KafkaError::ClientConfig(_, reason, name, _) => problems.at(&format!("options.{name}"), reason),
                error => problems.at("", format!("no client can be made with these settings: {error}")),
            }
        }
    }
}
