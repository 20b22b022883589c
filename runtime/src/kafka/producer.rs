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

/// How long one poll lasts. `BaseProducer::poll` spins through the last millisecond of its timeout, so short polls cost CPU: a hundredth
/// of a core for each idle producer at the 100 ms of rdkafka's `FutureProducer`. Delivery reports do not wait for the end of a poll; what
/// does is the search for a lost cluster ([`Rebootstrap`]) and the end of a dropped producer.
const POLL: Duration = Duration::from_secs(4);

/// How a producer behaves.
#[derive(Debug, Clone)]
pub struct ProducerOptions {
    /// Shows in the broker's logs and quotas.
    pub client_id: String,
    /// How long a record may take, with all retries, before it is given up and reported as failed. Zero: it is retried for ever.
    pub message_timeout: Duration,
    /// Bound of the local queue, in bytes.
    pub queue_bytes: usize,
    /// How long to gather records into one request.
    pub linger: Duration,
    /// `none`, `lz4` or `zstd`. Encoded frames do not compress further.
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
    /// An idempotent producer with `acks=all`: each acknowledged record is in the topic once, in order.
    pub fn producer(&self, options: &ProducerOptions) -> Result<Producer, KafkaFailure> {
        let settings = [
            ("enable.idempotence", "true"),
            ("acks", "all"),
            ("message.timeout.ms", &*options.message_timeout.as_millis().to_string()),
            ("queue.buffering.max.kbytes", &(options.queue_bytes / 1024).max(1).to_string()),
            ("queue.buffering.max.ms", &options.linger.as_millis().to_string()),
            ("compression.type", options.compression),
            // Every client must send a key to the same partition; Java's default is murmur2 as well.
            ("partitioner", "murmur2_random"),
        ];
        let client = self.client(&options.client_id, &settings);
        let fail = |source| KafkaFailure::new("create a producer", "-", source);
        let base: BaseProducer<ReportContext> = client.create_with_context(ReportContext).map_err(fail)?;
        Producer::start(base, Rebootstrap::new(&client))
            .map_err(|error| fail(KafkaError::ClientCreation(error.to_string())))
    }
}

/// A producer with a delivery report for each record. Clones share it; when the last one is dropped, queued records are given up.
#[derive(Clone)]
pub struct Producer(Arc<Inner>);

struct Inner {
    base: Arc<BaseProducer<ReportContext>>,
    stop: Arc<AtomicBool>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Not joined: the thread ends after its current poll, and nothing depends on its end.
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Producer")
    }
}

impl Producer {
    fn start(base: BaseProducer<ReportContext>, mut rebootstrap: Rebootstrap) -> std::io::Result<Self> {
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

    /// Queues a record; never waits. If the record is refused, for example because the queue is full, it is returned with the reason.
    #[expect(clippy::result_large_err, reason = "the record goes back to the caller")]
    pub fn send<'a, K, P>(
        &self,
        record: FutureRecord<'a, K, P>,
    ) -> Result<DeliveryReport, (KafkaError, FutureRecord<'a, K, P>)>
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
    {
        let (reporter, report) = oneshot::channel();
        // The future may have been dropped.
        self.send_with(record, move |delivered| drop(reporter.send(delivered)))?;
        Ok(DeliveryReport(report))
    }

    /// Like [`Producer::send`], and calls `report` with the outcome on the producer's thread, so it must be short and must not panic.
    /// It is not called when the record is refused.
    #[expect(clippy::result_large_err, reason = "the record goes back to the caller")]
    pub(super) fn send_with<'a, K, P>(
        &self,
        record: FutureRecord<'a, K, P>,
        report: impl FnOnce(Result<Delivered, KafkaError>) + Send + Sync + 'static,
    ) -> Result<(), (KafkaError, FutureRecord<'a, K, P>)>
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
    {
        let base = BaseRecord {
            topic: record.topic,
            partition: record.partition,
            payload: record.payload,
            key: record.key,
            timestamp: record.timestamp,
            headers: record.headers,
            delivery_opaque: Box::new(Reporter(Box::new(report))),
        };
        self.0.base.send(base).map_err(|(error, back)| {
            let record = FutureRecord {
                topic: back.topic,
                partition: back.partition,
                payload: back.payload,
                key: back.key,
                timestamp: back.timestamp,
                headers: back.headers,
            };
            (error, record)
        })
    }

    /// Waits until every queued record is acknowledged or has failed, up to the deadline. Blocks.
    pub fn flush(&self, deadline: Duration) -> Result<(), KafkaError> {
        self.0.base.flush(deadline)
    }

    /// For requests to the cluster, and the fatal error, if there was one.
    pub fn client(&self) -> &Client<impl ClientContext + use<>> {
        self.0.base.client()
    }
}

/// The position of an acknowledged record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    pub partition: i32,
    pub offset: i64,
}

/// A future of librdkafka's delivery report for one record: its position once all replicas have it, or why it was given up; `Canceled` if
/// the producer was dropped.
///
/// Not tokio's oneshot channel: that one takes part in tokio's task budget. Polled by another executor inside of a tokio task, it would
/// never be ready again once the budget is used up.
#[derive(Debug)]
#[must_use = "only this future says whether the record arrived"]
pub struct DeliveryReport(oneshot::Receiver<Result<Delivered, KafkaError>>);

impl Future for DeliveryReport {
    type Output = Result<Delivered, KafkaError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|report| report.unwrap_or(Err(KafkaError::Canceled)))
    }
}

/// What to call with the outcome of one record.
struct Reporter(Box<dyn FnOnce(Result<Delivered, KafkaError>) + Send + Sync>);

/// Forwards delivery reports.
struct ReportContext;

impl ClientContext for ReportContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        context::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        context::report(&error, reason);
    }
}

impl ProducerContext<NoCustomPartitioner> for ReportContext {
    type DeliveryOpaque = Box<Reporter>;

    fn delivery(&self, result: &DeliveryResult<'_>, reporter: Self::DeliveryOpaque) {
        let delivered = match result {
            Ok(message) => Ok(Delivered { partition: message.partition(), offset: message.offset() }),
            Err((error, _)) => Err(error.clone()),
        };
        (reporter.0)(delivered);
    }
}
