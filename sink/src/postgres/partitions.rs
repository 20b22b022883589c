//! The tables' days. A day (UTC) is a partition of its own when it is within the days kept; every other capture time goes to the
//! default partition, so that a camera with a broken clock cannot make tables without end.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio_postgres::Client;
use vru_proto::names::utc_date;

use super::copy::UnixMicros;
use super::error::PostgresError;

const DAY_US: i64 = 86_400_000_000;
/// How far back days are made when nothing is ever dropped.
const DAYS_BACK_WITHOUT_RETENTION: i64 = 30;
/// Partitioned by capture time, in the order in which a batch writes them.
pub(crate) const TABLES: [&str; 2] = ["frames", "detections"];
/// Held while the days of a table change: several sinks do it one after the other.
const LOCK: i64 = 0x0076_7275_6461_7973;

/// A day since 1970-01-01.
pub(crate) type Day = i64;

pub(crate) fn day_of(unix_micros: i64) -> Day {
    unix_micros.div_euclid(DAY_US)
}

/// The days that have partitions of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) first: Day,
    pub(crate) last: Day,
}

impl Window {
    pub(crate) fn at(now_us: i64, retention: Duration, days_ahead: u16) -> Self {
        let today = day_of(now_us);
        let back =
            if retention.is_zero() { DAYS_BACK_WITHOUT_RETENTION } else { (retention.as_secs() / 86_400) as i64 };
        Self { first: today - back, last: today + i64::from(days_ahead) }
    }

    pub(crate) fn contains(&self, day: Day) -> bool {
        (self.first..=self.last).contains(&day)
    }
}

/// The partition's name, for example `frames_d20260131`.
fn partition_name(table: &str, day: Day) -> String {
    format!("{table}_d{}", utc_date(day * DAY_US).replace('-', ""))
}

/// Makes the day's partition of the table unless it is there. Rows of that day that lie in the default partition, because the
/// day was out of the window when they came, move over.
pub(crate) async fn ensure(client: &mut Client, table: &str, day: Day) -> Result<bool, PostgresError> {
    let fail = PostgresError::statement("make a partition");
    let name = partition_name(table, day);
    let (from, to) = (utc_date(day * DAY_US), utc_date((day + 1) * DAY_US));
    let transaction = client.transaction().await.map_err(fail)?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(fail)?;
    let found = transaction.query_one("SELECT to_regclass($1) IS NOT NULL", &[&name]).await.map_err(fail)?;
    if found.get(0) {
        return Ok(false);
    }
    // `CREATE TABLE … PARTITION OF` would wait for every writer of the parent; attaching does not. The default partition is
    // locked last and alone, so that this can wait for a batch but no batch for this in a circle.
    let range = format!("captured_at >= '{from} 00:00+00' AND captured_at < '{to} 00:00+00'");
    transaction
        .batch_execute(&format!(
            "CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES);
             LOCK TABLE ONLY {table} IN SHARE UPDATE EXCLUSIVE MODE;
             LOCK TABLE {table}_default IN ACCESS EXCLUSIVE MODE;
             WITH moved AS (DELETE FROM {table}_default WHERE {range} RETURNING *) INSERT INTO {name} SELECT * FROM moved;
             ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{from} 00:00+00') TO ('{to} 00:00+00');"
        ))
        .await
        .map_err(fail)?;
    transaction.commit().await.map_err(fail)?;
    tracing::info!(partition = name, "made a partition");
    Ok(true)
}

/// Drops the days of the table that are over and before the window; returns their names.
pub(crate) async fn drop_before(
    client: &mut Client,
    table: &str,
    first_kept: Day,
) -> Result<Vec<String>, PostgresError> {
    let fail = PostgresError::statement("drop a partition");
    let rows = client
        .query(
            "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
             WHERE i.inhparent = $1::text::regclass",
            &[&table],
        )
        .await
        .map_err(fail)?;
    let names: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    // Names of one length sort like their dates.
    let (prefix, bound) = (format!("{table}_d2"), partition_name(table, first_kept));
    let old = names.into_iter().filter(|name| name.starts_with(&prefix) && name.len() == bound.len() && *name < bound);
    let mut dropped = Vec::new();
    for name in old {
        let transaction = client.transaction().await.map_err(fail)?;
        // Dropping locks the parent against everybody: rather later than make the writers wait long.
        transaction.batch_execute(&format!("SET LOCAL lock_timeout = '2s'; DROP TABLE {name};")).await.map_err(fail)?;
        transaction.commit().await.map_err(fail)?;
        tracing::info!(partition = name, "dropped a partition");
        dropped.push(name);
    }
    Ok(dropped)
}

/// Deletes what retention cannot drop as a whole: rows of the default partitions by the time they were stored, and alerts.
/// Returns how many frames and alerts went.
pub(crate) async fn delete_before(client: &Client, cutoff_us: i64) -> Result<(u64, u64), PostgresError> {
    // Small steps: no long transaction, no flood of the write-ahead log.
    const FRAMES: &str = "WITH old AS MATERIALIZED (SELECT camera_id, captured_at, session, sequence FROM frames_default \
             WHERE stored_at < $1 LIMIT 5000), \
         gone AS (DELETE FROM detections_default d USING old o WHERE d.camera_id = o.camera_id \
             AND d.captured_at = o.captured_at AND d.session = o.session AND d.sequence = o.sequence) \
         DELETE FROM frames_default f USING old o WHERE f.camera_id = o.camera_id AND f.captured_at = o.captured_at \
             AND f.session = o.session AND f.sequence = o.sequence";
    const ALERTS: &str = "DELETE FROM alerts WHERE id IN \
         (SELECT id FROM alerts WHERE captured_at < $1 AND stored_at < $1 LIMIT 5000)";
    let mut totals = (0, 0);
    for (statement, total) in [(FRAMES, &mut totals.0), (ALERTS, &mut totals.1)] {
        loop {
            let deleted = client
                .execute(statement, &[&UnixMicros(cutoff_us)])
                .await
                .map_err(PostgresError::statement("delete old rows"))?;
            *total += deleted;
            if deleted == 0 {
                break;
            }
        }
    }
    Ok(totals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_reaches_from_retention_to_the_days_ahead() {
        let now = 20_000 * DAY_US + 5;
        let window = Window::at(now, Duration::from_hours(30 * 24), 3);
        assert_eq!(window, Window { first: 19_970, last: 20_003 });
        assert!(window.contains(19_970) && window.contains(20_003));
        assert!(!window.contains(19_969) && !window.contains(20_004));
    }

    #[test]
    fn partitions_are_named_by_their_utc_day() {
        assert_eq!(partition_name("frames", day_of(951_782_400_000_000)), "frames_d20000229");
        assert_eq!(day_of(-1), -1);
    }
}
