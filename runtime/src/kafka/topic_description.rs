//! Describes topics: their ids and partitions. `rdkafka` does not wrap librdkafka's `DescribeTopics`, so this file calls it.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::bindings as ffi;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::types::RDKafkaRespErr;

use super::config::KafkaConfig;
use super::context::LogContext;
use super::error::KafkaFailure;
use super::topic_id::TopicId;

/// Ids of librdkafka's mock clusters begin with it. A mock leaves the question for ids unanswered; it also cannot recreate a topic.
const MOCK_CLUSTER: &str = "mockCluster";

/// A topic as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicDescription {
    pub id: TopicId,
    pub partitions: i32,
}

/// What Kafka says about a topic; an error if there is no such topic. Blocks up to the deadline.
pub fn describe_topic(config: &KafkaConfig, topic: &str, deadline: Duration) -> Result<TopicDescription, KafkaFailure> {
    let fail = |source| KafkaFailure::new("describe a topic", topic, source);
    let client: BaseConsumer<LogContext> =
        config.client("vru-metadata", &[]).create_with_context(LogContext).map_err(fail)?;
    let described = describe(&Arc::new(client), &[topic], deadline).map_err(fail)?;
    match described.get(topic) {
        Some(found) => (*found).map_err(fail_with(topic)),
        None => Err(fail(unknown_topic())),
    }
}

fn fail_with(topic: &str) -> impl Fn(RDKafkaErrorCode) -> KafkaFailure {
    let topic = topic.to_owned();
    move |code| KafkaFailure::new("describe a topic", &topic, KafkaError::MetadataFetch(code))
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

/// A request that waits for its answer.
pub(super) struct DescribeRequest<C: ConsumerContext + 'static> {
    queue: Queue,
    /// Kept alive as long as the queue; fields are dropped in this order.
    _client: Arc<BaseConsumer<C>>,
}

impl<C: ConsumerContext + 'static> DescribeRequest<C> {
    /// Sends the request through this client, which gives it up after `timeout`. Does not wait.
    #[expect(unsafe_code, reason = "rdkafka has no call for it")]
    pub(super) fn send(client: &Arc<BaseConsumer<C>>, topics: &[&str], timeout: Duration) -> KafkaResult<Self> {
        let names = topics.iter().map(|&topic| CString::new(topic)).collect::<Result<Vec<_>, _>>()?;
        let mut pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
        let millis = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        let native = client.client().native_ptr();
        // SAFETY: the client is alive as long as it is borrowed, and then as long as `self`. Names, collection and options are read and
        // copied by the call, and each is destroyed once. `new` calls return null only without memory, which `NonNull` checks for the
        // queue, and which no other call here dereferences without it.
        let queue = unsafe {
            let Some(queue) = NonNull::new(ffi::rd_kafka_queue_new(native)) else {
                return Err(KafkaError::ClientCreation("no memory for a queue".to_owned()));
            };
            let queue = Queue(queue);
            let collection = ffi::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
            let options =
                ffi::rd_kafka_AdminOptions_new(native, ffi::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
            // A time-out that is out of range leaves the default, which is a time-out too.
            ffi::rd_kafka_AdminOptions_set_request_timeout(options, millis, std::ptr::null_mut(), 0);
            ffi::rd_kafka_DescribeTopics(native, collection, options, queue.0.as_ptr());
            ffi::rd_kafka_AdminOptions_destroy(options);
            ffi::rd_kafka_TopicCollection_destroy(collection);
            queue
        };
        Ok(Self { queue, _client: client.clone() })
    }

    /// The answer, if it comes within `wait`. It comes once.
    #[expect(unsafe_code, reason = "rdkafka has no call for it")]
    pub(super) fn poll(&mut self, wait: Duration) -> Option<KafkaResult<Descriptions>> {
        let millis = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue lives as long as `self`. The event is this function's until it is destroyed, at the end; what is read of it
        // is copied before.
        unsafe {
            let event = NonNull::new(ffi::rd_kafka_queue_poll(self.queue.0.as_ptr(), millis))?;
            let answer = read_event(event);
            ffi::rd_kafka_event_destroy(event.as_ptr());
            answer
        }
    }
}

/// None for an event of another kind.
///
/// # Safety
///
/// The event must be valid; nothing of it is kept.
#[expect(unsafe_code, reason = "rdkafka has no call for it")]
unsafe fn read_event(event: NonNull<ffi::rd_kafka_event_t>) -> Option<KafkaResult<Descriptions>> {
    // SAFETY: the caller promises a valid event. The result and the descriptions belong to it. Librdkafka returns `count` valid pointers;
    // name, id and error of a description are valid or null.
    unsafe {
        if ffi::rd_kafka_event_type(event.as_ptr()) != ffi::RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT {
            return None;
        }
        let error = ffi::rd_kafka_event_error(event.as_ptr());
        if error != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Some(Err(KafkaError::MetadataFetch(error.into())));
        }
        let result = ffi::rd_kafka_event_DescribeTopics_result(event.as_ptr());
        let mut count = 0;
        let first = ffi::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        let mut descriptions = Descriptions::new();
        for index in 0..count {
            let topic = *first.add(index);
            let name = CStr::from_ptr(ffi::rd_kafka_TopicDescription_name(topic)).to_string_lossy().into_owned();
            let error = ffi::rd_kafka_error_code(ffi::rd_kafka_TopicDescription_error(topic));
            let described = if error == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
                let id = ffi::rd_kafka_TopicDescription_topic_id(topic);
                let mut partitions = 0;
                ffi::rd_kafka_TopicDescription_partitions(topic, &raw mut partitions);
                let id = TopicId::from_halves(
                    ffi::rd_kafka_Uuid_most_significant_bits(id),
                    ffi::rd_kafka_Uuid_least_significant_bits(id),
                );
                Ok(TopicDescription { id, partitions: i32::try_from(partitions).unwrap_or(i32::MAX) })
            } else {
                Err(error.into())
            };
            descriptions.insert(name, described);
        }
        Some(Ok(descriptions))
    }
}

/// A queue of librdkafka, destroyed when dropped.
struct Queue(NonNull<ffi::rd_kafka_queue_t>);

// SAFETY: librdkafka's queues may be used from any thread; this one is used by one at a time.
#[expect(unsafe_code, reason = "the pointer is not Send by itself")]
unsafe impl Send for Queue {}

impl Drop for Queue {
    #[expect(unsafe_code, reason = "rdkafka has no call for it")]
    fn drop(&mut self) {
        // SAFETY: the queue was created by this file and is destroyed once. An answer that comes later is dropped by librdkafka.
        unsafe { ffi::rd_kafka_queue_destroy(self.0.as_ptr()) };
    }
}
