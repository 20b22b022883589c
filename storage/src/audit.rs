//! Who changed what: table `audit_log`. Written in the transaction of the change.

use deadpool_postgres::GenericClient;
use serde_json::Value;

use crate::postgres::DatabaseError;

/// Who acts, and in which request. Both are empty for the command line.
#[derive(Debug, Clone, Default)]
pub struct Actor {
    pub user_id: String,
    pub request_id: String,
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

pub async fn record<C: GenericClient>(client: &C, actor: &Actor, entry: Entry<'_>) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("write the audit log");
    let sql =
        "INSERT INTO audit_log (user_id, action, site_id, object, details, request_id) VALUES ($1, $2, $3, $4, $5, $6)";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let Entry { action, site_id, object, details } = entry;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
        [&actor.user_id, &action, &site_id, &object, &details, &actor.request_id];
    client.execute(&statement, &parameters).await.map(drop).map_err(failed)
}
