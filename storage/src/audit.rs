//! Who changed what: table `audit_log`. Written in the transaction of the change.

use std::time::SystemTime;

use deadpool_postgres::GenericClient;
use serde_json::Value;
use tokio_postgres::Row;

use crate::idempotency::{self, Claim};
use crate::postgres::DatabaseError;

/// Who acts, and in which request. All are empty for the command line.
#[derive(Debug, Clone, Default)]
pub struct Actor {
    /// Empty for an API key.
    pub user_id: String,
    /// Empty for a person.
    pub key_id: String,
    pub request_id: String,
    /// The change must not be made twice.
    pub claim: Option<Claim>,
}

/// What was done.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Kind of object and verb: `site.create`.
    pub action: &'a str,
    /// Empty for what belongs to no site.
    pub site_id: &'a str,
    /// The id of what was changed.
    pub object: &'a str,
    /// What changed; never a secret.
    pub details: Value,
}

/// Fails with [`DatabaseError::Repeated`] if the actor's claim was made before.
pub async fn record<C: GenericClient>(client: &C, actor: &Actor, entry: Entry<'_>) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("write the audit log");
    let sql = "INSERT INTO audit_log (user_id, key_id, action, site_id, object, details, request_id) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let Entry { action, site_id, object, details } = entry;
    let Actor { user_id, key_id, request_id, claim } = actor;
    if let Some(claim) = claim {
        idempotency::claim(client, claim, object).await?;
    }
    client
        .execute(&statement, &[user_id, key_id, &action, &site_id, &object, &details, request_id])
        .await
        .map(drop)
        .map_err(failed)
}

/// What stands in the log.
#[derive(Debug)]
pub struct Recorded {
    pub id: i64,
    pub at: SystemTime,
    pub actor: Actor,
    pub action: String,
    pub site_id: String,
    pub object: String,
    pub details: Value,
}

/// At most `limit` entries, the newest first, with smaller ids than `before`; of a site, or all.
pub async fn list<C: GenericClient>(
    client: &C,
    site_id: Option<&str>,
    before: i64,
    limit: i64,
) -> Result<Vec<Recorded>, DatabaseError> {
    let failed = DatabaseError::statement("read the audit log");
    let of_site = if site_id.is_some() { "site_id = $3 AND" } else { "$3::text IS NULL AND" };
    let sql = format!(
        "SELECT id, at, user_id, key_id, request_id, action, site_id, object, details FROM audit_log \
         WHERE {of_site} id < $1 ORDER BY id DESC LIMIT $2"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[&before, &limit, &site_id]).await.map_err(failed)?;
    rows.iter().map(|row| recorded(row).map_err(failed)).collect()
}

fn recorded(row: &Row) -> Result<Recorded, tokio_postgres::Error> {
    Ok(Recorded {
        id: row.try_get("id")?,
        at: row.try_get("at")?,
        actor: Actor {
            user_id: row.try_get("user_id")?,
            key_id: row.try_get("key_id")?,
            request_id: row.try_get("request_id")?,
            claim: None,
        },
        action: row.try_get("action")?,
        site_id: row.try_get("site_id")?,
        object: row.try_get("object")?,
        details: row.try_get("details")?,
    })
}
