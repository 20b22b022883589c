use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt as _;
use parking_lot::Mutex;
use prost::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::FutureRecord;
use rdkafka::{Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;
use vru_proto::CameraId;
use vru_proto::v1::Frame;
use vru_runtime::admin::ReadyFlag;
use vru_runtime::kafka::{KafkaConfig, KafkaFailure, Producer, ProducerOptions, admin};
use vru_runtime::retry::Backoff;
use vru_runtime::trace;

use super::{PublishError, Published, Publisher, Sending, resume};
use crate::config::IngestConfig;

/// How long a question about offsets may take.
const ASK: Duration = Duration::from_secs(5);
/// How soon it is noticed that frames no longer reach Kafka.
const LOOK_AFTER_KAFKA: Duration = Duration::from_secs(1);

/// One producer, idempotent with `acks=all`, that gives nothing up.
#[derive(Debug)]
pub struct KafkaPublisher {
    topic: Arc<str>,
    kafka: KafkaConfig,
    line: Line,
    groups: Vec<String>,
    /// One client for each group that is waited for, made when first needed.
    consumers: Groups,
    health: Arc<Health>,
}

type GroupClient = BaseConsumer<vru_runtime::kafka::LogContext>;

/// The clients that ask for offsets.
#[derive(Clone, Default)]
struct Groups(Arc<Mutex<HashMap<String, GroupClient>>>);

impl std::fmt::Debug for Groups {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Groups")
    }
}

/// A producer that is made anew when it has failed for good.
struct Line {
    options: ProducerOptions,
    producer: Mutex<Producer>,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("options", &self.options).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Health {
    ready: ReadyFlag,
    well: AtomicBool,
}

impl Health {
    fn set(&self, well: bool, why: &str) {
        // The flag has a lock; it is touched only when something changes.
        if self.well.swap(well, Ordering::Relaxed) != well {
            if well { self.ready.ready() } else { self.ready.not_ready(why) }
        }
    }
}

impl KafkaPublisher {
    /// Connects in the background; `ready` says when the topic was seen.
    pub fn new(config: &IngestConfig, ready: ReadyFlag) -> Result<Self, KafkaFailure> {
        let options = ProducerOptions {
            client_id: "vru-ingest".to_owned(),
            // Given up, a record may arrive all the same, counted as dropped. What waits is bounded by camera and by bytes.
            message_timeout: Duration::ZERO,
            queue_bytes: config.live.producer_queue_bytes,
            // Frames are not gathered: a picture is a batch by itself, and it must not grow old.
            linger: Duration::ZERO,
            ..ProducerOptions::default()
        };
        Ok(Self {
            topic: config.kafka.topics().frames.into(),
            line: Line::new(&config.kafka, options)?,
            kafka: config.kafka.clone(),
            groups: config.file.consumer_groups.clone(),
            consumers: Groups::default(),
            health: Arc::new(Health { ready, well: AtomicBool::new(false) }),
        })
    }

    /// While Kafka is not known to be well, asks for the topic: `/ready` then knows before the first frame, and after an
    /// outage also where no frame comes to find out.
    pub async fn watch_topic(&self, stop: &CancellationToken) {
        let mut backoff = Backoff::default();
        while !stop.is_cancelled() {
            if self.health.well.load(Ordering::Relaxed) {
                backoff.reset();
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(LOOK_AFTER_KAFKA) => continue,
                }
            }
            let (kafka, topic) = (self.kafka.clone(), self.topic.clone());
            let asked = tokio::task::spawn_blocking(move || admin::partition_count(&kafka, &topic, ASK)).await;
            match asked {
                Ok(Ok(_)) => self.health.set(true, ""),
                Ok(Err(error)) => {
                    self.health.ready.not_ready(vru_runtime::report::chain(&error).to_string());
                    backoff.wait(stop).await;
                }
                Err(_) => return,
            }
        }
    }

    /// Sends what is queued; what is left at the deadline is dropped, and the answers say so.
    pub async fn flush(&self, deadline: Duration) {
        let producer = self.line.producer.lock().clone();
        let flushed = tokio::task::spawn_blocking(move || producer.flush(deadline).is_ok());
        if !matches!(flushed.await, Ok(true)) {
            tracing::warn!("not everything was sent before the deadline");
        }
    }
}

impl Line {
    fn new(kafka: &KafkaConfig, options: ProducerOptions) -> Result<Self, KafkaFailure> {
        let producer = Mutex::new(kafka.producer(&options)?);
        Ok(Self { options, producer })
    }

    /// A producer that had a fatal error takes nothing any more. Whoever finds out makes it anew.
    fn renew_if_dead(&self, kafka: &KafkaConfig) {
        let mut producer = self.producer.lock();
        let Some((code, reason)) = producer.client().fatal_error() else { return };
        match kafka.producer(&self.options) {
            Ok(fresh) => {
                tracing::error!(%code, reason, "the producer failed for good and is made anew");
                *producer = fresh;
            }
            Err(error) => tracing::error!(error = %vru_runtime::report::chain(&error), "cannot make a producer"),
        }
    }
}

fn refused(topic: &str, error: KafkaError, bytes: usize) -> PublishError {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::QueueFull) => PublishError::QueueFull,
        Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessageSize) => {
            PublishError::TooLarge { bytes }
        }
        Some(RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight) => PublishError::Closed,
        None if error == KafkaError::Canceled => PublishError::Closed,
        _ => PublishError::Kafka(KafkaFailure { operation: "publish a frame", topic: topic.to_owned(), source: error }),
    }
}

#[async_trait]
impl Publisher for KafkaPublisher {
    fn send(&self, frame: Frame) -> Result<Sending, PublishError> {
        let id = frame.id.clone().unwrap_or_default();
        // The root of the frame's trace; inside of the camera's span all its frames would be one trace.
        let span = tracing::debug_span!(parent: None, "ingest_frame", camera = id.camera_id, session = id.session, sequence = id.sequence);
        self.line.renew_if_dead(&self.kafka);
        let payload = frame.encode_to_vec();
        let bytes = payload.len();
        let record =
            FutureRecord::to(&self.topic).key(id.camera_id.as_str()).payload(&payload).headers(trace::headers(&span));
        // The clone is a handle; sending under the lock would hold up other cameras.
        let producer = self.line.producer.lock().clone();
        let sending = producer.send(record).map_err(|(error, _)| refused(&self.topic, error, bytes))?;
        let (topic, health) = (self.topic.clone(), self.health.clone());
        Ok(async move {
            let answer = sending.await.map_err(|error| refused(&topic, error, bytes));
            if answer.is_ok() {
                health.set(true, "");
            }
            drop(span);
            answer
        }
        .boxed())
    }

    fn is_late(&self) {
        self.health.set(false, "Kafka does not take frames in time");
    }

    async fn committed(&self, partition: i32) -> Result<Option<i64>, PublishError> {
        if self.groups.is_empty() {
            return Ok(None);
        }
        let (kafka, groups, consumers) = (self.kafka.clone(), self.groups.clone(), self.consumers.clone());
        let topic = self.topic.clone();
        let asked = tokio::task::spawn_blocking(move || {
            // Held while asking: the files' questions go one after the other, each is short.
            let mut consumers = consumers.0.lock();
            let mut least = i64::MAX;
            for group in &groups {
                // Taken out, and put back once it has answered: one that does not may have lost its cluster for good.
                let client = match consumers.remove(group) {
                    Some(client) => client,
                    None => group_client(&kafka, group, &topic)?,
                };
                least = least.min(committed_by(&client, &topic, partition)?);
                consumers.insert(group.clone(), client);
            }
            Ok(Some(least))
        });
        asked.await.unwrap_or(Err(PublishError::Closed))
    }

    async fn last_published(&self, camera: &CameraId, session: u64) -> Result<Option<Published>, PublishError> {
        let (kafka, topic, camera) = (self.kafka.clone(), self.topic.clone(), camera.clone());
        let asked = tokio::task::spawn_blocking(move || resume::last_published(&kafka, &topic, &camera, session));
        Ok(asked.await.map_err(|_| PublishError::Closed)??)
    }
}

fn group_client(kafka: &KafkaConfig, group: &str, topic: &str) -> Result<GroupClient, PublishError> {
    let created = kafka
        .client("vru-ingest-lag")
        // Only to ask: it never subscribes, so it is no member.
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .create_with_context(vru_runtime::kafka::LogContext);
    created.map_err(|source| failure("create a consumer", topic, source))
}

fn committed_by(client: &GroupClient, topic: &str, partition: i32) -> Result<i64, PublishError> {
    let mut list = TopicPartitionList::new();
    list.add_partition(topic, partition);
    let answer =
        client.committed_offsets(list, ASK).map_err(|source| failure("read committed offsets", topic, source))?;
    match answer.find_partition(topic, partition).map(|element| element.offset()) {
        Some(Offset::Offset(offset)) => Ok(offset),
        // The group has not begun.
        _ => Ok(0),
    }
}

fn failure(operation: &'static str, topic: &str, source: KafkaError) -> PublishError {
    PublishError::Kafka(KafkaFailure { operation, topic: topic.to_owned(), source })
}
