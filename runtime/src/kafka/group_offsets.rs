//! Committed offsets of a consumer group, read from outside the group.

use std::fmt;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};

use super::config::KafkaConfig;
use super::consumer::committed_topic;
use super::context::LogContext;
use super::error::KafkaFailure;
use super::topic_id::TopicId;

/// Reads the offsets that a group has committed in one topic. It never subscribes, so it is no member of the group.
pub struct GroupOffsets {
    consumer: BaseConsumer<LogContext>,
    topic: String,
}

impl fmt::Debug for GroupOffsets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupOffsets").field("topic", &self.topic).finish_non_exhaustive()
    }
}

impl GroupOffsets {
    /// Makes a client. It connects in the background.
    pub fn new(config: &KafkaConfig, client_id: &str, group: &str, topic: &str) -> Result<Self, KafkaFailure> {
        let consumer = config
            .client(client_id, &[("group.id", group), ("enable.auto.commit", "false")])
            .create_with_context(LogContext)
            .map_err(|source| KafkaFailure::new("create a consumer", topic, source))?;
        Ok(Self { consumer, topic: topic.to_owned() })
    }

    /// The offset that the group has committed in the partition of the topic with this id; `None` where it has committed nothing in it.
    /// Blocks up to the deadline.
    pub fn committed(&self, id: TopicId, partition: i32, deadline: Duration) -> Result<Option<i64>, KafkaFailure> {
        let mut list = TopicPartitionList::new();
        list.add_partition(&self.topic, partition);
        let answer = self
            .consumer
            .committed_offsets(list, deadline)
            .map_err(|source| KafkaFailure::new("read committed offsets", &self.topic, source))?;
        let Some(element) = answer.find_partition(&self.topic, partition) else { return Ok(None) };
        element.error().map_err(|source| KafkaFailure::new("read a committed offset", &self.topic, source))?;
        match element.offset() {
            Offset::Offset(offset) if committed_topic(element.metadata()).is_none_or(|topic| topic == id) => {
                Ok(Some(offset))
            }
            _ => Ok(None),
        }
    }
}
