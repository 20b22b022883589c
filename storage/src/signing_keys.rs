//! Keys that sign tokens: table `signing_keys`. All replicas share them, and the database's clock decides which one signs.

use std::time::{Duration, SystemTime};

use deadpool_postgres::{GenericClient, Transaction};
use serde_json::Value;
use tokio_postgres::Row;

use crate::postgres::DatabaseError;

/// A key as it is published.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedKey {
    pub kid: String,
    /// A JSON Web Key.
    pub public: Value,
    pub made_at: SystemTime,
    pub signs_from: SystemTime,
    /// Whether it signs now.
    pub signs: bool,
}

/// A key that is added.
#[derive(Debug, Clone, Copy)]
pub struct NewSigningKey<'a> {
    pub kid: &'a str,
    pub public: &'a Value,
    /// The private key, encrypted.
    pub sealed: &'a str,
    /// How long it is published before it signs.
    pub ahead: Duration,
}

/// Whether it is time for a new key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// There is none that signs.
    First,
    /// The newest one has signed so long that the next one must be published.
    Next,
    NotYet,
}

/// Nobody else changes the keys until the transaction ends.
pub async fn lock(transaction: &Transaction<'_>) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("lock the signing keys");
    transaction.batch_execute("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE").await.map_err(failed)
}

/// Each key signs for `period`, and is published `ahead` of it.
pub async fn due<C: GenericClient>(client: &C, period: Duration, ahead: Duration) -> Result<Due, DatabaseError> {
    let failed = DatabaseError::statement("look for a due rotation");
    let sql = "SELECT coalesce(bool_or(signs_from <= now()), false), \
               coalesce(max(signs_from) <= now() - make_interval(secs => $1), true) FROM signing_keys";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let age = period.saturating_sub(ahead).as_secs_f64();
    let row = client.query_one(&statement, &[&age]).await.map_err(failed)?;
    Ok(match (row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?) {
        (false, _) => Due::First,
        (true, true) => Due::Next,
        (true, false) => Due::NotYet,
    })
}

pub async fn add<C: GenericClient>(client: &C, new: NewSigningKey<'_>) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("add a signing key");
    let sql = "INSERT INTO signing_keys (kid, public, sealed, signs_from) \
               VALUES ($1, $2, $3, now() + make_interval(secs => $4))";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let NewSigningKey { kid, public, sealed, ahead } = new;
    client.execute(&statement, &[&kid, &public, &sealed, &ahead.as_secs_f64()]).await.map(drop).map_err(failed)
}

/// All that are published, in the order in which they sign.
pub async fn list<C: GenericClient>(client: &C) -> Result<Vec<PublishedKey>, DatabaseError> {
    let failed = DatabaseError::statement("list the signing keys");
    let sql = "SELECT kid, public, made_at, signs_from, coalesce(signs_from = \
               (SELECT max(signs_from) FROM signing_keys WHERE signs_from <= now()), false) AS signs \
               FROM signing_keys ORDER BY signs_from, kid";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[]).await.map_err(failed)?;
    rows.iter().map(|row| key(row).map_err(failed)).collect()
}

fn key(row: &Row) -> Result<PublishedKey, tokio_postgres::Error> {
    Ok(PublishedKey {
        kid: row.try_get("kid")?,
        public: row.try_get("public")?,
        made_at: row.try_get("made_at")?,
        signs_from: row.try_get("signs_from")?,
        signs: row.try_get("signs")?,
    })
}

/// The one that signs now, and its encrypted private key.
pub async fn signing<C: GenericClient>(client: &C) -> Result<Option<(String, String)>, DatabaseError> {
    let failed = DatabaseError::statement("find the signing key");
    let sql = "SELECT kid, sealed FROM signing_keys WHERE signs_from <= now() ORDER BY signs_from DESC, kid LIMIT 1";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[]).await.map_err(failed)?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose().map_err(failed)
}

/// Withdraws all but one. Returns their `kid`s.
pub async fn delete_others<C: GenericClient>(client: &C, kid: &str) -> Result<Vec<String>, DatabaseError> {
    let failed = DatabaseError::statement("withdraw signing keys");
    let statement =
        client.prepare_cached("DELETE FROM signing_keys WHERE kid <> $1 RETURNING kid").await.map_err(failed)?;
    let rows = client.query(&statement, &[&kid]).await.map_err(failed)?;
    rows.iter().map(|row| row.try_get(0).map_err(failed)).collect()
}

/// Deletes those that have not signed for `dead_after`, when the last token of theirs has expired. Returns how many.
pub async fn delete_dead<C: GenericClient>(client: &C, dead_after: Duration) -> Result<u64, DatabaseError> {
    let failed = DatabaseError::statement("delete old signing keys");
    let sql = "DELETE FROM signing_keys WHERE signs_from < \
               (SELECT max(signs_from) FROM signing_keys WHERE signs_from <= now() - make_interval(secs => $1))";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[&dead_after.as_secs_f64()]).await.map_err(failed)
}
