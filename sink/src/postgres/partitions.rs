//! One partition per day (UTC) of capture time. Only the days from the retention to a few days ahead have one; rows of all other
//! capture times go to the default partition, so that a camera with a wrong clock cannot create tables without limit.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::ToSpan as _;
use jiff::civil::Date;
use tokio_postgres::Client;
use vru_proto::time::utc;
use vru_storage::postgres::DatabaseError;

use super::copy::UnixMicros;

/// For how many past days partitions are created if nothing is ever dropped.
const DAYS_BACK_WITHOUT_RETENTION: i64 = 30;
/// The tables that are partitioned by capture time, in the order in which a batch writes them.
pub(crate) const TABLES: [&str; 2] = ["frames", "detections"];
/// Key of the advisory lock that serialises the creation of partitions by several sinks.
const LOCK: i64 = 0x0076_7275_6461_7973;

/// The days that have partitions of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartitionDays {
    pub(crate) first: Date,
    pub(crate) today: Date,
    pub(crate) last: Date,
}

impl PartitionDays {
    pub(crate) fn at(now_us: i64, retention: Duration, days_ahead: u16) -> Self {
        let today = utc(now_us).date();
        let back =
            if retention.is_zero() { DAYS_BACK_WITHOUT_RETENTION } else { (retention.as_secs() / 86_400) as i64 };
        Self {
            first: today.saturating_sub(back.days()),
            today,
            last: today.saturating_add(i64::from(days_ahead).days()),
        }
    }

    pub(crate) fn contains(&self, day: Date) -> bool {
        (self.first..=self.last).contains(&day)
    }

    pub(crate) fn starting_today(&self) -> impl Iterator<Item = Date> + use<> {
        let last = self.last;
        self.today.series(1.day()).take_while(move |day| *day <= last)
    }
}

/// The partition's name, for example `frames_d20260131`.
fn partition_name(table: &str, day: Date) -> String {
    format!("{table}_d{}", day.strftime("%Y%m%d"))
}

/// Creates the day's partition of the table; false if it exists already. Rows of that day may be in the default partition,
/// because the day had no partition when they came; they move to the new one.
pub(crate) async fn create_partition(client: &mut Client, table: &str, day: Date) -> Result<bool, DatabaseError> {
    let fail = DatabaseError::statement("make a partition");
    let name = partition_name(table, day);
    let (from, to) = (day, day.saturating_add(1.day()));
    let transaction = client.transaction().await.map_err(fail)?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(fail)?;
    let found = transaction.query_one("SELECT to_regclass($1) IS NOT NULL", &[&name]).await.map_err(fail)?;
    if found.get(0) {
        return Ok(false);
    }
    // `CREATE TABLE … PARTITION OF` would wait for every writer of the parent; attaching a table does not. The default partition
    // is locked last and alone: this transaction may wait for a batch, but no batch for this one, so there is no deadlock.
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
    tracing::info!(partition = name, "created partition");
    Ok(true)
}

/// Drops the table's partitions of days before `first_kept`.
pub(crate) async fn drop_partitions(client: &mut Client, table: &str, first_kept: Date) -> Result<(), DatabaseError> {
    let fail = DatabaseError::statement("drop a partition");
    let rows = client
        .query(
            "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
             WHERE i.inhparent = $1::text::regclass",
            &[&table],
        )
        .await
        .map_err(fail)?;
    let names: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    // Names of the same length sort like their dates.
    let (prefix, bound) = (format!("{table}_d2"), partition_name(table, first_kept));
    let old = names.into_iter().filter(|name| name.starts_with(&prefix) && name.len() == bound.len() && *name < bound);
    for name in old {
        let transaction = client.transaction().await.map_err(fail)?;
        // Dropping locks the parent table exclusively. Rather fail and retry in the next round than block the writers for long.
        transaction.batch_execute(&format!("SET LOCAL lock_timeout = '2s'; DROP TABLE {name};")).await.map_err(fail)?;
        transaction.commit().await.map_err(fail)?;
        tracing::info!(partition = name, "dropped partition");
    }
    Ok(())
}

/// Deletes the old rows that are not in a droppable partition: rows of the default partitions by the time at which they were
/// stored, and alerts. Returns the numbers of deleted frames and alerts.
pub(crate) async fn delete_rows(client: &Client, stored_before_us: i64) -> Result<(u64, u64), DatabaseError> {
    // In small steps, to avoid long transactions and bursts of write-ahead log.
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
                .execute(statement, &[&UnixMicros(stored_before_us)])
                .await
                .map_err(DatabaseError::statement("delete old rows"))?;
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
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_with_partitions_reach_from_the_retention_to_the_days_ahead() {
        // 2024-10-04.
        let now = 20_000 * 86_400_000_000 + 5;
        let days = PartitionDays::at(now, Duration::from_hours(30 * 24), 3);
        let (first, last) = (date(2024, 9, 4), date(2024, 10, 7));
        assert_eq!(days, PartitionDays { first, today: date(2024, 10, 4), last });
        assert!(days.contains(first) && days.contains(last));
        assert!(!days.contains(date(2024, 9, 3)) && !days.contains(date(2024, 10, 8)));
        assert_eq!(days.starting_today().count(), 4);
    }

    #[test]
    fn partitions_are_named_by_their_utc_day() {
        assert_eq!(partition_name("frames", utc(951_782_400_000_000).date()), "frames_d20000229");
    }
}
