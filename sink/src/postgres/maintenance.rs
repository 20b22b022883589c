//! Creates the partitions of the coming days, and drops what is older than the retention.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vru_runtime::clock::now_us;
use vru_runtime::report::chain;
use vru_storage::postgres::{DatabaseError, connect};

use super::APPLICATION;
use super::config::PostgresConfig;
use super::partitions::{PartitionDays, TABLES, create_partition, database_clock};
use super::retention::{drop_old, suspended};
use crate::metrics::{ERRORS, POSTGRES_SINK};

/// Bounds one round, so that a server that does not answer cannot stop maintenance forever.
const ROUND_DEADLINE: Duration = Duration::from_mins(10);

/// Runs a round immediately and then at every interval, until cancelled. Every sink process does so; locks in the database
/// serialise them.
pub(crate) async fn run(config: PostgresConfig, stop: CancellationToken) {
    let mut interval = tokio::time::interval(config.maintenance_interval);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = interval.tick() => {}
        }
        let result = tokio::select! {
            () = stop.cancelled() => return,
            result = tokio::time::timeout(ROUND_DEADLINE, run_once(&config)) => result,
        };
        let why = match result {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => chain(&error).to_string(),
            Err(_) => format!("not finished within {} s", ROUND_DEADLINE.as_secs()),
        };
        ERRORS.with_label_values(&[POSTGRES_SINK, "maintain"]).inc();
        tracing::warn!(why, "maintenance of the partitions failed, retrying at the next interval");
    }
}

async fn run_once(config: &PostgresConfig) -> Result<(), DatabaseError> {
    let mut client = connect(&config.database, APPLICATION).await?;
    let now = database_clock(&client).await?;
    let days = PartitionDays::at(now, config.retention, config.days_ahead);
    // A partition that cannot be created keeps no other from being created, nor anything from being dropped.
    let mut created = Ok(());
    for table in TABLES {
        // Partitions of past days are created when rows for them come.
        for day in days.starting_today() {
            if let Err(error) = create_partition(&mut client, table, day).await {
                created = Err(error);
            }
        }
    }
    let drops = !config.retention.is_zero() || !config.counts_retention.is_zero();
    if drops && suspended(&client, config, now, now_us()).await?.is_none() {
        drop_old(&mut client, config, now).await?;
    }
    created
}
