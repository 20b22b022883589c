//! Failed log-ins, and for how long further ones are refused: table `log_in_failures`.
//!
//! Shared by all replicas. A subject is what is counted: the name, or the address.

use std::time::Duration;

use deadpool_postgres::GenericClient;
use sha2::{Digest as _, Sha256};

use crate::postgres::DatabaseError;

/// Hides what was typed: people type passwords into the field of the name.
pub fn subject(kind: &str, value: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(kind.as_bytes());
    hash.update([0]);
    hash.update(value.to_lowercase().as_bytes());
    hash.finalize().to_vec()
}

/// Counts an attempt as a failure, before the password is looked at, so that attempts at the same time are not free. From the `free`-th
/// on, each blocks its subject twice as long as the one before, from 1 s to `longest`. Returns how long the subject is still blocked, in
/// which case the attempt is not counted.
pub async fn begin<C: GenericClient>(
    client: &C,
    subject: &[u8],
    free: i32,
    longest: Duration,
) -> Result<Option<Duration>, DatabaseError> {
    let failed = DatabaseError::statement("count a log-in");
    // Of attempts at the same time, one may have begun before the time that another writes: only `-infinity` is before all.
    let sql = "INSERT INTO log_in_failures AS f (subject, failures, last_at, blocked_until) VALUES ($1, 1, now(), '-infinity') \
               ON CONFLICT (subject) DO UPDATE SET failures = f.failures + 1, last_at = now(), blocked_until = \
               CASE WHEN f.failures + 1 < $2 THEN '-infinity' \
               ELSE now() + make_interval(secs => least($3::float8, 2::float8 ^ least(f.failures + 1 - $2, 30))) END \
               WHERE f.blocked_until <= now()";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let seconds = longest.as_secs_f64();
    if client.execute(&statement, &[&subject, &free, &seconds]).await.map_err(failed)? == 1 {
        return Ok(None);
    }
    let sql = "SELECT extract(epoch FROM blocked_until - now())::float8 FROM log_in_failures WHERE subject = $1";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&subject]).await.map_err(failed)?;
    let seconds: f64 = row.map_or(Ok(0.0), |row| row.try_get(0)).map_err(failed)?;
    Ok(Some(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default()))
}

/// The attempt was no failure.
pub async fn take_back<C: GenericClient>(client: &C, subject: &[u8]) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("take back a counted log-in");
    let sql = "UPDATE log_in_failures SET failures = greatest(failures - 1, 0), blocked_until = '-infinity' WHERE subject = $1";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[&subject]).await.map(drop).map_err(failed)
}

/// A good log-in ends the count.
pub async fn forget<C: GenericClient>(client: &C, subject: &[u8]) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("forget failed log-ins");
    let statement = client.prepare_cached("DELETE FROM log_in_failures WHERE subject = $1").await.map_err(failed)?;
    client.execute(&statement, &[&subject]).await.map(drop).map_err(failed)
}

/// Deletes counts without a failure for a day, a bounded number.
pub async fn delete_old<C: GenericClient>(client: &C) -> Result<u64, DatabaseError> {
    let failed = DatabaseError::statement("delete old counts of failed log-ins");
    let sql = "DELETE FROM log_in_failures WHERE subject IN \
               (SELECT subject FROM log_in_failures WHERE last_at < now() - interval '1 day' LIMIT 10000)";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[]).await.map_err(failed)
}
