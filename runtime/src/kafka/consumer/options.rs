use std::time::Duration;

use rdkafka::ClientConfig;

use super::group_state::REPORT_INTERVAL;
use crate::kafka::config::KafkaConfig;

/// How a group member behaves.
#[derive(Debug, Clone)]
pub struct ConsumerOptions {
    pub group: String,
    /// Shows in the broker's logs and quotas.
    pub client_id: String,
    /// Topics to subscribe to.
    pub topics: Vec<String>,
    /// Bound of the channel, in records.
    pub capacity: usize,
    /// True: partitions are read when the receiver of [`Event::Assigned`](super::Event::Assigned) has taken them over
    /// ([`Committer::take_over`](super::Committer::take_over)) and chosen where to start. False: they are read from the group's positions.
    pub choose_start: bool,
    /// How long a rebalance waits for the receiver to take a revocation from the channel, and then to finish it.
    pub rebalance_deadline: Duration,
    /// Bound of librdkafka's prefetch queue, in bytes.
    pub prefetch_bytes: usize,
    /// How long the broker waits with its answer while there is nothing new. So often an idle member asks, and so much later a partition
    /// that is resumed or assigned anew may be read. Kafka answers at once when a record comes; the embedded broker does not.
    pub fetch_wait: Duration,
}

impl ConsumerOptions {
    /// A member of `group` on `topics` with usual bounds, which reads from the committed offsets.
    pub fn new(group: &str, topics: &[&str]) -> Self {
        Self {
            group: group.to_owned(),
            client_id: group.to_owned(),
            topics: topics.iter().map(|&topic| topic.to_owned()).collect(),
            capacity: 64,
            choose_start: false,
            rebalance_deadline: Duration::from_secs(5),
            prefetch_bytes: 16 * 1024 * 1024,
            fetch_wait: Duration::from_millis(50),
        }
    }

    pub(in crate::kafka) fn client_config(&self, config: &KafkaConfig) -> ClientConfig {
        let settings = [
            ("group.id", &*self.group),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("auto.offset.reset", "earliest"),
            ("partition.assignment.strategy", "cooperative-sticky"),
            ("session.timeout.ms", &config.session_timeout.as_millis().to_string()),
            ("heartbeat.interval.ms", &heartbeat_interval(config.session_timeout).as_millis().to_string()),
            ("topic.metadata.refresh.interval.ms", "5000"),
            ("statistics.interval.ms", &REPORT_INTERVAL.as_millis().to_string()),
            ("fetch.wait.max.ms", &*self.fetch_wait.as_millis().to_string()),
            ("fetch.error.backoff.ms", "100"),
            ("queued.max.messages.kbytes", &(self.prefetch_bytes / 1024).max(1).to_string()),
            ("receive.message.max.bytes", &config.receive_max_bytes()),
            ("fetch.message.max.bytes", &config.message_max_bytes.to_string()),
        ];
        config.client(&self.client_id, &settings)
    }
}

/// A member learns by its heartbeat that others join or leave, so a long session must not make it rare.
fn heartbeat_interval(session_timeout: Duration) -> Duration {
    (session_timeout / 4).clamp(Duration::from_millis(100), Duration::from_secs(3))
}
