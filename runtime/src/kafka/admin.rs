//! Topics: their specification, creation and metadata.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::RDKafkaErrorCode;

use vru_proto::names::FILE_POSITIONS_PARTITION;

use super::config::KafkaConfig;
use super::context::LogContext;
use super::error::KafkaFailure;

/// A topic to create.
#[derive(Debug, Clone)]
pub struct TopicSpec {
    pub name: String,
    pub partitions: i32,
    /// Replication factor; -1 uses the broker's default.
    pub replication: i32,
    /// Topic configuration such as `cleanup.policy`.
    pub settings: Vec<(&'static str, String)>,
}

impl KafkaConfig {
    /// The pipeline's topics, with the settings that its delivery guarantees depend on.
    pub fn topic_specs(&self, partitions: i32, replication: i32) -> Vec<TopicSpec> {
        let topics = self.topics();
        let max_bytes = self.message_max_bytes.to_string();
        let spec = |name: String, settings: Vec<(&'static str, String)>| {
            let mut settings = settings;
            settings.push(("max.message.bytes", max_bytes.clone()));
            TopicSpec { name, partitions, replication, settings }
        };
        let minutes = |minutes: u64| ("retention.ms", (minutes * 60_000).to_string());
        let retention = |hours: u64| minutes(hours * 60);
        let compact = ("cleanup.policy", "compact".to_owned());
        // A file adds a record each second, of which the newest counts. Segments that are small and soon compacted keep short what ingest
        // reads at a restart.
        let ten_minutes = (10 * 60_000).to_string();
        let positions = vec![
            compact.clone(),
            ("segment.bytes", (1024 * 1024).to_string()),
            ("segment.ms", ten_minutes.clone()),
            ("max.compaction.lag.ms", ten_minutes),
        ];
        vec![
            spec(topics.frames, vec![retention(2)]),
            spec(topics.file_frames, vec![retention(2)]),
            TopicSpec { partitions: FILE_POSITIONS_PARTITION + 1, ..spec(topics.file_positions, positions) },
            spec(topics.detections, vec![retention(72)]),
            spec(topics.alerts, vec![retention(24 * 7)]),
            spec(topics.cameras, vec![compact]),
            // Nobody waits longer for a test.
            spec(topics.camera_tests, vec![retention(1)]),
            // They are not blurred.
            spec(topics.camera_test_pictures, vec![minutes(10)]),
            spec(topics.camera_test_reports, vec![retention(1)]),
            spec(topics.dead_letters, vec![retention(24 * 7)]),
        ]
    }
}

/// Creates the topics that do not exist; those that exist are not changed.
pub async fn ensure_topics(config: &KafkaConfig, specs: &[TopicSpec], deadline: Duration) -> Result<(), KafkaFailure> {
    let client = config.client("vru-admin", &[]);
    let admin: AdminClient<LogContext> = client
        .create_with_context(LogContext)
        .map_err(|source| KafkaFailure::new("create an admin client", "-", source))?;
    let topics: Vec<NewTopic<'_>> = specs
        .iter()
        .map(|spec| {
            let mut topic = NewTopic::new(&spec.name, spec.partitions, TopicReplication::Fixed(spec.replication));
            for (key, value) in &spec.settings {
                topic = topic.set(key, value);
            }
            topic
        })
        .collect();
    let options = AdminOptions::new().operation_timeout(Some(deadline)).request_timeout(Some(deadline));
    let created = admin
        .create_topics(&topics, &options)
        .await
        .map_err(|source| KafkaFailure::new("create topics", "-", source))?;
    for result in created {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => {
                return Err(KafkaFailure::new("create a topic", &topic, rdkafka::error::KafkaError::AdminOp(code)));
            }
        }
    }
    Ok(())
}

/// The number of partitions of a topic; an error if the topic does not exist. Blocks up to the deadline.
pub fn partition_count(config: &KafkaConfig, topic: &str, deadline: Duration) -> Result<i32, KafkaFailure> {
    let fail = |source| KafkaFailure::new("read the partition count", topic, source);
    let consumer: BaseConsumer<LogContext> =
        config.client("vru-metadata", &[]).create_with_context(LogContext).map_err(fail)?;
    let metadata = consumer.fetch_metadata(Some(topic), deadline).map_err(fail)?;
    let found = metadata.topics().first().filter(|found| found.error().is_none() && !found.partitions().is_empty());
    match found {
        Some(found) => Ok(found.partitions().len() as i32),
        None => Err(fail(rdkafka::error::KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition))),
    }
}

/// The cluster's id: offsets are valid in one cluster only. Blocks up to the deadline; `None` if no broker answered.
pub fn cluster_id(config: &KafkaConfig, deadline: Duration) -> Result<Option<String>, KafkaFailure> {
    let fail = |source| KafkaFailure::new("read the cluster's id", "-", source);
    let consumer: BaseConsumer<LogContext> =
        config.client("vru-metadata", &[]).create_with_context(LogContext).map_err(fail)?;
    Ok(consumer.client().fetch_cluster_id(deadline))
}
