//! How PostgreSQL finds what people ask for, with tables of a realistic size.
//!
//! - `searches`: lists of tracks and alerts. `track_lists`: what is asked of many tracks at once. `past`: all frames of a camera's last hour.

mod past;
mod searches;
mod track_lists;

use std::time::{Duration, SystemTime};

use tokio_postgres::types::ToSql;
use vru_runtime::secret::Secret;
use vru_runtime::test_util::postgres;

use crate::postgres::{DatabaseConfig, Pool, PooledClient, migrate};

/// With the tables and these rows.
async fn filled(rows: &str) -> PooledClient {
    let database = DatabaseConfig { url: Secret::new(postgres().database()), ..DatabaseConfig::default() };
    migrate(&database, "test").await.unwrap();
    let client = Pool::new(&database, "test", 1, Duration::from_mins(1)).unwrap().get().await.unwrap();
    client.batch_execute("SET statement_timeout = '5min'").await.unwrap();
    client.batch_execute(rows).await.unwrap();
    // Of a bad plan, the page count may be long in coming.
    client.batch_execute("SET statement_timeout = '1min'").await.unwrap();
    client
}

/// Midnight of the first day, so many days later.
fn day(days: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_323_200 + days * 86_400)
}

/// How PostgreSQL finds the rows of the statement, as text.
async fn explain(client: &PooledClient, sql: &str, values: &[&(dyn ToSql + Sync)]) -> String {
    let rows = client.query(&format!("EXPLAIN (ANALYZE, BUFFERS) {sql}"), values).await.unwrap();
    rows.iter().map(|row| row.get::<_, String>(0) + "\n").collect()
}

/// Pairs of rows that a join looks at in vain, each time that it runs.
const MOST_REMOVED: u64 = 1_000;

/// The plan uses the index, reads no table from its begin to its end, looks at few pages, and compares few rows in vain.
fn check(what: &str, plan: &str, index: &str, most_pages: u64) {
    assert!(plan.contains(index), "{what} does not use {index}:\n{plan}");
    for table in ["tracks", "alerts", "frames", "detections", "watched"] {
        let scan = format!("Seq Scan on {table}");
        // A plan for any values names all days.
        let read = plan.lines().find(|line| line.contains(&scan) && !line.contains("(never executed)"));
        assert!(read.is_none(), "{what} reads all of {table}:\n{plan}");
    }
    for line in plan.lines() {
        let removed = line.trim().strip_prefix("Rows Removed by Join Filter: ");
        let removed = removed.map_or(0, |removed| removed.parse::<u64>().unwrap());
        assert!(removed <= MOST_REMOVED, "{what} compares each row with each other:\n{plan}");
    }
    let buffers = plan.lines().find(|line| line.contains("Buffers: shared")).unwrap_or_default();
    // Pages of temporary files follow.
    let buffers = buffers.split(", temp").next().unwrap_or_default();
    let pages = |kind: &str| {
        let words = buffers.split(' ').find_map(|word| word.strip_prefix(kind)?.strip_prefix('='));
        words.and_then(|number| number.parse::<u64>().ok()).unwrap_or(0)
    };
    let (hit, read) = (pages("hit"), pages("read"));
    assert!(
        (1..=most_pages).contains(&(hit + read)),
        "{what} looks at {hit} + {read} pages, more than {most_pages}:\n{plan}"
    );
}

/// Of ten partitions, one for each day, only that of this day is read, and that of days without a partition is not.
fn check_days(what: &str, plan: &str, table: &str, day: usize) {
    let others = (0..10).filter(|&other| other != day).map(|other| format!("{table}_d{other}"));
    for other in others.chain([format!("{table}_default")]) {
        // A plan for any values names all days, and then says which of them it did not look at.
        let read = plan.lines().find(|line| line.contains(&other) && !line.contains("(never executed)"));
        assert!(read.is_none(), "{what} reads {other}:\n{plan}");
    }
}
