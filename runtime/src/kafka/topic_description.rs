//! Describes topics: their ids and partitions.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use super::config::KafkaConfig;
use super::context::LogContext;
use super::describe::{Kind, Question, TopicDescription};
use super::error::KafkaFailure;
use super::topic_id::TopicId;

/// Ids of librdkafka's mock clusters begin with it. A mock leaves the question for ids unanswered; it also cannot recreate a topic.
const MOCK_CLUSTER: &str = "mockCluster";

/// What Kafka says about a topic; an error if there is no such topic. Blocks up to the deadline.
pub fn describe_topic(config: &KafkaConfig, topic: &str, deadline: Duration) -> Result<TopicDescription, KafkaFailure> {
    Ok(describe_topics(config, &[topic], deadline)?[topic])
}

/// What Kafka says about each of these topics; an error if one does not exist. Blocks up to the deadline.
pub fn describe_topics(
    config: &KafkaConfig,
    topics: &[&str],
    deadline: Duration,
) -> Result<HashMap<String, TopicDescription>, KafkaFailure> {
    let names = topics.join(",");
    let fail = |source| KafkaFailure::new("describe topics", &names, source);
    let client: BaseConsumer<LogContext> =
        config.client("vru-metadata", &[]).create_with_context(LogContext).map_err(fail)?;
    let described = describe(&Arc::new(client), topics, deadline).map_err(fail)?;
    let found = topics.iter().map(|topic| {
        let missing = KafkaFailure::new("describe a topic", topic, unknown_topic());
        let found = described.get(*topic).ok_or(missing)?;
        let refused = |code| KafkaFailure::new("describe a topic", topic, KafkaError::MetadataFetch(code));
        Ok(((*topic).to_owned(), (*found).map_err(refused)?))
    });
    found.collect()
}

pub(super) fn unknown_topic() -> KafkaError {
    KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition)
}

/// By name: the topic, or why it cannot be described.
pub(super) type Descriptions = HashMap<String, Result<TopicDescription, RDKafkaErrorCode>>;

/// Asks through this client. Blocks up to the deadline.
pub(super) fn describe<C: ConsumerContext + 'static>(
    client: &Arc<BaseConsumer<C>>,
    topics: &[&str],
    deadline: Duration,
) -> KafkaResult<Descriptions> {
    let cluster = client.client().fetch_cluster_id(deadline);
    if cluster.is_some_and(|id| id.starts_with(MOCK_CLUSTER)) {
        return topics.iter().map(|topic| Ok(((*topic).to_owned(), without_id(client, topic, deadline)?))).collect();
    }
    let mut request = DescribeRequest::send(client, topics, deadline)?;
    // Librdkafka answers at the deadline at the latest, with an error.
    let until = Instant::now() + deadline + Duration::from_secs(1);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if let Some(answer) = request.poll(left) {
            return answer;
        }
        if left.is_zero() {
            return Err(KafkaError::MetadataFetch(RDKafkaErrorCode::OperationTimedOut));
        }
    }
}

/// A topic of a broker that tells no ids.
fn without_id<C: ConsumerContext + 'static>(
    client: &Arc<BaseConsumer<C>>,
    topic: &str,
    deadline: Duration,
) -> KafkaResult<Result<TopicDescription, RDKafkaErrorCode>> {
    let metadata = client.fetch_metadata(Some(topic), deadline)?;
    let found = metadata.topics().first().filter(|found| found.error().is_none() && !found.partitions().is_empty());
    let describe = |found: &rdkafka::metadata::MetadataTopic| {
        let partitions = i32::try_from(found.partitions().len()).unwrap_or(i32::MAX);
        TopicDescription { id: TopicId::NONE, partitions }
    };
    Ok(found.map(describe).ok_or(RDKafkaErrorCode::UnknownTopicOrPartition))
}

/// A question for topics that waits for its answer.
pub(super) struct DescribeRequest<C: ConsumerContext + 'static> {
    question: Question,
    /// Kept alive as long as the question; fields are dropped in this order.
    _client: Arc<BaseConsumer<C>>,
}

impl<C: ConsumerContext + 'static> DescribeRequest<C> {
    /// Sends the question through this client, which gives it up after `timeout`. Does not wait.
    #[expect(unsafe_code, reason = "the question must not outlive its client")]
    pub(super) fn send(client: &Arc<BaseConsumer<C>>, topics: &[&str], timeout: Duration) -> KafkaResult<Self> {
        // SAFETY: `_client` keeps the client alive.
        let question = unsafe { Question::send(client.client(), Kind::Topics, topics, timeout, false)? };
        Ok(Self { question, _client: client.clone() })
    }

    /// The answer, if it comes within `wait`. It comes once.
    pub(super) fn poll(&mut self, wait: Duration) -> Option<KafkaResult<Descriptions>> {
        Some(self.question.poll(wait)?.map(|described| {
            let by_name = described.into_iter().map(|found| {
                let missing = found.error.unwrap_or(RDKafkaErrorCode::UnknownTopicOrPartition);
                (found.name, found.topic.ok_or(missing))
            });
            by_name.collect()
        }))
    }
}
