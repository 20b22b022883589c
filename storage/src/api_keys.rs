//! What programs show: API keys (table `api_keys`), and the secrets with which clients get tokens (`oauth_clients`). The tables have the
//! same columns. The database's clock decides when a key or a client expires.

use std::time::SystemTime;

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use vru_auth::policy::Scope;

use crate::ids::new_id;
use crate::postgres::DatabaseError;

/// In which table it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    ApiKey,
    Client,
}

impl Kind {
    fn table(self) -> &'static str {
        match self {
            Self::ApiKey => "api_keys",
            Self::Client => "oauth_clients",
        }
    }

    fn id_prefix(self) -> &'static str {
        match self {
            Self::ApiKey => "key",
            Self::Client => "client",
        }
    }
}

/// A key, or a client.
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

/// A key or a client that is made.
#[derive(Debug, Clone, Copy)]
pub struct NewApiKey<'a> {
    pub kind: Kind,
    /// SHA-256 of the key, or of the client's secret.
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
        "INSERT INTO {} (id, token_hash, name, site_id, scopes, created_by, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {COLUMNS}",
        new.kind.table()
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let NewApiKey { kind, token_hash, name, site_id, scopes, created_by, expires_at } = new;
    let id = new_id(kind.id_prefix());
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.word()).collect();
    let row = client
        .query_one(&statement, &[&id, &token_hash, &name, &site_id, &scopes, &created_by, &expires_at])
        .await
        .map_err(failed)?;
    key(&row).map_err(failed)
}

/// The key with that hash; `None` if there is none or it has expired. Notes its use.
pub async fn find<C: GenericClient>(client: &C, token_hash: &[u8]) -> Result<Option<ApiKey>, DatabaseError> {
    used(client, Kind::ApiKey, "token_hash = $1", &[&token_hash]).await
}

/// The client with that id and that hash of the secret; `None` if there is none or it has expired. Notes its use.
pub async fn find_client<C: GenericClient>(
    client: &C,
    id: &str,
    secret_hash: &[u8],
) -> Result<Option<ApiKey>, DatabaseError> {
    used(client, Kind::Client, "id = $1 AND token_hash = $2", &[&id, &secret_hash]).await
}

/// The client that a token names; `None` if there is none or it has expired. Notes its use.
pub async fn client_of_token<C: GenericClient>(client: &C, id: &str) -> Result<Option<ApiKey>, DatabaseError> {
    used(client, Kind::Client, "id = $1", &[&id]).await
}

async fn used<C: GenericClient>(
    client: &C,
    kind: Kind,
    condition: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Option<ApiKey>, DatabaseError> {
    let failed = DatabaseError::statement("find an API key or a client");
    let table = kind.table();
    let sql = format!(
        "SELECT {COLUMNS}, coalesce(used_at < now() - interval '1 minute', true) AS stale FROM {table} \
         WHERE {condition} AND expires_at > now()"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let Some(row) = client.query_opt(&statement, parameters).await.map_err(failed)? else { return Ok(None) };
    let found = key(&row).map_err(failed)?;
    // Once a minute at most, so that reading writes little.
    if row.try_get("stale").map_err(failed)? {
        let sql = format!("UPDATE {table} SET used_at = now() WHERE id = $1");
        let statement = client.prepare_cached(&sql).await.map_err(failed)?;
        client.execute(&statement, &[&found.id]).await.map_err(failed)?;
    }
    Ok(Some(found))
}

/// At most `limit` keys or clients of a site, or of all sites, in the order of their ids, after the id `after`.
pub async fn list<C: GenericClient>(
    client: &C,
    kind: Kind,
    site_id: Option<&str>,
    after: &str,
    limit: i64,
) -> Result<Vec<ApiKey>, DatabaseError> {
    let failed = DatabaseError::statement("list API keys");
    let sql = format!(
        "SELECT {COLUMNS} FROM {} WHERE site_id IS NOT DISTINCT FROM $1 AND id > $2 ORDER BY id LIMIT $3",
        kind.table()
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[&site_id, &after, &limit]).await.map_err(failed)?;
    rows.iter().map(|row| key(row).map_err(failed)).collect()
}

/// Returns whether the site, or all sites, had that key or client.
pub async fn revoke<C: GenericClient>(
    client: &C,
    kind: Kind,
    site_id: Option<&str>,
    id: &str,
) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("revoke an API key");
    let sql = format!("DELETE FROM {} WHERE site_id IS NOT DISTINCT FROM $1 AND id = $2", kind.table());
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
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
