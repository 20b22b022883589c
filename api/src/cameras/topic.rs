//! What the topic of cameras holds.

use std::collections::BTreeSet;
use std::time::Duration;

use vru_runtime::kafka::{KafkaConfig, KafkaFailure, RangeReader, TopicId, blocking, describe_topic, watermarks};

const DEADLINE: Duration = Duration::from_secs(10);
/// Thousands of cameras are a few megabytes.
const READ_DEADLINE: Duration = Duration::from_secs(30);

/// The id of the topic.
pub(super) async fn topic_id(kafka: &KafkaConfig) -> Result<TopicId, KafkaFailure> {
    let kafka = kafka.clone();
    blocking(move || Ok(describe_topic(&kafka, &kafka.topics().cameras, DEADLINE)?.id)).await
}

/// The keys whose last record is a camera, and not its removal.
pub(super) async fn cameras(kafka: &KafkaConfig) -> Result<Vec<String>, KafkaFailure> {
    let kafka = kafka.clone();
    let read = move || {
        let mut found = BTreeSet::new();
        for (partition, _, _) in watermarks(&kafka, &kafka.topics().cameras, DEADLINE)? {
            let reader = RangeReader::open(&kafka, "vru-api-cameras", partition, READ_DEADLINE)?;
            reader.read(reader.offsets(), |record| {
                let key = record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
                match (key, &record.payload) {
                    (Some(key), Some(_)) => drop(found.insert(key.to_owned())),
                    (Some(key), None) => drop(found.remove(key)),
                    (None, _) => {}
                }
            })?;
        }
        Ok(found.into_iter().collect())
    };
    blocking(read).await
}
