//! All services in one process, on embedded parts where no real ones are configured: started from the sink upstream, so that
//! nothing is produced that nobody takes, and stopped from the source downstream, so that nothing is lost.

mod database;
pub mod ports;
mod service;

use std::time::Duration;

use anyhow::Context as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vru_runtime::kafka::KafkaConfig;
use vru_runtime::shutdown::Shutdown;
use vru_sink::postgres::PostgresConfig;
use vru_sink::s3::S3Config;
use vru_storage::s3::BucketConfig;

use crate::account::Account;
use crate::config::UpConfig;
use crate::counts::Counts;
use crate::data::DataFolder;
use crate::display::Display;
use crate::embedded::broker::Broker;
use crate::embedded::postgres::Postgres;
use crate::embedded::s3::S3;
use crate::subscriber::{self, Endpoint, Received};
use database::Database;
use service::Service;

/// How long a service may take to finish what it has.
const STOP: Duration = Duration::from_secs(15);
/// How long what is on its way may take to arrive at the next stage.
const ARRIVE: Duration = Duration::from_secs(15);

/// Everything that runs.
pub struct Stack {
    process: Shutdown,
    kafka: KafkaConfig,
    bucket_config: BucketConfig,
    database: Database,
    ingest: Option<Service>,
    infer: Service,
    sink: Service,
    received: Received,
    subscriber_stop: CancellationToken,
    // Last, as the others speak to them until they end.
    broker: Option<Broker>,
    postgres: Option<Postgres>,
    s3: Option<S3>,
}

impl Stack {
    /// Starts everything but ingest: then it can be told where the cameras are.
    pub async fn start(
        config: &UpConfig,
        data: &DataFolder,
        process: &Shutdown,
        display: &Display,
    ) -> anyhow::Result<Self> {
        let (postgres, postgres_config) = start_postgres(config, data, display).await?;
        let (broker, kafka) = start_broker(config, display)?;
        let (s3, s3_config) = start_s3(config, data, display).await?;
        let database = Database::new(postgres_config.database.clone());
        if broker.is_some() {
            database.forget_positions().await.context("forget the positions in an earlier broker")?;
        }

        let step = display.step("sinks");
        let bucket_config = s3_config.bucket.clone();
        let sink_config = config.sink(&kafka, postgres_config, s3_config);
        let start = |context| vru_sink::run(sink_config, context);
        let mut sink = Service::start("the sink", config.admin.sink, process, start).await?;
        sink.ready(&step).await?;
        step.done(&format!("Postgres, S3, gRPC on {}", config.alerts.listen));

        let step = display.step("model");
        let infer_config = config.infer(&kafka);
        let start = |context| vru_infer::run(infer_config, context);
        let mut infer = Service::start("inference", config.admin.infer, process, start).await?;
        infer.ready(&step).await?;
        if broker.is_some() {
            // The embedded broker takes seconds to share out a group's first partitions; frames of that time would be old.
            step.update("waiting for the broker to share out the frames");
            arrive("the partitions of frames", || assigned_partitions() > 0).await;
        }
        let path = config.model.model_path()?;
        step.done(&path.file_stem().unwrap_or_default().to_string_lossy());

        Ok(Self {
            process: process.clone(),
            kafka,
            bucket_config,
            database,
            ingest: None,
            infer,
            sink,
            received: Received::default(),
            subscriber_stop: CancellationToken::new(),
            broker,
            postgres,
            s3,
        })
    }

    /// Subscribes to the alerts, before there are any.
    pub async fn subscribe(&self, endpoint: Endpoint) -> anyhow::Result<()> {
        let stop = self.subscriber_stop.clone();
        tokio::spawn(subscriber::run(endpoint, self.received.clone(), stop));
        let until = Instant::now() + Duration::from_secs(15);
        while !self.received.is_connected() {
            anyhow::ensure!(Instant::now() < until, "the alert service takes no subscriber");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// What the subscriber got.
    pub fn received(&self) -> Received {
        self.received.clone()
    }

    /// Starts the source.
    pub async fn start_ingest(&mut self, config: &UpConfig, display: &Display) -> anyhow::Result<()> {
        let step = display.step("ingest");
        let ingest_config = config.ingest(&self.kafka);
        let start = |context| vru_ingest::run(ingest_config, context);
        let mut ingest = Service::start("ingest", config.admin.ingest, &self.process, start).await?;
        ingest.ready(&step).await?;
        step.done(&format!("RTSP push on {}", config.push.listen));
        self.ingest = Some(ingest);
        Ok(())
    }

    /// The broker's configuration.
    pub fn kafka(&self) -> &KafkaConfig {
        &self.kafka
    }

    /// The object store's configuration.
    pub fn bucket_config(&self) -> &BucketConfig {
        &self.bucket_config
    }

    /// An error when a service has ended by itself.
    pub async fn check(&mut self) -> anyhow::Result<()> {
        if let Some(ingest) = &mut self.ingest {
            ingest.check().await?;
        }
        self.infer.check().await?;
        self.sink.check().await
    }

    /// What is not ready, in words.
    pub fn troubles(&self) -> Vec<String> {
        [self.ingest.as_ref(), Some(&self.infer), Some(&self.sink)]
            .into_iter()
            .flatten()
            .filter_map(Service::waits_for)
            .collect()
    }

    /// Stops the source, lets everything that is on its way arrive, and says what became of every frame that ingest took
    /// since `since_us`.
    pub async fn drain(&mut self, since_us: i64) -> anyhow::Result<Account> {
        if let Some(mut ingest) = self.ingest.take() {
            ingest.stop(STOP).await?;
        }
        arrive("frames at inference", || {
            let total = Counts::read().total();
            total.settled() >= total.published
        })
        .await;
        self.infer.stop(STOP).await?;
        let counts = Counts::read();
        let total = counts.total();
        arrive("results at the sinks", || {
            let Counts { stored_frames, known_frames, .. } = Counts::read();
            stored_frames + known_frames >= total.inferred && self.received.count() >= total.alerts
        })
        .await;
        let rows = self.database.frames_since(since_us).await.context("count the rows")?;
        let account = Account::new(&counts, rows, self.received.count(), self.received.glass_to_alert_ms());
        Ok(account)
    }

    /// Stops what is left, downstream last.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.subscriber_stop.cancel();
        let stopped = self.sink.stop(STOP).await;
        if let Some(s3) = self.s3.take() {
            s3.stop().await;
        }
        if let Some(postgres) = self.postgres.take() {
            tokio::task::spawn_blocking(move || postgres.stop()).await.context("stop PostgreSQL")??;
        }
        // Ending a broker joins its threads.
        tokio::task::spawn_blocking(move || drop(self.broker.take())).await.context("stop the broker")?;
        stopped
    }
}

/// Partitions of frames that inference reads.
fn assigned_partitions() -> u64 {
    let families = vru_runtime::metrics::registry().gather();
    let found = families.iter().filter(|family| family.name() == "infer_assigned_partitions");
    let metrics = found.flat_map(|family| family.get_metric().iter());
    metrics.map(|metric| metric.get_gauge().get_value() as u64).sum()
}

/// Waits for the condition, to a deadline; the account will show what did not arrive.
async fn arrive(what: &str, condition: impl Fn() -> bool) {
    let until = Instant::now() + ARRIVE;
    while !condition() {
        if Instant::now() >= until {
            tracing::warn!(what, "did not all arrive within the deadline");
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn start_broker(config: &UpConfig, display: &Display) -> anyhow::Result<(Option<Broker>, KafkaConfig)> {
    if let Some(kafka) = &config.kafka {
        return Ok((None, kafka.clone()));
    }
    let step = display.step("message broker");
    let mut kafka = KafkaConfig::default();
    let broker = Broker::start(&kafka)?;
    kafka.brokers = broker.address();
    step.done(&format!("embedded, Kafka protocol on {}", kafka.brokers));
    Ok((Some(broker), kafka))
}

async fn start_postgres(
    config: &UpConfig,
    data: &DataFolder,
    display: &Display,
) -> anyhow::Result<(Option<Postgres>, PostgresConfig)> {
    if let Some(postgres) = &config.postgres {
        return Ok((None, postgres.clone()));
    }
    let step = display.step("database");
    step.update("private PostgreSQL cluster");
    let folder = data.join("postgres");
    let started = tokio::task::spawn_blocking(move || Postgres::start(&folder));
    let mut postgres = started.await.context("start PostgreSQL")??;
    postgres.ready().await?;
    let database = postgres.database_config();
    step.done(&format!("private PostgreSQL on {}:{}", database.host, database.port));
    Ok((Some(postgres), PostgresConfig { database, migrate: true, ..PostgresConfig::default() }))
}

async fn start_s3(config: &UpConfig, data: &DataFolder, display: &Display) -> anyhow::Result<(Option<S3>, S3Config)> {
    if let Some(s3) = &config.s3 {
        return Ok((None, s3.clone()));
    }
    let step = display.step("object store");
    let s3 = S3::start(&data.join("s3")).await?;
    let bucket = s3.bucket_config();
    step.done(&format!("embedded, S3 on {}", bucket.endpoint));
    Ok((Some(s3), S3Config { bucket, ..S3Config::default() }))
}
