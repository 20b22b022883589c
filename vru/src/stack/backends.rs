//! The servers under the services: broker, database and object store. Each is embedded unless the configuration names a real
//! one.

use anyhow::Context as _;
use vru_runtime::kafka::KafkaConfig;
use vru_sink::postgres::PostgresConfig;
use vru_sink::s3::S3Config;

use crate::config::UpConfig;
use crate::data::DataFolder;
use crate::display::Display;
use crate::embedded::broker::{self, EmbeddedBroker};
use crate::embedded::postgres::EmbeddedPostgres;
use crate::embedded::s3::EmbeddedS3;

/// The embedded servers that run, and how to reach every server.
pub(super) struct Backends {
    pub kafka: KafkaConfig,
    pub postgres: PostgresConfig,
    pub s3: S3Config,
    embedded_broker: Option<EmbeddedBroker>,
    embedded_postgres: Option<EmbeddedPostgres>,
    embedded_s3: Option<EmbeddedS3>,
}

impl Backends {
    /// Starts what is embedded.
    pub(super) async fn start(config: &UpConfig, data: &DataFolder, display: &Display) -> anyhow::Result<Self> {
        let (embedded_postgres, postgres) = start_postgres(config, data, display).await?;
        let (embedded_broker, kafka) = start_broker(config, display)?;
        let (embedded_s3, s3) = start_s3(config, data, display).await?;
        Ok(Self { kafka, postgres, s3, embedded_broker, embedded_postgres, embedded_s3 })
    }

    /// Whether the broker is the embedded one, which starts empty each time.
    pub(super) fn has_embedded_broker(&self) -> bool {
        self.embedded_broker.is_some()
    }

    /// Whether the database is the private one, to which nobody else writes.
    pub(super) fn has_embedded_postgres(&self) -> bool {
        self.embedded_postgres.is_some()
    }

    /// Stops what is embedded. The services must have stopped.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(s3) = self.embedded_s3.take() {
            s3.stop().await;
        }
        if let Some(postgres) = self.embedded_postgres.take() {
            tokio::task::spawn_blocking(move || postgres.stop()).await.context("stop PostgreSQL")??;
        }
        // Dropping a broker joins its threads.
        tokio::task::spawn_blocking(move || drop(self.embedded_broker.take())).await.context("stop the broker")
    }
}

fn start_broker(config: &UpConfig, display: &Display) -> anyhow::Result<(Option<EmbeddedBroker>, KafkaConfig)> {
    if let Some(kafka) = &config.kafka {
        return Ok((None, kafka.clone()));
    }
    let step = display.step("message broker");
    let mut kafka = KafkaConfig { message_max_bytes: broker::MAX_RECORD_BYTES, ..KafkaConfig::default() };
    let broker = EmbeddedBroker::start(&kafka)?;
    kafka.brokers = broker.address();
    step.done(&format!("embedded, Kafka protocol on {}", kafka.brokers));
    Ok((Some(broker), kafka))
}

async fn start_postgres(
    config: &UpConfig,
    data: &DataFolder,
    display: &Display,
) -> anyhow::Result<(Option<EmbeddedPostgres>, PostgresConfig)> {
    if let Some(postgres) = &config.postgres {
        return Ok((None, postgres.clone()));
    }
    let step = display.step("database");
    step.update("starting a private PostgreSQL");
    let folder = data.join("postgres");
    let started = tokio::task::spawn_blocking(move || EmbeddedPostgres::start(&folder));
    let mut postgres = started.await.context("start PostgreSQL")??;
    postgres.ready().await?;
    let database = postgres.database_config();
    step.done(&format!("private PostgreSQL on {}:{}", database.host, database.port));
    Ok((Some(postgres), PostgresConfig { database, migrate: true, ..PostgresConfig::default() }))
}

async fn start_s3(
    config: &UpConfig,
    data: &DataFolder,
    display: &Display,
) -> anyhow::Result<(Option<EmbeddedS3>, S3Config)> {
    if let Some(s3) = &config.s3 {
        return Ok((None, s3.clone()));
    }
    let step = display.step("object store");
    let s3 = EmbeddedS3::start(&data.join("s3")).await?;
    let bucket = s3.bucket_config();
    step.done(&format!("embedded, S3 on {}", bucket.endpoint));
    Ok((Some(s3), S3Config { bucket, ..S3Config::default() }))
}
