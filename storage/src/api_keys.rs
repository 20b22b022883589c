//! Keys of programs: table `api_keys`. The database's clock decides when a key expires.

use std::time::SystemTime;

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use vru_auth::policy::Scope;

use crate::ids::new_id;
use crate::postgres::DatabaseError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: String,
    pub name: String,
    /// `None`: for all sites.
    pub site_id: Option<String>,
    /// Those that this version knows.
    pub scopes: Vec<Scope>,
    pub created_by: String,
    pub created_at: SystemTime,
    pub expires_at: SystemTime,
    pub used_at: Option<SystemTime>,
}

/// A key that is made.
#[derive(Debug, Clone, Copy)]
pub struct NewApiKey<'a> {
    /// SHA-256 of the key.
    pub token_hash: &'a [u8],
    pub name: &'a str,
    pub site_id: Option<&'a str>,
    pub scopes: &'a [Scope],
    pub created_by: &'a str,
    pub expires_at: SystemTime,
}

const COLUMNS: &str = "id, name, site_id, scopes, created_by, created_at, expires_at, used_at";

pub async fn create<C: GenericClient>(client: &C, new: NewApiKey<'_>) -> Result<ApiKey, DatabaseError> {
    let failed = DatabaseError::statement("make an API key");
    let sql = format!(
        "INSERT INTO api_keys (id, token_hash, name, site_id, scopes, created_by, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let NewApiKey { token_hash, name, site_id, scopes, created_by, expires_at } = new;
    let id = new_id("key");
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.word()).collect();
    let row = client
        .query_one(&statement, &[&id, &token_hash, &name, &site_id, &scopes, &created_by, &expires_at])
        .await
        .map_err(failed)?;
    key(&row).map_err(failed)
}

/// The key with that hash; `None` if there is none or it has expired. Notes its use.
pub async fn find<C: GenericClient>(client: &C, token_hash: &[u8]) -> Result<Option<ApiKey>, DatabaseError> {
    let failed = DatabaseError::statement("find an API key");
    let sql = format!(
        "SELECT {COLUMNS}, coalesce(used_at < now() - interval '1 minute', true) AS stale FROM api_keys \
         WHERE token_hash = $1 AND expires_at > now()"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let Some(row) = client.query_opt(&statement, &[&token_hash]).await.map_err(failed)? else { return Ok(None) };
    // Once a minute at most, so that reading writes little.
    if row.try_get("stale").map_err(failed)? {
        let sql = "UPDATE api_keys SET used_at = now() WHERE token_hash = $1";
        let statement = client.prepare_cached(sql).await.map_err(failed)?;
        client.execute(&statement, &[&token_hash]).await.map_err(failed)?;
    }
    key(&row).map(Some).map_err(failed)
}

/// At most `limit` keys of a site, or of all sites, in the order of their ids, after the id `after`.
pub async fn list<C: GenericClient>(
    client: &C,
    site_id: Option<&str>,
    after: &str,
    limit: i64,
) -> Result<Vec<ApiKey>, DatabaseError> {
    let failed = DatabaseError::statement("list API keys");
    let sql = format!(
        "SELECT {COLUMNS} FROM api_keys WHERE site_id IS NOT DISTINCT FROM $1 AND id > $2 ORDER BY id LIMIT $3"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[&site_id, &after, &limit]).await.map_err(failed)?;
    rows.iter().map(|row| key(row).map_err(failed)).collect()
}

/// Returns whether the site, or all sites, had that key.
pub async fn revoke<C: GenericClient>(client: &C, site_id: Option<&str>, id: &str) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("revoke an API key");
    let sql = "DELETE FROM api_keys WHERE site_id IS NOT DISTINCT FROM $1 AND id = $2";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    Ok(client.execute(&statement, &[&site_id, &id]).await.map_err(failed)? == 1)
}

fn key(row: &Row) -> Result<ApiKey, tokio_postgres::Error> {
    let words: Vec<String> = row.try_get("scopes")?;
    Ok(ApiKey {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        site_id: row.try_get("site_id")?,
        // A scope of a newer version gives no rights here.
        scopes: words.iter().filter_map(|word| Scope::from_word(word)).collect(),
        created_by: row.try_get("created_by")?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
        used_at: row.try_get("used_at")?,
    })
}
