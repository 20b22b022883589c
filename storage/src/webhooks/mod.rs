//! Webhooks and what waits for them: tables `webhooks`, `webhook_deliveries` and `webhook_lanes`.
//!
//! - [`queue`] makes a delivery for each webhook that is told of an event, in the transaction of whatever makes the event.
//! - A lane is the deliveries of one camera to one webhook. [`claim`] gives its oldest one to a sender, and [`settle`] takes the result.
//!
//! Whoever changes what is pending in a lane locks the lane's row first. So a sender that finds nothing more in a lane, and an event that is
//! queued at that moment, do not miss each other.

mod deliveries;
mod lanes;
mod queue;

use std::time::SystemTime;

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use crate::cameras::SealedCredentials;
use crate::ids::new_id;
use crate::postgres::DatabaseError;

pub use deliveries::{Delivery, DeliveryState, delete_ended, deliveries, delivery, give_up_paused, put_back};
pub use lanes::{Attempt, Bounds, Claimed, Outcome, Waiting, claim, settle, waiting};
pub use queue::{Event, EventKind, Queued, queue};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub id: String,
    pub site_id: String,
    pub settings: WebhookSettings,
    /// Grows by one with each change by a person or program.
    pub version: i64,
    pub created_at: SystemTime,
    pub changed_at: SystemTime,
    /// Whether it has a login, at a broker.
    pub has_credentials: bool,
    /// Until when the secret before is used too; `None` if it is not.
    pub old_secret_until: Option<SystemTime>,
    pub last_delivered_at: Option<SystemTime>,
    /// The first failed attempt since the last success.
    pub failing_since: Option<SystemTime>,
    /// Of the last attempt, if it failed.
    pub last_error: Option<String>,
    /// Since when the oldest pending delivery waits.
    pub waiting_since: Option<SystemTime>,
}

/// What people choose about a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    pub name: String,
    pub url: String,
    /// If false, events wait.
    pub enabled: bool,
    /// Those that this version knows.
    pub events: Vec<EventKind>,
    /// Numbered as in the messages.
    pub kinds: Vec<i16>,
    /// Numbered as in the messages; empty for all.
    pub severities: Vec<i16>,
    /// Empty for all of the site.
    pub camera_ids: Vec<String>,
}

/// What deliveries are made with, encrypted with the key of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSecrets {
    /// What signs events.
    pub newest: String,
    /// The one before, while it is used too.
    pub old: Option<String>,
    /// At a broker.
    pub credentials: Option<SealedCredentials>,
}

/// What becomes of the login of a webhook that is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginChange {
    Stays,
    Removed,
    New(SealedCredentials),
}

impl LoginChange {
    /// The new login.
    pub fn login(&self) -> Option<&SealedCredentials> {
        match self {
            Self::New(login) => Some(login),
            Self::Stays | Self::Removed => None,
        }
    }
}

/// Of the table `webhooks w`.
const COLUMNS: &str = "w.id, w.site_id, w.name, w.url, w.enabled, w.events, w.kinds, w.severities, w.camera_ids, w.version, \
     w.created_at, w.changed_at, w.last_delivered_at, w.failing_since, w.last_error, w.username IS NOT NULL AS has_credentials, \
     CASE WHEN w.old_secret_until > now() THEN w.old_secret_until END AS old_secret_until, \
     (SELECT d.pending_since FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.state = 1 ORDER BY d.id LIMIT 1) AS waiting_since";

/// Returns its id.
pub async fn create<C: GenericClient>(
    client: &C,
    site_id: &str,
    settings: &WebhookSettings,
    SealedSecrets { newest, credentials, .. }: &SealedSecrets,
) -> Result<String, DatabaseError> {
    let failed = DatabaseError::statement("make a webhook");
    let sql = "INSERT INTO webhooks (id, site_id, secret, name, url, enabled, events, kinds, severities, camera_ids, username, password) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let id = new_id("webhook");
    let WebhookSettings { name, url, enabled, events, kinds, severities, camera_ids } = settings;
    let events = words(events);
    let (username, password) = columns(credentials.as_ref());
    client
        .execute(
            &statement,
            &[&id, &site_id, newest, name, url, enabled, &events, kinds, severities, camera_ids, &username, &password],
        )
        .await
        .map_err(failed)?;
    Ok(id)
}

/// `None` if the site has none with that id.
pub async fn find<C: GenericClient>(client: &C, site_id: &str, id: &str) -> Result<Option<Webhook>, DatabaseError> {
    let failed = DatabaseError::statement("read a webhook");
    let sql = format!("SELECT {COLUMNS} FROM webhooks w WHERE w.site_id = $1 AND w.id = $2");
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&site_id, &id]).await.map_err(failed)?;
    row.map(|row| webhook(&row).map_err(failed)).transpose()
}

/// At most `limit` webhooks of the site in the order of their ids, after the id `after`.
pub async fn list<C: GenericClient>(
    client: &C,
    site_id: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<Webhook>, DatabaseError> {
    let failed = DatabaseError::statement("list webhooks");
    let sql = format!("SELECT {COLUMNS} FROM webhooks w WHERE w.site_id = $1 AND w.id > $2 ORDER BY w.id LIMIT $3");
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[&site_id, &after, &limit]).await.map_err(failed)?;
    rows.iter().map(|row| webhook(row).map_err(failed)).collect()
}

/// How many webhooks the site has.
pub async fn count<C: GenericClient>(client: &C, site_id: &str) -> Result<i64, DatabaseError> {
    let failed = DatabaseError::statement("count webhooks");
    let statement = client.prepare_cached("SELECT count(*) FROM webhooks WHERE site_id = $1").await.map_err(failed)?;
    client.query_one(&statement, &[&site_id]).await.and_then(|row| row.try_get(0)).map_err(failed)
}

fn columns(credentials: Option<&SealedCredentials>) -> (Option<&str>, Option<&str>) {
    credentials.map(|login| (login.username.as_str(), login.password.as_str())).unzip()
}

/// Changes a webhook of that version. False if it has another version by now, or is gone.
pub async fn change<C: GenericClient>(
    client: &C,
    site_id: &str,
    id: &str,
    version: i64,
    settings: &WebhookSettings,
    login: &LoginChange,
) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("change a webhook");
    let sql = "UPDATE webhooks SET name = $4, url = $5, enabled = $6, events = $7, kinds = $8, severities = $9, camera_ids = $10, \
               username = CASE WHEN $11 THEN $12 ELSE username END, password = CASE WHEN $11 THEN $13 ELSE password END, \
               version = version + 1, changed_at = now() WHERE site_id = $1 AND id = $2 AND version = $3";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let WebhookSettings { name, url, enabled, events, kinds, severities, camera_ids } = settings;
    let events = words(events);
    let (new, (username, password)) = (*login != LoginChange::Stays, columns(login.login()));
    let changed = client
        .execute(
            &statement,
            &[
                &site_id, &id, &version, name, url, enabled, &events, kinds, severities, camera_ids, &new, &username,
                &password,
            ],
        )
        .await
        .map_err(failed)?;
    Ok(changed > 0)
}

/// Gives a webhook of that version another secret; events are signed with the one before too, for a while. False if it has another version
/// by now, or is gone.
pub async fn rotate_secret<C: GenericClient>(
    client: &C,
    site_id: &str,
    id: &str,
    version: i64,
    sealed_secret: &str,
    overlap_seconds: f64,
) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("change the secret of a webhook");
    let sql = "UPDATE webhooks SET old_secret = secret, old_secret_until = now() + $5 * interval '1 second', secret = $4, \
               version = version + 1, changed_at = now() WHERE site_id = $1 AND id = $2 AND version = $3";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let changed = client.execute(&statement, &[&site_id, &id, &version, &sealed_secret, &overlap_seconds]).await;
    Ok(changed.map_err(failed)? > 0)
}

pub async fn secrets<C: GenericClient>(client: &C, id: &str) -> Result<Option<SealedSecrets>, DatabaseError> {
    let failed = DatabaseError::statement("read the secret of a webhook");
    let sql = format!("SELECT {SECRETS} FROM webhooks w WHERE w.id = $1");
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&id]).await.map_err(failed)?;
    row.map(|row| sealed(&row).map_err(failed)).transpose()
}

/// Deletes a webhook of that version with its deliveries. False if it has another version by now, or is gone.
pub async fn delete<C: GenericClient>(
    client: &C,
    site_id: &str,
    id: &str,
    version: i64,
) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("delete a webhook");
    // Lanes first, as whoever else locks both.
    let sql = "DELETE FROM webhook_lanes WHERE webhook_id IN (SELECT id FROM webhooks WHERE site_id = $1 AND id = $2 AND version = $3)";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[&site_id, &id, &version]).await.map_err(failed)?;
    let sql = "DELETE FROM webhooks WHERE site_id = $1 AND id = $2 AND version = $3";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    Ok(client.execute(&statement, &[&site_id, &id, &version]).await.map_err(failed)? > 0)
}

/// Those of the ids that are no cameras of the site.
pub async fn foreign_cameras<C: GenericClient>(
    client: &C,
    site_id: &str,
    ids: &[String],
) -> Result<Vec<String>, DatabaseError> {
    let failed = DatabaseError::statement("look for cameras");
    let sql = "SELECT i FROM unnest($2::text[]) i \
               WHERE NOT EXISTS (SELECT FROM cameras c WHERE c.id = i AND c.site_id = $1) ORDER BY i";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[&site_id, &ids]).await.map_err(failed)?;
    rows.iter().map(|row| row.try_get(0).map_err(failed)).collect()
}

/// Of the table `webhooks w`.
const SECRETS: &str =
    "w.secret, CASE WHEN w.old_secret_until > now() THEN w.old_secret END AS old_secret, w.username, w.password";

fn sealed(row: &Row) -> Result<SealedSecrets, tokio_postgres::Error> {
    let (username, password): (Option<String>, Option<String>) = (row.try_get("username")?, row.try_get("password")?);
    let credentials = username.zip(password).map(|(username, password)| SealedCredentials { username, password });
    Ok(SealedSecrets { newest: row.try_get("secret")?, old: row.try_get("old_secret")?, credentials })
}

fn words(events: &[EventKind]) -> Vec<&'static str> {
    events.iter().map(|event| event.word()).collect()
}

fn webhook(row: &Row) -> Result<Webhook, tokio_postgres::Error> {
    let events: Vec<String> = row.try_get("events")?;
    let settings = WebhookSettings {
        name: row.try_get("name")?,
        url: row.try_get("url")?,
        enabled: row.try_get("enabled")?,
        events: events.iter().filter_map(|word| EventKind::from_word(word)).collect(),
        kinds: row.try_get("kinds")?,
        severities: row.try_get("severities")?,
        camera_ids: row.try_get("camera_ids")?,
    };
    Ok(Webhook {
        id: row.try_get("id")?,
        site_id: row.try_get("site_id")?,
        settings,
        version: row.try_get("version")?,
        created_at: row.try_get("created_at")?,
        changed_at: row.try_get("changed_at")?,
        has_credentials: row.try_get("has_credentials")?,
        old_secret_until: row.try_get("old_secret_until")?,
        last_delivered_at: row.try_get("last_delivered_at")?,
        failing_since: row.try_get("failing_since")?,
        last_error: row.try_get("last_error")?,
        waiting_since: row.try_get("waiting_since")?,
    })
}
