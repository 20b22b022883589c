//! Apache Kafka with two brokers, each in a rack of its own.

use super::{KafkaServer, free_port};
use crate::kafka::KafkaConfig;

/// Of the first broker, which is also the controller, and of the second one.
const RACKS: [&str; 2] = ["rack-1", "rack-2"];

/// Two brokers that send consumers to the replica in their rack, as the manifests and Terraform configure them.
#[derive(Debug)]
pub struct RackedKafka {
    brokers: [KafkaServer; 2],
}

impl RackedKafka {
    /// Starts both brokers with empty logs.
    pub fn start() -> Self {
        let (controller, port) = (free_port(), free_port());
        let rack = |index: usize| {
            vec![
                format!("broker.rack={}", RACKS[index]),
                "replica.selector.class=org.apache.kafka.common.replica.RackAwareReplicaSelector".to_owned(),
            ]
        };
        let first = KafkaServer::start_at(free_port(), controller, "", &rack(0), &[]);
        // A line that is given again overrides the first one.
        let second = [
            "process.roles=broker".to_owned(),
            "node.id=2".to_owned(),
            format!("listeners=PLAINTEXT://127.0.0.1:{port}"),
        ];
        let second = KafkaServer::start_at(port, controller, "", &[rack(1), second.to_vec()].concat(), &[]);
        Self { brokers: [first, second] }
    }

    /// The rack of the broker with this id: 1 or 2.
    pub fn rack(broker: i32) -> &'static str {
        RACKS[usize::try_from(broker - 1).expect("an id from 1 on")]
    }

    /// The broker that is no controller: the cluster goes on without it.
    pub fn second(&self) -> &KafkaServer {
        &self.brokers[1]
    }

    pub fn config(&self) -> KafkaConfig {
        let brokers: Vec<&str> = self.brokers.iter().map(KafkaServer::brokers).collect();
        KafkaConfig { brokers: brokers.join(","), ..KafkaConfig::default() }
    }
}
