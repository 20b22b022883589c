//! Free librdkafka options (`kafka.options`), and those that are refused.

use std::collections::BTreeMap;
use std::fmt;

use rdkafka::ClientConfig;
use serde::{Deserialize, Deserializer};

use crate::config::Problems;
use crate::secret::Secret;

/// librdkafka settings by name, applied after our own. Their values print as `***`, because some are secrets, and may be references
/// (`env:NAME`, `file:PATH`).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ClientOptions(BTreeMap<String, Secret>);

/// Another name of the same librdkafka setting → the name that is used here.
const ALIASES: &[(&str, &str)] = &[
    ("auto.commit.enable", "enable.auto.commit"),
    ("compression.codec", "compression.type"),
    ("delivery.timeout.ms", "message.timeout.ms"),
    ("linger.ms", "queue.buffering.max.ms"),
    ("max.in.flight", "max.in.flight.requests.per.connection"),
    ("max.partition.fetch.bytes", "fetch.message.max.bytes"),
    ("message.send.max.retries", "retries"),
    ("metadata.broker.list", "bootstrap.servers"),
    ("request.required.acks", "acks"),
    ("sasl.mechanisms", "sasl.mechanism"),
    ("sasl.oauthbearer.client.credentials.client.id", "sasl.oauthbearer.client.id"),
    ("sasl.oauthbearer.client.credentials.client.secret", "sasl.oauthbearer.client.secret"),
];

/// Options that have a setting of their own with a default, so that a value in both places cannot be told apart from one.
const TYPED: &[(&str, &str)] = &[
    ("bootstrap.servers", "brokers"),
    ("security.protocol", "security_protocol"),
    ("sasl.mechanism", "sasl_mechanism"),
    ("session.timeout.ms", "session_timeout"),
    ("client.rack", "client_rack"),
    ("message.max.bytes", "message_max_bytes"),
    ("fetch.message.max.bytes", "message_max_bytes"),
];

const DELIVERY: &str = "results are delivered at least once and in order only with its value";
const GROUP: &str = "the service itself manages its consumer group and its offsets";
const VERIFIED: &str = "the broker's certificate and host name are always verified";
const MEMORY: &str = "the service sets it: it bounds memory or latency";
const INTERNAL: &str = "it is a part of the program, not a setting";

/// Options that would break what the services promise, and why.
const REFUSED: &[(&str, &str)] = &[
    ("acks", DELIVERY),
    ("enable.idempotence", DELIVERY),
    ("enable.gapless.guarantee", DELIVERY),
    ("max.in.flight.requests.per.connection", DELIVERY),
    ("message.timeout.ms", DELIVERY),
    ("retries", DELIVERY),
    ("transactional.id", DELIVERY),
    ("transaction.timeout.ms", DELIVERY),
    ("queuing.strategy", DELIVERY),
    ("delivery.report.only.error", DELIVERY),
    ("produce.offset.report", DELIVERY),
    ("partitioner", "all services must find a camera in the same partition"),
    ("sticky.partitioning.linger.ms", "all services must find a camera in the same partition"),
    ("isolation.level", "all services must read the same records"),
    ("topic.blacklist", "it hides topics that the services need"),
    ("allow.auto.create.topics", "topics are created with settings that the delivery guarantees depend on"),
    ("auto.offset.reset", GROUP),
    ("auto.commit.interval.ms", GROUP),
    ("enable.auto.commit", GROUP),
    ("enable.auto.offset.store", GROUP),
    ("enable.partition.eof", GROUP),
    ("group.id", GROUP),
    ("group.instance.id", GROUP),
    ("group.protocol", GROUP),
    ("group.protocol.type", GROUP),
    ("group.remote.assignor", GROUP),
    ("heartbeat.interval.ms", "it follows from `session_timeout`"),
    ("offset.store.method", GROUP),
    ("offset.store.path", GROUP),
    ("offset.store.sync.interval.ms", GROUP),
    ("partition.assignment.strategy", GROUP),
    ("statistics.interval.ms", GROUP),
    ("client.id", "each client has its own"),
    ("enable.ssl.certificate.verification", VERIFIED),
    ("ssl.endpoint.identification.algorithm", VERIFIED),
    ("queue.buffering.max.kbytes", MEMORY),
    ("queue.buffering.max.ms", MEMORY),
    ("compression.type", MEMORY),
    ("default_topic_conf", INTERNAL),
    ("enable.random.seed", INTERNAL),
    ("enabled_events", INTERNAL),
    ("interceptors", INTERNAL),
    ("internal.termination.signal", INTERNAL),
    ("log.queue", INTERNAL),
    ("msg_order_cmp", INTERNAL),
    ("opaque", INTERNAL),
    ("plugin.library.paths", "it loads code into the process"),
    ("ssl.engine.location", "it loads code into the process"),
    ("ssl.providers", "it loads code into the process"),
    ("ssl_ca", INTERNAL),
    ("ssl_certificate", INTERNAL),
    ("ssl_key", INTERNAL),
    ("ssl_engine_callback_data", INTERNAL),
];

impl ClientOptions {
    /// Options by name. A name that is given twice has the last value.
    pub fn new<K: Into<String>, V: Into<String>>(options: impl IntoIterator<Item = (K, V)>) -> Self {
        Self(options.into_iter().map(|(name, value)| (name.into(), Secret::new(value))).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, name: &str) -> bool {
        self.0.keys().any(|key| canonical(key) == name)
    }

    pub(super) fn apply(&self, client: &mut ClientConfig) {
        for (name, value) in &self.0 {
            client.set(name, value.expose());
        }
    }

    /// Every option that is refused, or given a second time under another name.
    pub(super) fn validate(&self, problems: &mut Problems) {
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        for (key, value) in &self.0 {
            let name = canonical(key);
            let at = format!("options.{key}");
            if let Some(earlier) = seen.insert(name, key) {
                problems.at(&at, format!("is the same option as `{earlier}`; give it once"));
            }
            if let Some((_, setting)) = TYPED.iter().find(|(option, _)| *option == name) {
                problems.at(&at, format!("has a setting of its own: use `kafka.{setting}`"));
            } else if let Some((_, why)) = REFUSED.iter().find(|(option, _)| *option == name) {
                problems.at(&at, format!("cannot be set: {why}"));
            } else if key.ends_with("_cb") || key.starts_with("test.") {
                problems.at(&at, format!("cannot be set: {INTERNAL}"));
            } else if ["sasl.oauthbearer.", "sasl.kerberos."].iter().any(|kind| name.starts_with(kind))
                || name == "enable.sasl.oauthbearer.unsecure.jwt"
            {
                problems.at(
                    &at,
                    "concerns a SASL mechanism that is not supported: use PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512",
                );
            }
            problems.require(!value.expose().contains('\0'), &at, "contains a zero byte");
        }
    }
}

fn canonical(name: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name)
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.0).finish()
    }
}

impl<'de> Deserialize<'de> for ClientOptions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(Self)
    }
}
