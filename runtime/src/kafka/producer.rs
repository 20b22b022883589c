use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::channel::oneshot;
use rdkafka::ClientContext;
use rdkafka::client::Client;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::{Message as _, ToBytes};
use rdkafka::producer::{
    BaseProducer, BaseRecord, DeliveryResult, FutureRecord, NoCustomPartitioner, Producer as _, ProducerContext,
};

use super::config::KafkaConfig;
use super::context;
use super::error::KafkaFailure;
use super::rebootstrap::Rebootstrap;

/// How long one poll lasts. `BaseProducer::poll` spins through the last millisecond of its time, so a short poll costs a share
/// of a core: a hundredth at the 100 ms of rdkafka's own `FutureProducer`, for each idle producer. Answers do not wait for it.
const POLL: Duration = Duration::from_secs(2);

/// How a producer behaves.
#[derive(Debug, Clone)]
pub struct ProducerOptions {
    /// Shows in the broker's logs and quotas.
    pub client_id: String,
    /// How long a record may take, with all retries, before it is given up and reported. Zero: never.
    pub message_timeout: Duration,
    /// Bound of the local queue, bytes.
    pub queue_bytes: usize,
    /// How long to gather records into one request.
    pub linger: Duration,
    /// `none`, `lz4`, `zstd`: pictures are compressed already.
    pub compression: &'static str,
}

impl Default for ProducerOptions {
    fn default() -> Self {
        Self {
            client_id: "vru".to_owned(),
            message_timeout: Duration::from_secs(30),
            queue_bytes: 64 * 1024 * 1024,
            linger: Duration::from_millis(2),
            compression: "none",
        }
    }
}

impl KafkaConfig {
    /// An idempotent producer with `acks=all`: what is acknowledged is there once, in order.
    pub fn producer(&self, options: &ProducerOptions) -> Result<Producer, KafkaFailure> {
        let mut client = self.client(&options.client_id);
        client
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("message.timeout.ms", options.message_timeout.as_millis().to_string())
            .set("queue.buffering.max.kbytes", (options.queue_bytes / 1024).max(1).to_string())
            .set("queue.buffering.max.ms", options.linger.as_millis().to_string())
            .set("compression.type", options.compression)
            // The same key must land in the same partition whichever client wrote it (Java's is murmur2 too).
            .set("partitioner", "murmur2_random");
        self.apply_options(&mut client);
        let fail = |source| KafkaFailure::new("create a producer", "-", source);
        let base: BaseProducer<Answers> = client.create_with_context(Answers).map_err(fail)?;
        Producer::start(base, Rebootstrap::new(&client))
            .map_err(|error| fail(KafkaError::ClientCreation(error.to_string())))
    }
}

/// A producer whose records are awaited one by one. Clones share it; when the last is dropped, what is still queued is given up.
#[derive(Clone)]
pub struct Producer(Arc<Inner>);

struct Inner {
    base: Arc<BaseProducer<Answers>>,
    stop: Arc<AtomicBool>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Not joined: the thread may still be in a poll, and holds nothing that anybody waits for.
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Producer")
    }
}

impl Producer {
    fn start(base: BaseProducer<Answers>, mut rebootstrap: Rebootstrap) -> std::io::Result<Self> {
        let base = Arc::new(base);
        let stop = Arc::new(AtomicBool::new(false));
        let (polled, stopped) = (base.clone(), stop.clone());
        std::thread::Builder::new().name("produce".to_owned()).spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                polled.poll(POLL);
                rebootstrap.check(polled.client());
            }
        })?;
        Ok(Self(Arc::new(Inner { base, stop })))
    }

    /// Queues a record and does not wait. Refused, for example because the queue is full, it comes back with the reason.
    #[expect(clippy::result_large_err, reason = "the record goes back to who sent it")]
    pub fn send<'a, K, P>(
        &self,
        record: FutureRecord<'a, K, P>,
    ) -> Result<Delivery, (KafkaError, FutureRecord<'a, K, P>)>
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
    {
        let (answer, delivery) = oneshot::channel();
        let base = BaseRecord {
            topic: record.topic,
            partition: record.partition,
            payload: record.payload,
            key: record.key,
            timestamp: record.timestamp,
            headers: record.headers,
            delivery_opaque: Box::new(answer),
        };
        match self.0.base.send(base) {
            Ok(()) => Ok(Delivery(delivery)),
            Err((error, back)) => {
                let record = FutureRecord {
                    topic: back.topic,
                    partition: back.partition,
                    payload: back.payload,
                    key: back.key,
                    timestamp: back.timestamp,
                    headers: back.headers,
                };
                Err((error, record))
            }
        }
    }

    /// Waits until everything queued is answered, or the deadline. Blocks.
    pub fn flush(&self, deadline: Duration) -> Result<(), KafkaError> {
        self.0.base.flush(deadline)
    }

    /// For questions about the cluster and about a fatal error.
    pub fn client(&self) -> &Client<impl ClientContext + use<>> {
        self.0.base.client()
    }
}

/// Where a record lies now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// Partition.
    pub partition: i32,
    /// Offset in it.
    pub offset: i64,
}

/// A record on its way. Resolves when it is acknowledged, or given up with the reason; `Canceled` when the producer was dropped.
///
/// Not tokio's channel: that one takes part in tokio's budget, and waited for on another executor inside of a task it is never
/// ready again when the budget is used up.
#[derive(Debug)]
#[must_use = "whether a record arrived is known only from here"]
pub struct Delivery(oneshot::Receiver<Result<Delivered, KafkaError>>);

impl Future for Delivery {
    type Output = Result<Delivered, KafkaError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| answer.unwrap_or(Err(KafkaError::Canceled)))
    }
}

/// Hands librdkafka's answers to those who wait.
struct Answers;

impl ClientContext for Answers {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        context::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        context::report(&error, reason);
    }
}

impl ProducerContext<NoCustomPartitioner> for Answers {
    type DeliveryOpaque = Box<oneshot::Sender<Result<Delivered, KafkaError>>>;

    fn delivery(&self, result: &DeliveryResult<'_>, answer: Self::DeliveryOpaque) {
        let delivered = match result {
            Ok(message) => Ok(Delivered { partition: message.partition(), offset: message.offset() }),
            Err((error, _)) => Err(error.clone()),
        };
        // Whoever sent it may have stopped waiting.
        drop(answer.send(delivered));
    }
}
