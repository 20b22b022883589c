//! What the brokers say about topics and groups: whether they exist, what this client may do with them, and the ids of topics. rdkafka has
//! no call for it.

#![expect(unsafe_code, reason = "rdkafka has no call for it")]

use std::ffi::{CStr, CString, c_char};
use std::time::{Duration, Instant};

use rdkafka::bindings as sys;
use rdkafka::client::Client;
use rdkafka::error::{IsError as _, KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientContext, types::RDKafkaRespErr};

use super::native::Owned;
use super::topic_id::TopicId;

pub(super) use sys::rd_kafka_AclOperation_t as AclOperation;

/// How long one wait for the answer is; then the caller is asked whether to go on.
const SLICE: Duration = Duration::from_millis(50);

/// A topic as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicDescription {
    pub id: TopicId,
    pub partitions: i32,
}

/// A topic or a group as the brokers describe it.
#[derive(Debug)]
pub(super) struct Description {
    pub(super) name: String,
    pub(super) error: Option<RDKafkaErrorCode>,
    /// What this client may do; `None` if it was not asked or the broker does not say.
    pub(super) allowed: Option<Vec<AclOperation>>,
    /// Of a topic that exists.
    pub(super) topic: Option<TopicDescription>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Topics,
    Groups,
}

/// Asks the brokers for these topics or groups and what this client may do with them. Blocks up to the deadline, or until `give_up` returns
/// true.
pub(super) fn describe<C: ClientContext>(
    client: &Client<C>,
    kind: Kind,
    names: &[&str],
    deadline: Duration,
    give_up: &mut dyn FnMut() -> bool,
) -> Result<Vec<Description>, KafkaError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let until = Instant::now() + deadline;
    // SAFETY: the client outlives this function, and so the question.
    let mut question = unsafe { Question::send(client, kind, names, deadline, true)? };
    loop {
        if let Some(answer) = question.poll(SLICE) {
            return answer;
        }
        if give_up() || Instant::now() >= until {
            return Err(KafkaError::AdminOp(RDKafkaErrorCode::OperationTimedOut));
        }
    }
}

/// A question to the brokers that waits for its answer.
pub(super) struct Question {
    queue: Owned<sys::rd_kafka_queue_t>,
    kind: Kind,
}

// SAFETY: librdkafka's queues may be used from any thread; this one is used by one at a time.
unsafe impl Send for Question {}

impl Question {
    /// Asks for topics or groups through this client, which gives up after `timeout`. Does not wait.
    ///
    /// # Safety
    /// The client must live longer than the question.
    pub(super) unsafe fn send<C: ClientContext>(
        client: &Client<C>,
        kind: Kind,
        names: &[&str],
        timeout: Duration,
        with_permissions: bool,
    ) -> Result<Self, KafkaError> {
        let invalid = |_| KafkaError::AdminOp(RDKafkaErrorCode::InvalidArgument);
        let names: Vec<CString> =
            names.iter().map(|name| CString::new(*name)).collect::<Result<_, _>>().map_err(invalid)?;
        let mut pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
        let handle = client.native_ptr();
        let operation = match kind {
            Kind::Topics => sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
            Kind::Groups => sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS,
        };
        // SAFETY: the caller's promise, and every object that is made here is destroyed once, by its owner. The request copies names and
        // options. An answer that comes when the queue is destroyed is dropped by librdkafka.
        unsafe {
            let queue = Owned::new(sys::rd_kafka_queue_new(handle), sys::rd_kafka_queue_destroy)?;
            let options =
                Owned::new(sys::rd_kafka_AdminOptions_new(handle, operation), sys::rd_kafka_AdminOptions_destroy)?;
            let millis = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX).max(1);
            // A time-out that is out of range leaves the default, which is a time-out too.
            sys::rd_kafka_AdminOptions_set_request_timeout(options.get(), millis, std::ptr::null_mut(), 0);
            if with_permissions {
                let refused = sys::rd_kafka_AdminOptions_set_include_authorized_operations(options.get(), 1);
                if !refused.is_null() {
                    sys::rd_kafka_error_destroy(refused);
                }
            }
            match kind {
                Kind::Topics => {
                    let topics = sys::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
                    let topics = Owned::new(topics, sys::rd_kafka_TopicCollection_destroy)?;
                    sys::rd_kafka_DescribeTopics(handle, topics.get(), options.get(), queue.get());
                }
                Kind::Groups => sys::rd_kafka_DescribeConsumerGroups(
                    handle,
                    pointers.as_mut_ptr(),
                    pointers.len(),
                    options.get(),
                    queue.get(),
                ),
            }
            Ok(Self { queue, kind })
        }
    }

    /// The answer, if it comes within `wait`. It comes once.
    pub(super) fn poll(&mut self, wait: Duration) -> Option<Result<Vec<Description>, KafkaError>> {
        let millis = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue lives as long as `self`. The event is destroyed once, by its owner; what is read of it is copied before.
        unsafe {
            let event = sys::rd_kafka_queue_poll(self.queue.get(), millis);
            let event = Owned::new(event, sys::rd_kafka_event_destroy).ok()?;
            let error = sys::rd_kafka_event_error(event.get());
            if error.is_error() {
                return Some(Err(KafkaError::AdminOp(error.into())));
            }
            Some(Ok(match self.kind {
                Kind::Topics => topics_of(event.get()),
                Kind::Groups => groups_of(event.get()),
            }))
        }
    }
}

/// # Safety
/// The event is the result of `rd_kafka_DescribeTopics`.
unsafe fn topics_of(event: *mut sys::rd_kafka_event_t) -> Vec<Description> {
    // SAFETY: the caller's promise; the pointers live as long as the event.
    unsafe {
        let mut count = 0;
        let result = sys::rd_kafka_event_DescribeTopics_result(event);
        let topics = sys::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        (0..count)
            .map(|index| {
                let topic = *topics.add(index);
                let mut operations = 0;
                let allowed = sys::rd_kafka_TopicDescription_authorized_operations(topic, &raw mut operations);
                let described = description(
                    sys::rd_kafka_TopicDescription_name(topic),
                    sys::rd_kafka_TopicDescription_error(topic),
                    allowed,
                    operations,
                );
                let exists = described.error.is_none();
                Description { topic: exists.then(|| topic_of(topic)), ..described }
            })
            .collect()
    }
}

/// # Safety
/// The topic is described without an error.
unsafe fn topic_of(topic: *const sys::rd_kafka_TopicDescription_t) -> TopicDescription {
    // SAFETY: the caller's promise.
    unsafe {
        let id = sys::rd_kafka_TopicDescription_topic_id(topic);
        let mut partitions = 0;
        sys::rd_kafka_TopicDescription_partitions(topic, &raw mut partitions);
        let id = TopicId::from_halves(
            sys::rd_kafka_Uuid_most_significant_bits(id),
            sys::rd_kafka_Uuid_least_significant_bits(id),
        );
        TopicDescription { id, partitions: i32::try_from(partitions).unwrap_or(i32::MAX) }
    }
}

/// # Safety
/// The event is the result of `rd_kafka_DescribeConsumerGroups`.
unsafe fn groups_of(event: *mut sys::rd_kafka_event_t) -> Vec<Description> {
    // SAFETY: the caller's promise; the pointers live as long as the event.
    unsafe {
        let mut count = 0;
        let result = sys::rd_kafka_event_DescribeConsumerGroups_result(event);
        let groups = sys::rd_kafka_DescribeConsumerGroups_result_groups(result, &raw mut count);
        (0..count)
            .map(|index| {
                let group = *groups.add(index);
                let mut operations = 0;
                let allowed = sys::rd_kafka_ConsumerGroupDescription_authorized_operations(group, &raw mut operations);
                description(
                    sys::rd_kafka_ConsumerGroupDescription_group_id(group),
                    sys::rd_kafka_ConsumerGroupDescription_error(group),
                    allowed,
                    operations,
                )
            })
            .collect()
    }
}

/// # Safety
/// Every pointer is null or valid, and `allowed` has so many operations.
unsafe fn description(
    name: *const c_char,
    error: *const sys::rd_kafka_error_t,
    allowed: *const AclOperation,
    operations: usize,
) -> Description {
    // SAFETY: the caller's promise.
    unsafe {
        let name = if name.is_null() { String::new() } else { CStr::from_ptr(name).to_string_lossy().into_owned() };
        let code: RDKafkaRespErr = sys::rd_kafka_error_code(error);
        let error = code.is_error().then(|| code.into());
        let allowed = (!allowed.is_null()).then(|| std::slice::from_raw_parts(allowed, operations).to_vec());
        Description { name, error, allowed, topic: None }
    }
}
