//! Starts the sink, restarts it after failures, and stops it.

use std::pin::pin;

use vru_runtime::admin::ReadyFlag;
use vru_runtime::dead_letter::DeadLetters;
use vru_runtime::kafka::{ConsumerOptions, GroupConsumer, KafkaConfig};
use vru_runtime::service::ServiceContext;
use vru_runtime::shutdown::Shutdown;
use vru_storage::postgres::DatabaseError;

use super::config::PostgresConfig;
use super::gather::Gatherer;
use super::positions::ConsumerIdentity;
use super::processor::{Processor, REBALANCE_DEADLINE};
use super::writer::PostgresWriter;
use super::{APPLICATION, maintenance};
use crate::error::SinkError;
use crate::metrics::POSTGRES_SINK;
use crate::supervise::{Supervisor, cluster_id, leave};

/// Applies the migrations that the database does not have yet, and returns their names.
pub(crate) async fn migrate(config: &PostgresConfig) -> Result<Vec<String>, DatabaseError> {
    vru_storage::postgres::migrate(&config.database, APPLICATION).await
}

/// Runs until shutdown. Failures are retried without limit and reported in `/ready`.
///
/// The part of `/ready` is added by the call itself, so that the service does not become ready before the task runs.
pub(crate) fn run(
    config: PostgresConfig,
    kafka: KafkaConfig,
    context: ServiceContext,
) -> impl Future<Output = anyhow::Result<()>> {
    let ready = context.readiness.part(POSTGRES_SINK);
    run_until_shutdown(config, kafka, context.shutdown, ready)
}

async fn run_until_shutdown(
    config: PostgresConfig,
    kafka: KafkaConfig,
    shutdown: Shutdown,
    ready: ReadyFlag,
) -> anyhow::Result<()> {
    let stop = shutdown.soft.clone();
    let mut supervisor = Supervisor::new(POSTGRES_SINK, &ready, config.retry, &stop);
    if config.migrate {
        supervisor.run(|| apply_migrations(&config)).await;
    }
    let maintenance =
        shutdown.spawn_essential("the maintenance of PostgreSQL's partitions", maintenance::run(config.clone(), stop));
    let dead_letters = DeadLetters::new(&kafka, "vru-sink-postgres")?;
    supervisor.run(|| Box::pin(run_once(&config, &kafka, &dead_letters, &shutdown, &ready))).await;
    maintenance.await?;
    ready.not_ready("stopped");
    Ok(())
}

async fn apply_migrations(config: &PostgresConfig) -> Result<(), SinkError> {
    let applied = migrate(config).await?;
    tracing::info!(?applied, "database migrated");
    Ok(())
}

/// One membership of the consumer group.
async fn run_once(
    config: &PostgresConfig,
    kafka: &KafkaConfig,
    dead_letters: &DeadLetters,
    shutdown: &Shutdown,
    ready: &ReadyFlag,
) -> Result<(), SinkError> {
    let consumer = ConsumerIdentity {
        cluster_id: cluster_id(kafka).await?,
        name: config.group.clone(),
        owner: format!("{}:{}", hostname(), std::process::id()),
    };
    let mut writer = PostgresWriter::new(config.clone(), consumer);
    writer.connect().await?;
    let topics = kafka.topics();
    let mut options = ConsumerOptions::new(&config.group, &[&topics.detections, &topics.alerts]);
    options.capacity = 1_024;
    options.choose_start = true;
    options.rebalance_deadline = REBALANCE_DEADLINE;
    let mut group = GroupConsumer::start(kafka, &options)?;
    let mut processor = Processor::new(config, kafka, writer, group.committer(), dead_letters, shutdown, ready);
    let (gatherer, work) = Gatherer::new(topics, dead_letters, shutdown, config.batch);
    let result = {
        let gathering = pin!(gatherer.run(&mut group));
        let mut processing = pin!(processor.run(work));
        tokio::select! {
            result = &mut processing => result,
            // The gatherer's end closes the channel. What it sent before is still stored.
            gathered = gathering => processing.await.and(gathered),
        }
    };
    drop(processor);
    leave(group).await?;
    result
}

fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "unknown".to_owned() } else { name.trim().to_owned() }
}
