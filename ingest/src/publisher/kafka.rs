use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::Mutex;
use prost::Message as _;
use tokio_util::sync::CancellationToken;
use vru_proto::CameraId;
use vru_proto::names::{FILE_POSITIONS_PARTITION, HEADER_TRACEPARENT, file_fault_key, file_position_key};
use vru_proto::v1::{FileFault, FilePosition, Frame};
use vru_runtime::admin::ReadyFlag;
use vru_runtime::kafka::{
    Delivered, GroupOffsets, KafkaConfig, KafkaFailure, OutgoingRecord, ProducerOptions, RenewableProducer, SendError,
    TopicId, Topics, admin, blocking, describe_topic,
};
use vru_runtime::report::chain;
use vru_runtime::retry::Backoff;
use vru_runtime::trace;

use super::{Behind, Consumed, FramePublisher, PublishError, Published, Reply, resume};
use crate::config::IngestConfig;

/// How long a query about the topic or about offsets may take.
const QUERY_DEADLINE: Duration = Duration::from_secs(5);
/// How often Kafka is asked for the topic's id while files wait for their consumers.
const TOPIC_CHECK_INTERVAL: Duration = Duration::from_secs(3);
/// How often `watch_topics` checks whether acknowledgements have become overdue.
const HEALTH_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Publishes through one idempotent producer with `acks=all` and without a message timeout.
#[derive(Debug)]
pub struct KafkaPublisher {
    topics: Arc<Topics>,
    kafka: KafkaConfig,
    producer: RenewableProducer,
    groups: Vec<String>,
    /// One client for each consumer group that files wait for, made when first needed.
    group_offsets: Arc<Mutex<HashMap<String, GroupOffsets>>>,
    /// The id of the topic of files' frames, and when Kafka was asked for it.
    known_topic: Arc<Mutex<Option<(Instant, TopicId)>>>,
    health: Arc<Health>,
}

#[derive(Debug)]
struct Health {
    ready: ReadyFlag,
    healthy: AtomicBool,
}

impl Health {
    fn set(&self, healthy: bool, why: &str) {
        // The flag has a lock; take it only when something changes.
        if self.healthy.swap(healthy, Ordering::Relaxed) != healthy {
            if healthy { self.ready.ready() } else { self.ready.not_ready(why) }
        }
    }
}

impl KafkaPublisher {
    /// Connects in the background; `ready` is set once both topics of frames were seen ([`KafkaPublisher::watch_topics`]).
    pub fn new(config: &IngestConfig, ready: ReadyFlag) -> Result<Self, KafkaFailure> {
        let options = ProducerOptions {
            client_id: "vru-ingest".to_owned(),
            // No timeout: a record that was given up could still arrive, although it was counted as dropped. The records in
            // flight are bounded by camera and by bytes.
            message_timeout: Duration::ZERO,
            queue_bytes: config.live.producer_queue_bytes,
            // Each frame is sent at once: a picture is as large as a batch, and its latency matters.
            linger: Duration::ZERO,
            ..ProducerOptions::default()
        };
        Ok(Self {
            topics: Arc::new(config.kafka.topics()),
            producer: RenewableProducer::new(&config.kafka, options)?,
            kafka: config.kafka.clone(),
            groups: config.file.consumer_groups.clone(),
            group_offsets: Arc::default(),
            known_topic: Arc::default(),
            health: Arc::new(Health { ready, healthy: AtomicBool::new(false) }),
        })
    }

    /// Queries the topics while Kafka is not known to be healthy. So `/ready` is right before the first frame, and after an
    /// outage also when no frame is sent.
    pub async fn watch_topics(&self, stop: &CancellationToken) {
        let mut backoff = Backoff::default();
        while !stop.is_cancelled() {
            if self.health.healthy.load(Ordering::Relaxed) {
                backoff.reset();
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(HEALTH_CHECK_INTERVAL) => continue,
                }
            }
            let (kafka, topics) = (self.kafka.clone(), self.topics.clone());
            let query = move || {
                admin::partition_count(&kafka, &topics.frames, QUERY_DEADLINE)?;
                admin::partition_count(&kafka, &topics.file_frames, QUERY_DEADLINE)
            };
            match blocking(query).await {
                Ok(_) => self.health.set(true, ""),
                Err(error) => {
                    self.health.ready.not_ready(chain(&error).to_string());
                    backoff.wait(stop).await;
                }
            }
        }
    }

    /// Waits until all queued frames are acknowledged, or until the deadline.
    pub async fn flush(&self, deadline: Duration) {
        let producer = self.producer.current();
        let flushed = tokio::task::spawn_blocking(move || producer.flush(deadline).is_ok());
        if !matches!(flushed.await, Ok(true)) {
            tracing::warn!(?deadline, "Kafka did not acknowledge all frames before the deadline, the rest is lost");
        }
    }
}

impl KafkaPublisher {
    /// Sends a record, and replies with its outcome after `outcome` has heard whether it is acknowledged. The reply of one that is refused
    /// is discarded.
    fn publish(
        &self,
        record: OutgoingRecord<'_>,
        reply: Reply,
        outcome: impl FnOnce(bool) + Send + Sync + 'static,
    ) -> Result<(), PublishError> {
        let kept = reply.keep();
        let (reply, topic) = (kept.clone(), record.topic.to_owned());
        let bytes = record.payload.map_or(0, <[u8]>::len);
        let report = move |delivered: Result<Delivered, SendError>| {
            outcome(delivered.is_ok());
            reply.send(delivered.map_err(|error| publish_error(&topic, error, bytes)));
        };
        self.producer.current().publish_with(record, report).map_err(|error| {
            kept.discard();
            publish_error(record.topic, error, bytes)
        })
    }
}

fn publish_error(topic: &str, error: SendError, bytes: usize) -> PublishError {
    match error {
        SendError::QueueFull => PublishError::QueueFull,
        SendError::TooLarge => PublishError::TooLarge { bytes },
        SendError::Closed => PublishError::Closed,
        source => PublishError::Send { topic: topic.to_owned(), source },
    }
}

#[async_trait]
impl FramePublisher for KafkaPublisher {
    fn send(&self, frame: Frame, reply: Reply) -> Result<(), PublishError> {
        let id = frame.id.clone().unwrap_or_default();
        let topic = self.topics.of_frames(frame.delivery());
        // The root of the frame's own trace. As a child of the camera's span, all frames of a camera would be one trace.
        let span = tracing::debug_span!(parent: None, "ingest_frame", camera = id.camera_id, session = id.session, sequence = id.sequence);
        let payload = frame.encode_to_vec();
        let traceparent = trace::traceparent(&span);
        let headers = traceparent.as_deref().map(|value| (HEADER_TRACEPARENT, value));
        let record = OutgoingRecord::new(topic, &id.camera_id, &payload).headers(headers.as_slice());
        let health = self.health.clone();
        self.publish(record, reply, move |is_acknowledged| {
            if is_acknowledged {
                health.set(true, "");
            }
            drop(span);
        })
    }

    fn record(&self, position: FilePosition, reply: Reply) -> Result<(), PublishError> {
        let id = position.frame_id.clone().unwrap_or_default();
        let (key, payload) = (file_position_key(&id.camera_id, id.session), position.encode_to_vec());
        let record = OutgoingRecord::new(&self.topics.file_positions, &key, &payload);
        self.publish(record.partition(FILE_POSITIONS_PARTITION), reply, |_| {})
    }

    fn report(&self, fault: FileFault, reply: Reply) -> Result<(), PublishError> {
        let (key, payload) = (file_fault_key(&fault.camera_id, fault.session), fault.encode_to_vec());
        let record = OutgoingRecord::new(&self.topics.file_positions, &key, &payload);
        self.publish(record.partition(FILE_POSITIONS_PARTITION), reply, |_| {})
    }

    fn acknowledgement_is_overdue(&self) {
        self.health.set(false, "Kafka does not acknowledge frames in time");
    }

    async fn consumed(&self, partition: i32) -> Result<Consumed, PublishError> {
        let (kafka, groups, clients) = (self.kafka.clone(), self.groups.clone(), self.group_offsets.clone());
        let (topics, known_topic) = (self.topics.clone(), self.known_topic.clone());
        let query = tokio::task::spawn_blocking(move || {
            let topic = &topics.file_frames;
            let id = {
                let mut known = known_topic.lock();
                match *known {
                    Some((asked, id)) if asked.elapsed() < TOPIC_CHECK_INTERVAL => id,
                    _ => {
                        let id = describe_topic(&kafka, topic, QUERY_DEADLINE)?.id;
                        *known = Some((Instant::now(), id));
                        id
                    }
                }
            };
            if groups.is_empty() {
                return Ok(Consumed { topic: id, up_to: None, behind: None });
            }
            // The lock is held during the query: queries of several files run one after the other, and each is short.
            let mut clients = clients.lock();
            let mut least = i64::MAX;
            let mut behind = None;
            for group in &groups {
                // Keep the client only after a success: one that failed may have lost its cluster for good.
                let client = match clients.remove(group) {
                    Some(client) => client,
                    None => GroupOffsets::new(&kafka, "vru-ingest-lag", group, topic)?,
                };
                // A group that has committed nothing has consumed nothing.
                let committed = client.committed(id, partition, QUERY_DEADLINE)?;
                if behind.is_none() || committed.unwrap_or(0) < least {
                    least = committed.unwrap_or(0);
                    behind = Some(Behind { group: group.clone(), has_committed: committed.is_some() });
                }
                clients.insert(group.clone(), client);
            }
            Ok(Consumed { topic: id, up_to: Some(least), behind })
        });
        query.await.unwrap_or(Err(PublishError::Closed))
    }

    async fn last_published(&self, camera: &CameraId, session: u64) -> Result<Published, PublishError> {
        let (kafka, topics, camera) = (self.kafka.clone(), self.topics.clone(), camera.clone());
        let query = tokio::task::spawn_blocking(move || resume::last_published(&kafka, &topics, &camera, session));
        Ok(query.await.map_err(|_| PublishError::Closed)??)
    }
}
