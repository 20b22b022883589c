//! One partition per day (UTC) of capture time. Only the days from the retention to a few days ahead get one; rows of all other
//! capture times go to the default partition, so that a camera with a wrong clock cannot create tables without limit. The
//! database's clock decides which day is today.

use std::time::Duration;

use jiff::ToSpan as _;
use jiff::civil::Date;
use tokio_postgres::Client;
use vru_proto::time::utc;
use vru_storage::postgres::DatabaseError;

/// For how many past days partitions are created if nothing is ever dropped.
const DAYS_BACK_WITHOUT_RETENTION: i64 = 30;
/// For how many past days partitions are created at most, however long the retention is.
const MAX_DAYS_BACK: i64 = 400;
/// The tables that are partitioned by capture time, in the order in which a batch writes them.
pub(crate) const TABLES: [&str; 2] = ["frames", "detections"];
/// Key of the advisory lock that serialises the creation of partitions by several sinks.
const LOCK: i64 = 0x0076_7275_6461_7973;

/// Which days have partitions of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartitionDays {
    /// The first day that the retention keeps.
    pub(crate) first_kept: Date,
    /// The first day for which a partition is created.
    first: Date,
    pub(crate) today: Date,
    pub(crate) last: Date,
}

impl PartitionDays {
    /// `now_us` is the database's clock.
    pub(crate) fn at(now_us: i64, retention: Duration, days_ahead: u16) -> Self {
        let today = utc(now_us).date();
        let kept =
            if retention.is_zero() { DAYS_BACK_WITHOUT_RETENTION } else { (retention.as_secs() / 86_400) as i64 };
        Self {
            first_kept: today.saturating_sub(kept.days()),
            first: today.saturating_sub(kept.min(MAX_DAYS_BACK).days()),
            today,
            last: today.saturating_add(i64::from(days_ahead).days()),
        }
    }

    /// Whether a partition is created for this day.
    pub(crate) fn contains(&self, day: Date) -> bool {
        (self.first..=self.last).contains(&day)
    }

    pub(crate) fn starting_today(&self) -> impl Iterator<Item = Date> + use<> {
        let last = self.last;
        self.today.series(1.day()).take_while(move |day| *day <= last)
    }
}

/// The database's clock, in microseconds since the Unix epoch.
pub(crate) async fn database_clock(client: &Client) -> Result<i64, DatabaseError> {
    let query = "SELECT (extract(epoch FROM now()) * 1000000)::bigint";
    Ok(client.query_one(query, &[]).await.map_err(DatabaseError::statement("read the clock"))?.get(0))
}

/// The partition's name, for example `frames_d20260131`.
pub(crate) fn partition_name(table: &str, day: Date) -> String {
    format!("{table}_d{}", day.strftime("%Y%m%d"))
}

/// The day whose partition of the table has this name.
pub(crate) fn day_of_partition(table: &str, name: &str) -> Option<Date> {
    let digits = name.strip_prefix(table)?.strip_prefix("_d")?;
    let day = Date::strptime("%Y%m%d", digits).ok()?;
    // `strptime` also accepts other spellings.
    (partition_name(table, day) == name).then_some(day)
}

/// Creates the day's partition of the table; false if it exists already. Rows of that day may be in the default partition,
/// because the day had no partition when they came; they move to the new one.
pub(crate) async fn create_partition(client: &mut Client, table: &str, day: Date) -> Result<bool, DatabaseError> {
    let fail = DatabaseError::statement("make a partition");
    let name = partition_name(table, day);
    let (from, to) = (day, day.saturating_add(1.day()));
    let transaction = client.transaction().await.map_err(fail)?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(fail)?;
    let found = "SELECT t.oid IS NOT NULL, EXISTS (SELECT FROM pg_inherits WHERE inhrelid = t.oid AND inhparent = $2::text::regclass) \
         FROM (SELECT to_regclass($1)::oid AS oid) t";
    let found = transaction.query_one(found, &[&name, &table]).await.map_err(fail)?;
    match (found.get(0), found.get(1)) {
        (false, _) => {}
        (true, true) => return Ok(false),
        (true, false) => return Err(DatabaseError::Detached { partition: name }),
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

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_with_partitions_reach_from_the_retention_to_the_days_ahead() {
        // 2024-10-04.
        let now = 20_000 * 86_400_000_000 + 5;
        let days = PartitionDays::at(now, Duration::from_hours(30 * 24), 3);
        let (first, today, last) = (date(2024, 9, 4), date(2024, 10, 4), date(2024, 10, 7));
        assert_eq!(days, PartitionDays { first_kept: first, first, today, last });
        assert!(days.contains(first) && days.contains(last));
        assert!(!days.contains(date(2024, 9, 3)) && !days.contains(date(2024, 10, 8)));
        assert_eq!(days.starting_today().count(), 4);
        let long = PartitionDays::at(now, Duration::from_hours(3_660 * 24), 3);
        assert!(long.first_kept < date(2015, 1, 1) && !long.contains(date(2022, 1, 1)), "{long:?}");
    }

    #[test]
    fn partitions_are_named_by_their_utc_day() {
        assert_eq!(partition_name("frames", utc(951_782_400_000_000).date()), "frames_d20000229");
        assert_eq!(day_of_partition("frames", "frames_d20000229"), Some(date(2000, 2, 29)));
        for other in ["frames_default", "frames_d2000229", "frames_d20000230", "frames_d20000229x", "tracks_d20000229"]
        {
            assert_eq!(day_of_partition("frames", other), None, "{other}");
        }
    }
}
