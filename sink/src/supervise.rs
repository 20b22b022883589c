//! Shared by the consumers of all sinks: restarting after a failure, and calls that block.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use vru_runtime::admin::ReadyFlag;
use vru_runtime::kafka::{GroupConsumer, KafkaConfig, admin};
use vru_runtime::report::chain;
use vru_runtime::retry::{Backoff, BackoffConfig};

use crate::error::SinkError;
use crate::metrics::ERRORS;

/// A consumer that ran this long was healthy: the next failure backs off from the shortest wait again.
const HEALTHY_AFTER: Duration = Duration::from_secs(30);
const BROKER_DEADLINE: Duration = Duration::from_secs(10);

/// Restarts a consumer after each failure, with backoff.
pub(crate) struct Supervisor {
    sink: &'static str,
    ready: ReadyFlag,
    backoff: Backoff,
    stop: CancellationToken,
    started: Instant,
}

impl Supervisor {
    pub(crate) fn new(sink: &'static str, ready: &ReadyFlag, retry: BackoffConfig, stop: &CancellationToken) -> Self {
        let (ready, stop) = (ready.clone(), stop.clone());
        Self { sink, ready, backoff: Backoff::new(retry), stop, started: Instant::now() }
    }

    /// Runs the consumer until it ends without a failure or `stop` is cancelled.
    pub(crate) async fn run<F>(&mut self, mut consumer: impl FnMut() -> F)
    where
        F: Future<Output = Result<(), SinkError>>,
    {
        while !self.stop.is_cancelled() && self.again(consumer().await).await {}
    }

    /// Whether to run again: false after a success and when stopping. After a failure it logs and counts the error, reports it
    /// in `/ready`, and backs off.
    pub(crate) async fn again(&mut self, result: Result<(), SinkError>) -> bool {
        let Err(error) = result else { return false };
        ERRORS.with_label_values(&[self.sink, error.operation()]).inc();
        let why = format!("{}{}", chain(&error), error.advice());
        self.ready.not_ready(&why);
        if self.started.elapsed() > HEALTHY_AFTER {
            self.backoff.reset();
        }
        tracing::warn!(sink = self.sink, why, attempt = self.backoff.attempts(), "sink failed, restarting");
        let again = !self.stop.is_cancelled() && self.backoff.wait(&self.stop).await;
        self.started = Instant::now();
        again
    }
}

/// Runs a blocking call on a thread that may block.
pub(crate) async fn blocking<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> Result<T, SinkError> {
    tokio::task::spawn_blocking(call).await.map_err(SinkError::Blocking)
}

/// Leaves the group. This joins the poll thread, so it must not run on an async worker.
pub(crate) async fn leave(group: GroupConsumer) -> Result<(), SinkError> {
    blocking(move || drop(group)).await
}

/// The Kafka cluster's id. Stored offsets are valid for this cluster only.
pub(crate) async fn cluster_id(kafka: &KafkaConfig) -> Result<String, SinkError> {
    let kafka = kafka.clone();
    let id = blocking(move || admin::cluster_id(&kafka, BROKER_DEADLINE)).await??;
    id.ok_or(SinkError::NoBroker { seconds: BROKER_DEADLINE.as_secs() })
}
