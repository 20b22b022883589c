use anyhow::Context as _;
use vru_runtime::kafka::watch_kafka;
use vru_runtime::service::ServiceContext;

use crate::config::SinkConfig;
use crate::{alerts, postgres, s3};

/// Runs the enabled sinks until shutdown.
pub async fn run(config: SinkConfig, context: ServiceContext) -> anyhow::Result<()> {
    let mut tasks = tokio::task::JoinSet::new();
    let needs = config.needs();
    let SinkConfig { kafka, postgres, s3, alerts, .. } = config;
    // A consumer does not notice that the broker does not answer: it only receives no records.
    let probe = watch_kafka(kafka.clone(), needs, context.readiness.part("kafka"), context.shutdown.soft.clone());
    let probe = context.shutdown.spawn_essential("the probe of the broker", probe);
    if postgres.enabled {
        tasks.spawn(postgres::run(postgres, kafka.clone(), context.clone()));
    }
    if s3.enabled {
        tasks.spawn(s3::run(s3, kafka.clone(), context.clone()));
    }
    if alerts.enabled {
        tasks.spawn(alerts::run(alerts, kafka.clone(), context.clone()));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.context("a sink panicked")??;
        anyhow::ensure!(context.shutdown.soft.is_cancelled(), "a sink ended although nobody stopped it");
    }
    probe.abort();
    Ok(())
}

/// Applies the migrations that the database does not have yet.
pub async fn migrate(config: SinkConfig, _context: ServiceContext) -> anyhow::Result<()> {
    let applied = postgres::migrate(&config.postgres).await?;
    tracing::info!(?applied, "database is up to date");
    Ok(())
}

/// Prints what the database lacks and Kafka has not.
#[expect(clippy::print_stdout, reason = "the answer of a command")]
pub async fn recovery(config: SinkConfig, _context: ServiceContext) -> anyhow::Result<()> {
    print!("{}", postgres::recovery(&config.postgres, &config.kafka).await?);
    Ok(())
}
