//! Creates the partitions of the coming days, and drops the partitions and rows that are older than the retention.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vru_runtime::clock::now_us;
use vru_runtime::report::chain;
use vru_storage::postgres::{DatabaseError, connect};

use super::APPLICATION;
use super::config::PostgresConfig;
use super::partitions::{PartitionDays, TABLES, create_partition, delete_rows, drop_partitions};
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
    let now = now_us();
    let days = PartitionDays::at(now, config.retention, config.days_ahead);
    for table in TABLES {
        // Partitions of past days are created when rows for them come.
        for day in days.starting_today() {
            create_partition(&mut client, table, day).await?;
        }
    }
    if config.retention.is_zero() {
        return Ok(());
    }
    // In the order of `TABLES`, frames first: a frame that still exists has all its detections.
    for table in TABLES {
        drop_partitions(&mut client, table, days.first).await?;
    }
    let retention_us = i64::try_from(config.retention.as_micros()).unwrap_or(i64::MAX);
    let (frames, alerts) = delete_rows(&client, now.saturating_sub(retention_us)).await?;
    if frames + alerts > 0 {
        tracing::info!(frames, alerts, "deleted rows older than the retention");
    }
    Ok(())
}
