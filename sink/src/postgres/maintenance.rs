//! Makes the days' partitions ahead of time and drops those that retention no longer keeps.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vru_runtime::clock::now_us;
use vru_runtime::report::chain;

use super::config::PostgresConfig;
use super::connection::connect;
use super::error::PostgresError;
use super::partitions::{TABLES, Window, delete_before, drop_before, ensure};
use crate::metrics::ERRORS;

/// A server that does not answer must not end the rounds for ever.
const ROUND_DEADLINE: Duration = Duration::from_mins(10);

/// Works at once and then at every interval, until cancelled. Every sink process does it; they take turns.
pub(crate) async fn run(config: PostgresConfig, stop: CancellationToken) {
    let mut interval = tokio::time::interval(config.maintenance_interval);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = interval.tick() => {}
        }
        let worked = tokio::select! {
            () = stop.cancelled() => return,
            worked = tokio::time::timeout(ROUND_DEADLINE, once(&config)) => worked,
        };
        let why = match worked {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => chain(&error).to_string(),
            Err(_) => format!("not done within {} s", ROUND_DEADLINE.as_secs()),
        };
        ERRORS.with_label_values(&["postgres", "maintain"]).inc();
        tracing::warn!(why, "the tables' days could not be kept up, trying again later");
    }
}

/// One round.
pub(crate) async fn once(config: &PostgresConfig) -> Result<(), PostgresError> {
    let mut client = connect(config).await?;
    let now = now_us();
    let window = Window::at(now, config.retention, config.days_ahead);
    for table in TABLES {
        // Days before today are made when rows for them come.
        for day in super::partitions::day_of(now)..=window.last {
            ensure(&mut client, table, day).await?;
        }
    }
    if config.retention.is_zero() {
        return Ok(());
    }
    // Detections first: a frame never lacks the objects that it counts.
    for table in TABLES {
        drop_before(&mut client, table, window.first).await?;
    }
    let retention_us = i64::try_from(config.retention.as_micros()).unwrap_or(i64::MAX);
    let (frames, alerts) = delete_before(&client, now.saturating_sub(retention_us)).await?;
    if frames + alerts > 0 {
        tracing::info!(frames, alerts, "deleted rows that retention no longer keeps");
    }
    Ok(())
}
