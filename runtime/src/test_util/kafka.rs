//! Apache Kafka 4 in KRaft mode: one process is both broker and controller.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{ClientConfig, TopicPartitionList};

use crate::kafka::KafkaConfig;

use super::{Bus, Launch, ServerProcess, folder, free_port, require_asset};

#[derive(Debug)]
pub struct KafkaServer {
    pub server: ServerProcess,
    brokers: String,
}

/// The broker that all tests of this process share.
pub fn kafka() -> &'static KafkaServer {
    static SHARED: OnceLock<KafkaServer> = OnceLock::new();
    SHARED.get_or_init(KafkaServer::start)
}

impl KafkaServer {
    /// Starts a broker with an empty log.
    pub fn start() -> Self {
        Self::start_with("", &[], &[])
    }

    /// Starts a broker with more listeners (`,NAME://host:port`), more lines of settings, and more arguments for formatting its log.
    pub(super) fn start_with(listeners: &str, lines: &[String], format: &[String]) -> Self {
        Self::start_at(free_port(), free_port(), listeners, lines, format)
    }

    /// Like [`KafkaServer::start_with`], at a chosen port, with a controller at another.
    pub(super) fn start_at(port: u16, controller: u16, listeners: &str, lines: &[String], format: &[String]) -> Self {
        let home = folder("kafka");
        let properties = home.join("server.properties");
        let text = format!("{}{}\n", settings(&home, port, controller, listeners), lines.join("\n"));
        fs::write(&properties, text).expect("the folder is ours");
        let id = "dnJ1LXRlc3QtY2x1c3Rlcg";
        java(&home, "format.log", "kafka.tools.StorageTool")
            .args(["format", "--cluster-id", id, "--config"])
            .args([&properties])
            .args(format)
            .run();
        let launch = java(&home, "server.log", "kafka.Kafka").args([&properties]);
        let brokers = format!("127.0.0.1:{port}");
        let probe = brokers.clone();
        let server = ServerProcess::start("Kafka", launch, "TERM", move || answers(&probe));
        Self { server, brokers }
    }

    /// The bootstrap address for clients.
    pub fn brokers(&self) -> &str {
        &self.brokers
    }

    /// Creates the topics of one test, each with so many partitions.
    pub fn bus(&self, name: &str, partitions: i32) -> Bus {
        Bus::create(KafkaConfig { brokers: self.brokers.clone(), ..KafkaConfig::default() }, name, partitions)
    }
}

fn java(home: &Path, log: &str, class: &str) -> Launch {
    let libs = require_asset("kafka/libs");
    // One compiler tier and one collector thread: a test's broker runs briefly and shares its cores with the test.
    Launch::new("java", home.join(log))
        .args(["-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-cp"])
        .args([libs.join("*").into_os_string(), class.into()])
}

fn settings(home: &Path, port: u16, controller: u16, more: &str) -> String {
    let data = home.join("data");
    format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{more}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port}{more}\n\
         controller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL\n\
         log.dirs={}\n\
         auto.create.topics.enable=false\n\
         group.initial.rebalance.delay.ms=0\n\
         group.min.session.timeout.ms=1000\n\
         broker.session.timeout.ms=2000\n\
         broker.heartbeat.interval.ms=500\n\
         offsets.topic.replication.factor=1\n\
         offsets.topic.num.partitions=4\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         transaction.state.log.num.partitions=4\n\
         share.coordinator.state.topic.replication.factor=1\n\
         share.coordinator.state.topic.min.isr=1\n\
         message.max.bytes=33554432\n\
         replica.fetch.max.bytes=33554432\n\
         log.segment.bytes=67108864\n\
         num.network.threads=2\n\
         num.io.threads=2\n\
         controlled.shutdown.enable=false\n",
        data.display()
    )
}

/// Passes when the broker is registered and can coordinate groups. The first use of a group makes a broker create its offsets topic, which
/// takes seconds; without this probe a test would measure them as the service's.
fn answers(brokers: &str) -> Result<(), String> {
    #[expect(clippy::disallowed_methods, reason = "the probe of a server, not of a service")]
    let mut client = ClientConfig::new();
    let consumer: BaseConsumer = client
        .set("bootstrap.servers", brokers)
        .set("group.id", "vru-test-probe")
        .set("log_level", "0")
        .create()
        .map_err(|error| error.to_string())?;
    let metadata = consumer.fetch_metadata(None, Duration::from_secs(2)).map_err(|error| error.to_string())?;
    if metadata.brokers().is_empty() {
        return Err("no broker is registered".to_owned());
    }
    let mut none = TopicPartitionList::new();
    none.add_partition("vru-test-probe", 0);
    consumer.committed_offsets(none, Duration::from_secs(5)).map(drop).map_err(|error| error.to_string())
}
