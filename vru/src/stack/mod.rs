//! All services in one process, on embedded servers where no real ones are configured. They are started from the sink
//! upstream, so that every record has a consumer, and stopped from the source downstream, so that nothing is lost.

mod backends;
mod database;
mod drain;
pub mod ports;
mod service_task;

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vru_runtime::kafka::KafkaConfig;
use vru_runtime::live::LiveStore;
use vru_runtime::shutdown::Shutdown;
use vru_storage::postgres::DatabaseConfig;

use crate::account::Account;
use crate::config::UpConfig;
use crate::counts::PipelineCounts;
use crate::data::DataFolder;
use crate::display::Display;
use crate::subscriber::{self, Endpoint, Received};
use backends::Backends;
use service_task::ServiceTask;

/// How long a service may take to finish its work.
const STOP_DEADLINE: Duration = Duration::from_secs(15);
const SUBSCRIBE_DEADLINE: Duration = Duration::from_secs(15);

/// The running services and servers.
pub struct Stack {
    process: Shutdown,
    ingest: Option<ServiceTask>,
    /// What ingest and inference show to the API without a Redis.
    live: Option<LiveStore>,
    infer: ServiceTask,
    sink: ServiceTask,
    api: ServiceTask,
    received: Received,
    subscriber_stop: CancellationToken,
    // Dropped last: the services use them until they end.
    backends: Backends,
}

impl Stack {
    /// Starts everything but ingest, so that a subscriber is there before the first frame.
    pub async fn start(
        config: &UpConfig,
        data: &DataFolder,
        process: &Shutdown,
        display: &Display,
    ) -> anyhow::Result<Self> {
        let backends = Backends::start(config, data, display).await?;
        if backends.has_embedded_broker() {
            database::forget_embedded_positions(&backends.postgres.database).await?;
        }

        let step = display.step("sinks");
        let sink_config = config.sink(&backends.kafka, backends.postgres.clone(), backends.s3.clone());
        let start = |context| vru_sink::run(sink_config, context);
        let mut sink = ServiceTask::start("sink", "admin.sink", config.admin.sink, process, start).await?;
        // The sink may want the API's keys for tokens, and the API waits for the sink's migrations.
        // Inference and the API share what cameras show now; a real Redis each connects to itself.
        let live = (!config.redis.is_configured()).then(LiveStore::in_memory);
        let mut api = start_api(config, &backends, live.clone(), data, process).await?;
        sink.ready(&step).await?;
        if backends.has_embedded_broker() && backends.has_embedded_postgres() {
            let ended = database::end_alerts_of_earlier_runs(&backends.postgres.database).await?;
            tracing::info!(ended, "alerts that went on when the program was stopped");
        }
        step.done(&format!("PostgreSQL, S3, gRPC on {}", config.alerts.listen));

        let step = display.step("API");
        api.ready(&step).await?;
        let has_app = config.has_web_app();
        let address = config.api.http.address();
        step.done(&if has_app { format!("{address} (docs at {address}/docs)") } else { format!("{address}/docs") });
        if !database::has_people(&backends.postgres.database).await? {
            let file = data.join(FIRST_ADMIN);
            display.print(&if has_app {
                // Browsers do not send what follows the number sign.
                let token = data.secret(FIRST_ADMIN)?;
                format!("  nobody can log in yet. This link adds the first person, once:\n  {address}/welcome#{}", token.expose())
            } else {
                format!(
                    "  nobody can log in to the API yet: POST {address}/api/v1/first-admin adds the first person, with the token in {}",
                    file.display()
                )
            });
        }

        let step = display.step("model");
        let infer_config = config.infer(&backends.kafka);
        let of_infer = live.clone();
        let start = |context| vru_infer::run_with_live(infer_config, of_infer, context);
        let mut infer = ServiceTask::start("inference", "admin.infer", config.admin.infer, process, start).await?;
        infer.ready(&step).await?;
        if backends.has_embedded_broker() {
            step.update("waiting for the broker to assign partitions");
            drain::partitions_assigned(&backends.kafka.topics()).await;
        }
        let path = config.model.model_path()?;
        step.done(&path.file_stem().unwrap_or_default().to_string_lossy());

        Ok(Self {
            process: process.clone(),
            ingest: None,
            live,
            infer,
            sink,
            api,
            received: Received::default(),
            subscriber_stop: CancellationToken::new(),
            backends,
        })
    }

    /// Subscribes to the alerts. Returns when the subscription stands, so that no later alert is missed.
    pub async fn subscribe(&self, endpoint: Endpoint) -> anyhow::Result<()> {
        let stop = self.subscriber_stop.clone();
        self.process.spawn("the subscriber of the alerts", subscriber::run(endpoint, self.received.clone(), stop));
        let until = Instant::now() + SUBSCRIBE_DEADLINE;
        while !self.received.is_connected() {
            anyhow::ensure!(
                Instant::now() < until,
                "the gRPC server for alerts accepted no subscription within {SUBSCRIBE_DEADLINE:?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// What the subscriber received.
    pub fn received(&self) -> Received {
        self.received.clone()
    }

    /// Starts the source.
    pub async fn start_ingest(&mut self, config: &UpConfig, display: &Display) -> anyhow::Result<()> {
        let step = display.step("ingest");
        let ingest_config = config.ingest(&self.backends.kafka, &self.backends.s3.bucket);
        let live = self.live.clone();
        let start = |context| vru_ingest::run_with_live(ingest_config, live, context);
        let mut ingest =
            ServiceTask::start("ingest", "admin.ingest", config.admin.ingest, &self.process, start).await?;
        ingest.ready(&step).await?;
        step.done(&format!("RTSP push on {}", config.push.listen));
        self.ingest = Some(ingest);
        Ok(())
    }

    /// How to reach the database.
    pub fn database(&self) -> &DatabaseConfig {
        &self.backends.postgres.database
    }

    /// How to reach the broker.
    pub fn kafka(&self) -> &KafkaConfig {
        &self.backends.kafka
    }

    /// An error when a service has ended without being stopped.
    pub async fn check(&mut self) -> anyhow::Result<()> {
        if let Some(ingest) = &mut self.ingest {
            ingest.check().await?;
        }
        self.infer.check().await?;
        self.sink.check().await?;
        self.api.check().await
    }

    /// What each service that is not ready waits for, in words.
    pub fn troubles(&self) -> Vec<String> {
        [self.ingest.as_ref(), Some(&self.infer), Some(&self.sink), Some(&self.api)]
            .into_iter()
            .flatten()
            .filter_map(ServiceTask::waits_for)
            .collect()
    }

    /// Stops the source, waits until everything in flight is stored, and returns the account of the frames that ingest
    /// received since `since_us`.
    pub async fn drain(&mut self, since_us: i64) -> anyhow::Result<Account> {
        if let Some(mut ingest) = self.ingest.take() {
            ingest.stop(STOP_DEADLINE).await?;
        }
        drain::frames_settled().await;
        self.infer.stop(STOP_DEADLINE).await?;
        let counts = PipelineCounts::read();
        drain::results_stored(&counts, &self.received).await;
        let rows = database::frames_since(&self.backends.postgres.database, since_us).await?;
        Ok(Account::new(&counts, rows, self.received.count(), self.received.glass_to_alert_ms()))
    }

    /// Stops the rest, downstream last.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.subscriber_stop.cancel();
        let stopped = [self.api.stop(STOP_DEADLINE).await, self.sink.stop(STOP_DEADLINE).await];
        self.backends.stop().await?;
        stopped.into_iter().collect()
    }
}

/// The file in the data folder with the token that adds the first person.
const FIRST_ADMIN: &str = "first-admin-token";

async fn start_api(
    config: &UpConfig,
    backends: &Backends,
    live: Option<LiveStore>,
    data: &DataFolder,
    process: &Shutdown,
) -> anyhow::Result<ServiceTask> {
    let token = data.secret(FIRST_ADMIN)?;
    let api_config = config.api(&backends.kafka, &backends.postgres.database, &backends.s3.bucket, token);
    let start = |context| vru_api::run_with_live(api_config, live, context);
    ServiceTask::start("the API", "admin.api", config.admin.api, process, start).await
}
