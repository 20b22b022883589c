//! Cameras: tables `cameras`, `camera_versions`, `camera_secrets` and `camera_outbox`.
//!
//! Each function that changes a camera writes the new version and the row of the outbox too, so that in a transaction all of it happens or
//! nothing.

use std::time::SystemTime;

use deadpool_postgres::GenericClient;
use serde_json::Value;
use tokio_postgres::Row;

use crate::audit::Actor;
use crate::ids::{is_id, new_id};
use crate::postgres::DatabaseError;

#[derive(Debug, Clone, PartialEq)]
pub struct Camera {
    pub id: String,
    pub site_id: String,
    pub settings: Value,
    /// Grows by one with each change.
    pub version: i64,
    pub created_at: SystemTime,
    pub changed_at: SystemTime,
    pub deleted: bool,
    /// Whether it has a login.
    pub has_credentials: bool,
    /// Kafka does not have the newest change yet.
    pub pending: bool,
    /// The upload that it shows; `None` for a camera.
    pub upload_id: Option<String>,
}

/// A login, encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedCredentials {
    pub username: String,
    pub password: String,
}

/// One version of a camera.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraVersion {
    pub version: i64,
    pub at: SystemTime,
    pub user_id: String,
    pub key_id: String,
    pub settings: Value,
    pub deleted: bool,
}

/// Of the table `cameras c`.
const COLUMNS: &str = "c.id, c.site_id, c.settings, c.version, c.created_at, c.changed_at, \
     c.deleted_at IS NOT NULL AS deleted, \
     EXISTS (SELECT FROM camera_secrets s WHERE s.camera_id = c.id) AS has_credentials, \
     EXISTS (SELECT FROM camera_outbox o WHERE o.camera_id = c.id) AS pending, c.upload_id";

/// An id for a new camera.
pub fn new_camera_id() -> String {
    new_id("camera")
}

pub async fn create<C: GenericClient>(
    client: &C,
    actor: &Actor,
    site_id: &str,
    id: &str,
    settings: &Value,
) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("add a camera");
    let sql = "INSERT INTO cameras (id, site_id, settings) VALUES ($1, $2, $3)";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[&id, &site_id, &settings]).await.map_err(failed)?;
    record(client, actor, id).await
}

/// Says which upload a camera shows, in the transaction that has made it.
pub async fn set_upload<C: GenericClient>(client: &C, id: &str, upload_id: &str) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("mark the camera of an upload");
    client
        .execute("UPDATE cameras SET upload_id = $2 WHERE id = $1", &[&id, &upload_id])
        .await
        .map(drop)
        .map_err(failed)
}

/// The camera of that site and its login, also if it is deleted; until the end of the transaction nobody else changes either.
pub async fn lock<C: GenericClient>(
    client: &C,
    site_id: &str,
    id: &str,
) -> Result<Option<(Camera, Option<SealedCredentials>)>, DatabaseError> {
    let failed = DatabaseError::statement("lock a camera");
    let sql = format!("SELECT {COLUMNS} FROM cameras c WHERE c.site_id = $1 AND c.id = $2 FOR UPDATE");
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let Some(row) = client.query_opt(&statement, &[&site_id, &id]).await.map_err(failed)? else { return Ok(None) };
    let camera = camera(&row).map_err(failed)?;
    let credentials = credentials(client, id).await?;
    Ok(Some((camera, credentials)))
}

/// `None` if the site has none with that id, or it is deleted.
pub async fn find<C: GenericClient>(client: &C, site_id: &str, id: &str) -> Result<Option<Camera>, DatabaseError> {
    let failed = DatabaseError::statement("read a camera");
    let sql = format!("SELECT {COLUMNS} FROM cameras c WHERE c.site_id = $1 AND c.id = $2 AND c.deleted_at IS NULL");
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&site_id, &id]).await.map_err(failed)?;
    row.map(|row| camera(&row).map_err(failed)).transpose()
}

/// Whether there is a camera with that id, at any site, which is not deleted.
pub async fn exists<C: GenericClient>(client: &C, id: &str) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("look for a camera");
    let sql = "SELECT EXISTS (SELECT FROM cameras WHERE id = $1 AND deleted_at IS NULL)";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.query_one(&statement, &[&id]).await.and_then(|row| row.try_get(0)).map_err(failed)
}

/// What decides who may see the pictures of a camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraSite {
    pub id: String,
    pub site_id: String,
    /// Nobody may be recognised in its pictures.
    pub blurred: bool,
}

/// The sites of those of these cameras that exist.
pub async fn sites_of<C: GenericClient>(client: &C, ids: &[&str]) -> Result<Vec<CameraSite>, DatabaseError> {
    let failed = DatabaseError::statement("look for the sites of cameras");
    let sql = "SELECT id, site_id, coalesce(settings -> 'privacy' ->> 'blur', 'false') <> 'false' \
               FROM cameras WHERE id = ANY($1) AND deleted_at IS NULL";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[&ids]).await.map_err(failed)?;
    let camera = |row: &Row| Ok(CameraSite { id: row.try_get(0)?, site_id: row.try_get(1)?, blurred: row.try_get(2)? });
    rows.iter().map(|row| camera(row).map_err(failed)).collect()
}

/// The cameras of these sites that exist, each with its site.
pub async fn of_sites<C: GenericClient>(client: &C, sites: &[String]) -> Result<Vec<(String, String)>, DatabaseError> {
    let failed = DatabaseError::statement("look for the cameras of sites");
    let sql = "SELECT id, site_id FROM cameras WHERE site_id = ANY($1) AND deleted_at IS NULL";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[&sites]).await.map_err(failed)?;
    rows.iter().map(|row| Ok((row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?))).collect()
}

/// At most `limit` cameras of the site that exist, in the order of their ids, after the id `after`.
pub async fn list<C: GenericClient>(
    client: &C,
    site_id: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<Camera>, DatabaseError> {
    let failed = DatabaseError::statement("list cameras");
    let sql = format!(
        "SELECT {COLUMNS} FROM cameras c WHERE c.site_id = $1 AND c.id > $2 AND c.deleted_at IS NULL ORDER BY c.id LIMIT $3"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[&site_id, &after, &limit]).await.map_err(failed)?;
    rows.iter().map(|row| camera(row).map_err(failed)).collect()
}

/// Writes the next version of a camera, which is [locked](lock).
pub async fn change<C: GenericClient>(
    client: &C,
    actor: &Actor,
    id: &str,
    settings: &Value,
    deleted: bool,
) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("change a camera");
    let sql = "UPDATE cameras SET settings = $2, version = version + 1, changed_at = now(), \
               deleted_at = CASE WHEN $3 THEN now() END WHERE id = $1";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[&id, &settings, &deleted]).await.map_err(failed)?;
    record(client, actor, id).await
}

/// Sets the login of a camera, or removes it. The version is written by [`change`] or [`create`].
pub async fn set_credentials<C: GenericClient>(
    client: &C,
    id: &str,
    credentials: Option<&SealedCredentials>,
) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("change the credentials of a camera");
    let Some(SealedCredentials { username, password }) = credentials else {
        let statement =
            client.prepare_cached("DELETE FROM camera_secrets WHERE camera_id = $1").await.map_err(failed)?;
        return client.execute(&statement, &[&id]).await.map(drop).map_err(failed);
    };
    let sql = "INSERT INTO camera_secrets (camera_id, username, password) VALUES ($1, $2, $3) \
               ON CONFLICT (camera_id) DO UPDATE SET username = excluded.username, password = excluded.password";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[&id, username, password]).await.map(drop).map_err(failed)
}

/// At most `limit` versions of a camera of the site, the newest first, older than `before`.
pub async fn versions<C: GenericClient>(
    client: &C,
    site_id: &str,
    id: &str,
    before: i64,
    limit: i64,
) -> Result<Vec<CameraVersion>, DatabaseError> {
    let failed = DatabaseError::statement("read the history of a camera");
    let sql = "SELECT v.version, v.at, v.user_id, v.key_id, v.settings, v.deleted FROM camera_versions v \
               JOIN cameras c ON c.id = v.camera_id WHERE c.site_id = $1 AND c.id = $2 AND v.version < $3 \
               ORDER BY v.version DESC LIMIT $4";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[&site_id, &id, &before, &limit]).await.map_err(failed)?;
    rows.iter().map(|row| version(row).map_err(failed)).collect()
}

/// What waits for Kafka, the oldest first: the ids of the rows of the outbox, and their cameras.
pub async fn waiting<C: GenericClient>(client: &C, limit: i64) -> Result<Vec<(i64, String)>, DatabaseError> {
    let failed = DatabaseError::statement("read the outbox of cameras");
    let sql = "SELECT id, camera_id FROM camera_outbox ORDER BY id LIMIT $1";
    let rows = client.query(sql, &[&limit]).await.map_err(failed)?;
    rows.iter().map(|row| Ok((row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?))).collect()
}

/// The newest version of a camera with its login, in one reading.
pub async fn newest<C: GenericClient>(
    client: &C,
    id: &str,
) -> Result<Option<(Camera, Option<SealedCredentials>)>, DatabaseError> {
    let failed = DatabaseError::statement("read a camera");
    let sql = format!(
        "SELECT {COLUMNS}, x.username, x.password FROM cameras c LEFT JOIN camera_secrets x ON x.camera_id = c.id WHERE c.id = $1"
    );
    let Some(row) = client.query_opt(&sql, &[&id]).await.map_err(failed)? else { return Ok(None) };
    let username: Option<String> = row.try_get("username").map_err(failed)?;
    let password: Option<String> = row.try_get("password").map_err(failed)?;
    let credentials = username.zip(password).map(|(username, password)| SealedCredentials { username, password });
    Ok(Some((camera(&row).map_err(failed)?, credentials)))
}

/// Kafka has what these rows of the outbox stood for.
pub async fn published<C: GenericClient>(client: &C, rows: &[i64]) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("empty the outbox of cameras");
    client.execute("DELETE FROM camera_outbox WHERE id = ANY($1)", &[&rows]).await.map(drop).map_err(failed)
}

/// Has all cameras published again, and the removal of those that were deleted in the last day.
pub async fn publish_all<C: GenericClient>(client: &C) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("fill the outbox of cameras");
    let sql = "INSERT INTO camera_outbox (camera_id) SELECT id FROM cameras \
               WHERE deleted_at IS NULL OR deleted_at > now() - interval '1 day'";
    client.execute(sql, &[]).await.map(drop).map_err(failed)
}

/// Has the removal published of those of these cameras that the API once made and that do not exist. Returns how many. Other programs may
/// publish cameras with ids of their own.
pub async fn withdraw_unknown<C: GenericClient>(client: &C, ids: &[String]) -> Result<u64, DatabaseError> {
    let failed = DatabaseError::statement("look for cameras that do not exist");
    let ours: Vec<&String> = ids.iter().filter(|id| is_id("camera", id)).collect();
    let sql = "INSERT INTO camera_outbox (camera_id) SELECT id FROM unnest($1::text[]) AS topic (id) \
               WHERE NOT EXISTS (SELECT FROM cameras c WHERE c.id = topic.id AND c.deleted_at IS NULL)";
    client.execute(sql, &[&ours]).await.map_err(failed)
}

/// Whether this connection is the one that publishes; it stays so until it ends.
pub async fn become_publisher<C: GenericClient>(client: &C) -> Result<bool, DatabaseError> {
    const LOCK: i64 = 0x0076_7275_6361_6d73;
    let failed = DatabaseError::statement("lock the outbox of cameras");
    let row = client.query_one("SELECT pg_try_advisory_lock($1)", &[&LOCK]).await.map_err(failed)?;
    row.try_get(0).map_err(failed)
}

async fn credentials<C: GenericClient>(client: &C, id: &str) -> Result<Option<SealedCredentials>, DatabaseError> {
    let failed = DatabaseError::statement("read the credentials of a camera");
    let sql = "SELECT username, password FROM camera_secrets WHERE camera_id = $1";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&id]).await.map_err(failed)?;
    let read = |row: Row| Ok(SealedCredentials { username: row.try_get(0)?, password: row.try_get(1)? });
    row.map(|row| read(row).map_err(failed)).transpose()
}

/// Keeps the version that the camera has now, and has it published.
async fn record<C: GenericClient>(client: &C, actor: &Actor, id: &str) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("keep the version of a camera");
    let sql = "INSERT INTO camera_versions (camera_id, version, user_id, key_id, settings, deleted) \
               SELECT id, version, $2, $3, settings, deleted_at IS NOT NULL FROM cameras WHERE id = $1";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[&id, &actor.user_id, &actor.key_id]).await.map_err(failed)?;
    let statement = client.prepare_cached("INSERT INTO camera_outbox (camera_id) VALUES ($1)").await.map_err(failed)?;
    client.execute(&statement, &[&id]).await.map(drop).map_err(failed)
}

fn camera(row: &Row) -> Result<Camera, tokio_postgres::Error> {
    Ok(Camera {
        id: row.try_get("id")?,
        site_id: row.try_get("site_id")?,
        settings: row.try_get("settings")?,
        version: row.try_get("version")?,
        created_at: row.try_get("created_at")?,
        changed_at: row.try_get("changed_at")?,
        deleted: row.try_get("deleted")?,
        has_credentials: row.try_get("has_credentials")?,
        pending: row.try_get("pending")?,
        upload_id: row.try_get("upload_id")?,
    })
}

fn version(row: &Row) -> Result<CameraVersion, tokio_postgres::Error> {
    Ok(CameraVersion {
        version: row.try_get("version")?,
        at: row.try_get("at")?,
        user_id: row.try_get("user_id")?,
        key_id: row.try_get("key_id")?,
        settings: row.try_get("settings")?,
        deleted: row.try_get("deleted")?,
    })
}
