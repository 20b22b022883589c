//! Requests that are sent again: table `idempotency_keys`.

use std::collections::BTreeMap;

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use crate::postgres::DatabaseError;

/// A request that must have no second effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The id of a person or of an API key.
    pub caller: String,
    pub key: String,
    pub request_hash: Vec<u8>,
}

/// An answer that is given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// A request that was served before.
#[derive(Debug)]
pub struct Served {
    pub request_hash: Vec<u8>,
    /// The id of what it changed.
    pub object: String,
    pub answer: Option<KeptAnswer>,
}

/// How the caller's key was used; `None`: not yet.
pub async fn find<C: GenericClient>(client: &C, caller: &str, key: &str) -> Result<Option<Served>, DatabaseError> {
    let failed = DatabaseError::statement("find an idempotency key");
    let sql = "SELECT request_hash, object, answer_status, answer_headers, answer_body FROM idempotency_keys \
               WHERE caller = $1 AND key = $2";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&caller, &key]).await.map_err(failed)?;
    row.map(|row| served(&row).map_err(failed)).transpose()
}

fn served(row: &Row) -> Result<Served, tokio_postgres::Error> {
    let answer = match row.try_get::<_, Option<i16>>("answer_status")? {
        None => None,
        Some(status) => Some(KeptAnswer {
            status: status as u16,
            headers: serde_json::from_value(row.try_get("answer_headers")?).unwrap_or_default(),
            body: row.try_get("answer_body")?,
        }),
    };
    Ok(Served { request_hash: row.try_get("request_hash")?, object: row.try_get("object")?, answer })
}

/// In the transaction of the change. Fails with [`DatabaseError::Repeated`] if the key is used already; waits for a transaction that uses
/// it now.
pub(crate) async fn claim<C: GenericClient>(client: &C, claim: &Claim, object: &str) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("use an idempotency key");
    let sql = "INSERT INTO idempotency_keys (caller, key, request_hash, object) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (caller, key) DO NOTHING";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let Claim { caller, key, request_hash } = claim;
    let added = client.execute(&statement, &[caller, key, request_hash, &object]).await.map_err(failed)?;
    if added == 1 { Ok(()) } else { Err(DatabaseError::Repeated) }
}

/// Keeps the answer of a request that has changed something; does nothing for others.
pub async fn keep<C: GenericClient>(client: &C, claim: &Claim, answer: &KeptAnswer) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("keep an answer");
    let sql = "UPDATE idempotency_keys SET answer_status = $4, answer_headers = $5, answer_body = $6 \
               WHERE caller = $1 AND key = $2 AND request_hash = $3";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let Claim { caller, key, request_hash } = claim;
    let KeptAnswer { status, headers, body } = answer;
    let headers = serde_json::json!(headers);
    client
        .execute(&statement, &[caller, key, request_hash, &(*status as i16), &headers, body])
        .await
        .map(drop)
        .map_err(failed)
}

/// Deletes those that are a day old. Returns how many.
pub async fn delete_old<C: GenericClient>(client: &C) -> Result<u64, DatabaseError> {
    let deleted = client.execute("DELETE FROM idempotency_keys WHERE made_at < now() - interval '1 day'", &[]).await;
    deleted.map_err(DatabaseError::statement("delete old idempotency keys"))
}
