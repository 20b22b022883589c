//! Reads partitions without a consumer group: every reader gets every record.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use tokio::sync::mpsc;

use super::config::KafkaConfig;
use super::context::LogContext;
use super::error::KafkaFailure;
use super::metrics::RECREATED;
use super::partition::StartAt;
use super::rebootstrap::Rebootstrap;
use super::record::Record;
use super::recreation::RecreationCheck;
use super::topic_id::TopicId;

/// How long one poll lasts: it spins through its last millisecond, and a record does not wait for its end.
const POLL: Duration = Duration::from_millis(500);

/// What a [`TopicReader`] returns.
#[derive(Debug)]
pub enum ReaderEvent {
    Record(Record),
    /// Every partition has been read up to the end that it had at some time after the start. Sent once.
    CaughtUp,
    /// The topic was deleted and created again. The reader has ended.
    Recreated,
}

/// Reads partitions of a topic from chosen offsets. It waits while its channel is full, and ends when it is dropped.
#[derive(Debug)]
pub struct TopicReader {
    events: mpsc::Receiver<ReaderEvent>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TopicReader {
    /// For readers that others wait for.
    pub const FETCH_WAIT: Duration = Duration::from_millis(50);

    /// Starts to read; `capacity` bounds the channel, in records. `id` is the topic's id ([`super::describe_topic`]), read before the
    /// offsets to start at. `fetch_wait` is how long the broker waits with its answer while there is nothing new: so much later the end of
    /// a partition is known, and so often a reader at the end asks. Kafka answers at once when a record comes; the embedded broker does not.
    pub fn start(
        config: &KafkaConfig,
        client_id: &str,
        topic: &str,
        id: TopicId,
        starts: &[(i32, StartAt)],
        capacity: usize,
        fetch_wait: Duration,
    ) -> Result<Self, KafkaFailure> {
        let settings = [
            // Librdkafka requires a group even where none is joined.
            ("group.id", &*format!("{client_id}-unused")),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("enable.partition.eof", "true"),
            ("auto.offset.reset", "earliest"),
            ("fetch.wait.max.ms", &*fetch_wait.as_millis().to_string()),
            ("fetch.error.backoff.ms", "100"),
            ("queued.max.messages.kbytes", "8192"),
            ("receive.message.max.bytes", &config.receive_max_bytes()),
            ("fetch.message.max.bytes", &config.message_max_bytes.to_string()),
        ];
        let client = config.client(client_id, &settings);
        let fail = |operation, source| KafkaFailure::new(operation, topic, source);
        let consumer: BaseConsumer<LogContext> =
            client.create_with_context(LogContext).map_err(|source| fail("create a reader", source))?;
        let mut list = TopicPartitionList::new();
        for (partition, start) in starts {
            list.add_partition_offset(topic, *partition, start.offset())
                .map_err(|source| fail("choose the offsets to start at", source))?;
        }
        consumer.assign(&list).map_err(|source| fail("assign partitions", source))?;
        let (events_tx, events) = mpsc::channel(capacity.max(1));
        let stop = Arc::new(AtomicBool::new(false));
        let mut pump = Pump {
            consumer: Arc::new(consumer),
            rebootstrap: Rebootstrap::new(&client),
            recreation: RecreationCheck::new(),
            id,
            events: events_tx,
            stop: stop.clone(),
            topic: topic.into(),
            partitions: starts.len() as u64,
            behind: Some(starts.iter().map(|(partition, _)| *partition).collect()),
        };
        let thread = std::thread::Builder::new()
            .name(format!("read-{client_id}"))
            .spawn(move || pump.run())
            .map_err(|error| fail("start the read thread", KafkaError::ClientCreation(error.to_string())))?;
        Ok(Self { events, stop, thread: Some(thread) })
    }

    /// The next event; `None` when reading has ended. Cancel-safe.
    pub async fn next(&mut self) -> Option<ReaderEvent> {
        self.events.recv().await
    }
}

impl Drop for TopicReader {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.events.close();
        // Not joined: closing a consumer may take a moment, which must not block an async worker.
        drop(self.thread.take());
    }
}

struct Pump {
    consumer: Arc<BaseConsumer<LogContext>>,
    rebootstrap: Rebootstrap,
    recreation: RecreationCheck<LogContext>,
    id: TopicId,
    events: mpsc::Sender<ReaderEvent>,
    stop: Arc<AtomicBool>,
    topic: Arc<str>,
    partitions: u64,
    /// Partitions that have not been read to their end yet; `None` once `CaughtUp` was sent.
    behind: Option<HashSet<i32>>,
}

impl Pump {
    fn run(&mut self) {
        if self.behind.as_ref().is_some_and(HashSet::is_empty) {
            self.caught_up();
        }
        while !self.stop.load(Ordering::Relaxed) {
            self.rebootstrap.check(self.consumer.client());
            let (topic, id) = (&self.topic, self.id);
            if self.recreation.recreated(&self.consumer, || vec![(topic.clone(), id)]).is_some() {
                RECREATED.with_label_values(&[&**topic]).inc_by(self.partitions);
                tracing::error!(topic = &**topic, "the topic was deleted and created again");
                self.send(ReaderEvent::Recreated);
                break;
            }
            let event = match self.consumer.poll(POLL) {
                None => continue,
                Some(Ok(message)) => ReaderEvent::Record(Record::read(&self.topic, &message)),
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    let Some(behind) = &mut self.behind else { continue };
                    behind.remove(&partition);
                    if behind.is_empty() {
                        self.caught_up();
                    }
                    continue;
                }
                Some(Err(error)) => {
                    tracing::debug!(topic = %self.topic, %error, "poll failed");
                    std::thread::sleep(Duration::from_millis(20));
                    continue;
                }
            };
            if !self.send(event) {
                break;
            }
        }
    }

    fn caught_up(&mut self) {
        self.behind = None;
        if !self.send(ReaderEvent::CaughtUp) {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    /// Waits for room in the channel. False if the reader was dropped.
    fn send(&self, mut event: ReaderEvent) -> bool {
        loop {
            match self.events.try_send(event) {
                Ok(()) => return true,
                Err(mpsc::error::TrySendError::Closed(_)) => return false,
                Err(mpsc::error::TrySendError::Full(back)) => event = back,
            }
            if self.stop.load(Ordering::Relaxed) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
