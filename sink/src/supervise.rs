//! What every sink's consumer has around it: started again after a failure, and blocking calls kept off the async workers.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use vru_runtime::admin::ReadyFlag;
use vru_runtime::kafka::{KafkaConfig, admin};
use vru_runtime::report::chain;
use vru_runtime::retry::{Backoff, BackoffConfig};

use crate::error::SinkError;
use crate::metrics::ERRORS;

/// A consumer that ran this long was healthy: the next failure waits the shortest time again.
const HEALTHY_AFTER: Duration = Duration::from_secs(30);
const BROKER_DEADLINE: Duration = Duration::from_secs(10);

/// Decides after each run of a consumer whether it runs again: `while supervisor.again(once().await).await {}`.
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

    /// False after a success or when stopping. A failure is logged, counted, told by `/ready`, and waited upon.
    pub(crate) async fn again(&mut self, result: Result<(), SinkError>) -> bool {
        let Err(error) = result else { return false };
        ERRORS.with_label_values(&[self.sink, error.operation()]).inc();
        let why = format!("{}{}", chain(&error), error.advice());
        self.ready.not_ready(&why);
        if self.started.elapsed() > HEALTHY_AFTER {
            self.backoff.reset();
        }
        tracing::warn!(sink = self.sink, why, attempt = self.backoff.attempts(), "the sink stopped and starts again");
        let again = !self.stop.is_cancelled() && self.backoff.wait(&self.stop).await;
        self.started = Instant::now();
        again
    }
}

/// Runs a blocking call on a thread that may block.
pub(crate) async fn blocking<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> Result<T, SinkError> {
    tokio::task::spawn_blocking(call).await.map_err(SinkError::Blocking)
}

/// The Kafka cluster's id; offsets are stored under it.
pub(crate) async fn cluster_id(kafka: &KafkaConfig) -> Result<String, SinkError> {
    let kafka = kafka.clone();
    let id = blocking(move || admin::cluster_id(&kafka, BROKER_DEADLINE)).await??;
    id.ok_or(SinkError::NoBroker { seconds: BROKER_DEADLINE.as_secs() })
}
