//! Drops what is older than the retention: day by day, the oldest first, a bounded number of days in a round.
//!
//! A wrong clock must not delete data. The database's clock decides what is old, but nothing is dropped while this host's clock
//! disagrees with it, nor when everything is old: see [`Suspended`].

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::ToSpan as _;
use jiff::civil::Date;
use tokio_postgres::Client;
use vru_proto::time::utc;
use vru_storage::postgres::DatabaseError;

use super::config::PostgresConfig;
use super::copy::UnixMicros;
use super::partitions::{PartitionDays, TABLES, day_of_partition, partition_name};
use crate::metrics::{POSTGRES_SINK, RETENTION_DROPPED_DAYS, RETENTION_SUSPENDED};

/// How far the clocks of this host and of the database may be apart. A day that is dropped an hour too early is no loss; a clock
/// that was never set is years wrong.
const CLOCK_TOLERANCE_US: u64 = 3_600_000_000;

/// Why nothing is dropped although a retention is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suspended {
    /// The clocks of this host and of the database differ: one of them is wrong.
    ClocksDiffer,
    /// No frame is as recent as the retention. The site was off, nothing comes from the cameras any more, or all clocks are
    /// wrong. What is stored is the last that there is.
    NothingRecent,
}

impl Suspended {
    const ALL: [Self; 2] = [Self::ClocksDiffer, Self::NothingRecent];

    /// Value of the metric's label.
    fn label(self) -> &'static str {
        match self {
            Self::ClocksDiffer => "clocks differ",
            Self::NothingRecent => "nothing recent",
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::ClocksDiffer => "set the clocks of this host and of the database",
            Self::NothingRecent => "set postgres.retention_drops_all if the old rows are to be dropped all the same",
        }
    }
}

/// What a round dropped.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) days: u64,
    /// Frames of the default partition.
    pub(crate) frames: u64,
    pub(crate) tracks: u64,
    pub(crate) alerts: u64,
    pub(crate) passages: u64,
    /// Of counts and of watched time.
    pub(crate) bins: u64,
}

/// Whether a round must drop nothing, and why. `now_us` is the database's clock, `host_us` that of this host.
pub(crate) async fn suspended(
    client: &Client,
    config: &PostgresConfig,
    now_us: i64,
    host_us: i64,
) -> Result<Option<Suspended>, DatabaseError> {
    let suspended = if now_us.abs_diff(host_us) > CLOCK_TOLERANCE_US {
        Some(Suspended::ClocksDiffer)
    } else if config.retention_drops_all || has_recent_frames(client, config, now_us).await? {
        None
    } else {
        Some(Suspended::NothingRecent)
    };
    for reason in Suspended::ALL {
        let value = i64::from(suspended == Some(reason));
        RETENTION_SUSPENDED.with_label_values(&[POSTGRES_SINK, reason.label()]).set(value);
    }
    if let Some(reason) = suspended {
        tracing::warn!(
            reason = reason.label(),
            database_clock = %utc(now_us),
            host_clock = %utc(host_us),
            advice = reason.advice(),
            "nothing is dropped although a retention is set"
        );
    }
    Ok(suspended)
}

/// Drops what is old by the database's clock `now_us`. Call it only if no reason speaks against it: see [`suspended`].
pub(crate) async fn drop_old(
    client: &mut Client,
    config: &PostgresConfig,
    now_us: i64,
) -> Result<Dropped, DatabaseError> {
    let mut dropped = Dropped::default();
    let limit = config.retention_days_per_round;
    let before = |retention: Duration| now_us.saturating_sub(i64::try_from(retention.as_micros()).unwrap_or(i64::MAX));
    if !config.retention.is_zero() {
        let first_kept = PartitionDays::at(now_us, config.retention, config.days_ahead).first_kept;
        dropped.days = drop_days(client, first_kept, limit).await?;
        delete_rows(client, before(config.retention), limit, &mut dropped).await?;
    }
    if !config.counts_retention.is_zero() {
        dropped.bins = delete_bins(client, before(config.counts_retention), limit).await?;
    }
    if dropped != Dropped::default() {
        let Dropped { days, frames, tracks, alerts, passages, bins } = dropped;
        tracing::info!(days, frames, tracks, alerts, passages, bins, "dropped what is older than the retention");
    }
    Ok(dropped)
}

/// Whether a frame exists that the retention keeps. Capture times in the future prove nothing: a camera's clock may be wrong.
async fn has_recent_frames(client: &Client, config: &PostgresConfig, now_us: i64) -> Result<bool, DatabaseError> {
    let days = PartitionDays::at(now_us, config.retention, config.days_ahead);
    let end = days.today.saturating_add(1.day());
    let query = format!(
        "SELECT EXISTS (SELECT FROM frames WHERE captured_at >= '{} 00:00+00' AND captured_at < '{end} 00:00+00')",
        days.first_kept
    );
    let row = client.query_one(&query, &[]).await.map_err(DatabaseError::statement("look for recent frames"))?;
    Ok(row.get(0))
}

/// Drops the partitions of at most `limit` days before `first_kept`, and returns the number of days.
async fn drop_days(client: &mut Client, first_kept: Date, limit: u16) -> Result<u64, DatabaseError> {
    let fail = DatabaseError::statement("drop a partition");
    let rows = client
        .query(
            "SELECT p.relname::text, c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
             JOIN pg_class p ON p.oid = i.inhparent WHERE i.inhparent IN (SELECT to_regclass(t)::oid FROM unnest($1::text[]) t)",
            &[&TABLES.as_slice()],
        )
        .await
        .map_err(fail)?;
    let found: Vec<(String, Date)> = rows
        .iter()
        .filter_map(|row| {
            let (table, name): (String, String) = (row.get(0), row.get(1));
            let day = day_of_partition(&table, &name)?;
            (day < first_kept).then_some((table, day))
        })
        .collect();
    let old: BTreeSet<Date> = found.iter().map(|(_, day)| *day).collect();
    let mut dropped = 0;
    for day in old.into_iter().take(usize::from(limit)) {
        // In the order of `TABLES`, frames first: a frame that still exists has all its detections.
        for table in TABLES.into_iter().filter(|table| found.iter().any(|(found, at)| found == table && *at == day)) {
            let name = partition_name(table, day);
            let transaction = client.transaction().await.map_err(fail)?;
            // Dropping locks the parent table exclusively. Rather fail and retry in the next round than block the writers for long.
            let statement = format!("SET LOCAL lock_timeout = '2s'; DROP TABLE {name};");
            transaction.batch_execute(&statement).await.map_err(fail)?;
            transaction.commit().await.map_err(fail)?;
            tracing::info!(partition = name, "dropped partition");
        }
        RETENTION_DROPPED_DAYS.with_label_values(&[POSTGRES_SINK]).inc();
        dropped += 1;
    }
    Ok(dropped)
}

/// Deletes the old rows that are in no partition of a day, those of at most `days` days by the time at which they were stored:
/// rows of the default partitions, tracks, and alerts. A track outlives its detections: it goes when it has not changed for as long
/// and was last seen before the first day that is kept, or by a clock that is still ahead.
async fn delete_rows(
    client: &Client,
    stored_before_us: i64,
    days: u16,
    dropped: &mut Dropped,
) -> Result<(), DatabaseError> {
    // In small steps, to avoid long transactions and bursts of write-ahead log.
    const FRAMES: &str = "WITH old AS MATERIALIZED (SELECT camera_id, captured_at, session, sequence FROM frames_default \
             WHERE stored_at < $1 AND stored_at < $2 LIMIT 5000), \
         gone AS (DELETE FROM detections_default d USING old o WHERE d.camera_id = o.camera_id \
             AND d.captured_at = o.captured_at AND d.session = o.session AND d.sequence = o.sequence) \
         DELETE FROM frames_default f USING old o WHERE f.camera_id = o.camera_id AND f.captured_at = o.captured_at \
             AND f.session = o.session AND f.sequence = o.sequence";
    const OLDEST_FRAME: &str = "SELECT (extract(epoch FROM min(stored_at)) * 1000000)::bigint FROM frames_default \
         WHERE stored_at < $1";
    const ALERTS: &str = "DELETE FROM alerts WHERE id IN \
         (SELECT id FROM alerts WHERE captured_at < $2 AND stored_at < $1 LIMIT 5000)";
    const OLDEST_ALERT: &str = "SELECT (extract(epoch FROM min(stored_at)) * 1000000)::bigint FROM alerts \
         WHERE captured_at < $1 AND stored_at < $1";
    const TRACKS: &str = "DELETE FROM tracks WHERE (camera_id, session, track_id) IN (SELECT camera_id, session, track_id \
         FROM tracks WHERE updated_at < $1 AND (first_seen > now() OR first_seen < $2 AND last_seen < date_trunc('day', $2, 'UTC')) \
         LIMIT 5000)";
    const OLDEST_TRACK: &str = "SELECT (extract(epoch FROM min(updated_at)) * 1000000)::bigint FROM tracks \
         WHERE updated_at < $1 AND (first_seen > now() OR first_seen < $1 AND last_seen < date_trunc('day', $1, 'UTC'))";
    const PASSAGES: &str = "DELETE FROM passages WHERE ctid IN \
         (SELECT ctid FROM passages WHERE passed_at < $2 AND stored_at < $1 LIMIT 5000)";
    const OLDEST_PASSAGE: &str = "SELECT (extract(epoch FROM min(stored_at)) * 1000000)::bigint FROM passages \
         WHERE passed_at < $1 AND stored_at < $1";
    const NEWEST_FRAMES: &str = "DELETE FROM watched_until WHERE updated_at < $1";
    for (oldest, statement, total) in [
        (OLDEST_FRAME, FRAMES, &mut dropped.frames),
        (OLDEST_TRACK, TRACKS, &mut dropped.tracks),
        (OLDEST_ALERT, ALERTS, &mut dropped.alerts),
        (OLDEST_PASSAGE, PASSAGES, &mut dropped.passages),
    ] {
        *total += delete_in_steps(client, oldest, statement, stored_before_us, days).await?;
    }
    let fail = DatabaseError::statement("delete old rows");
    client.execute(NEWEST_FRAMES, &[&UnixMicros(stored_before_us)]).await.map_err(fail)?;
    Ok(())
}

/// Deletes the bins that began before `before_us`, those of at most `days` days, the oldest first. Bins of a file of long ago are kept from
/// when they were stored, and so are those of a clock that is still ahead.
async fn delete_bins(client: &Client, before_us: i64, days: u16) -> Result<u64, DatabaseError> {
    let mut deleted = 0;
    for table in ["counts_1m", "counts_15m", "watched_1m", "watched_15m"] {
        let oldest = format!(
            "SELECT (extract(epoch FROM min(starts_at)) * 1000000)::bigint FROM {table} \
             WHERE updated_at < $1 AND (starts_at < $1 OR starts_at > now())"
        );
        let statement = format!(
            "DELETE FROM {table} WHERE ctid IN (SELECT ctid FROM {table} \
             WHERE updated_at < $2 AND (starts_at < $1 OR starts_at > now()) LIMIT 5000)"
        );
        deleted += delete_in_steps(client, &oldest, &statement, before_us, days).await?;
    }
    Ok(deleted)
}

/// Repeats a statement that deletes some rows until it finds none. `$1` is the end of the time from the oldest row, at most `days` days, and
/// `$2` the limit `before_us`.
async fn delete_in_steps(
    client: &Client,
    oldest: &str,
    statement: &str,
    before_us: i64,
    days: u16,
) -> Result<u64, DatabaseError> {
    let fail = DatabaseError::statement("delete old rows");
    let span_us = i64::try_from(Duration::from_hours(24 * u64::from(days)).as_micros()).unwrap_or(i64::MAX);
    let limit = UnixMicros(before_us);
    let row = client.query_one(oldest, &[&limit]).await.map_err(fail)?;
    let Some(oldest_us) = row.get::<_, Option<i64>>(0) else { return Ok(0) };
    let before = UnixMicros(before_us.min(oldest_us.saturating_add(span_us)));
    let mut total = 0;
    loop {
        let deleted = client.execute(statement, &[&before, &limit]).await.map_err(fail)?;
        total += deleted;
        if deleted == 0 {
            return Ok(total);
        }
    }
}
