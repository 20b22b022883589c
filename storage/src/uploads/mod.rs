//! Uploads: table `uploads`. Each replica of the API may go on with one at any time: everything that is known of it is here and in the
//! bucket.
//!
//! - `receiving`: who receives, and how far it is. `jobs`: what becomes of a complete file. `removal`: what is deleted of it. `frames`: what was
//!   found.

mod frames;
mod jobs;
mod receiving;
mod removal;

use std::time::SystemTime;

use deadpool_postgres::GenericClient;
use serde_json::Value;
use tokio_postgres::Row;

use crate::ids::new_id;
use crate::postgres::DatabaseError;

pub use frames::{AnalysedFrame, FoundObject, FramePlace, frames};
pub use jobs::{
    Seen, claim_complete, end, look, mark_queued, of_session, reject, running, set_damage, set_estimate, set_progress,
    set_waiting, source,
};
pub use receiving::{Advance, Taken, advance, release, renew, take};
pub use removal::{claim_deleting, delete_expired, delete_rows, forget, pictures, start_deletion};

/// What is known of an upload.
#[derive(Debug, Clone, PartialEq)]
pub struct Upload {
    pub id: String,
    pub site_id: String,
    pub name: String,
    pub metadata: String,
    pub length: i64,
    pub settings: Value,
    pub session: i64,
    pub start_time: SystemTime,
    pub created_at: SystemTime,
    pub expires_at: SystemTime,
    /// It is not received any more, because nobody went on for too long.
    pub expired: bool,
    pub state: State,
    pub changed_at: SystemTime,
    pub object_key: String,
    pub stored: bool,
    pub part_bytes: i64,
    pub received: i64,
    pub multipart_id: Option<String>,
    pub part_tags: Vec<String>,
    pub tail_key: Option<String>,
    pub epoch: i64,
    /// Somebody works on it.
    pub held: bool,
    pub camera_id: Option<String>,
    pub frames: i64,
    pub frames_total: Option<i64>,
    /// By the length and rate that its container announces.
    pub frames_estimate: Option<i64>,
    pub problem: Option<String>,
    /// What is missing in its frames.
    pub damage: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Bytes are missing.
    Receiving,
    /// All bytes are there.
    Checking,
    /// Its camera was added.
    Queued,
    /// Frames of it are stored.
    Analysing,
    /// All its frames are stored.
    Done,
    Failed,
    Cancelled,
    /// It is gone for people, and what is left of it is being removed.
    Deleting,
}

impl State {
    const ALL: [Self; 8] = [
        Self::Receiving,
        Self::Checking,
        Self::Queued,
        Self::Analysing,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
        Self::Deleting,
    ];

    /// As stored.
    pub fn word(self) -> &'static str {
        match self {
            Self::Receiving => "receiving",
            Self::Checking => "checking",
            Self::Queued => "queued",
            Self::Analysing => "analysing",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Deleting => "deleting",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// What is needed to begin an upload.
#[derive(Debug, Clone)]
pub struct NewUpload<'a> {
    pub id: &'a str,
    pub site_id: &'a str,
    pub name: &'a str,
    pub metadata: &'a str,
    pub length: i64,
    pub settings: &'a Value,
    pub session: i64,
    pub start_time: SystemTime,
    pub object_key: &'a str,
    pub part_bytes: i64,
    /// Seconds until it expires.
    pub expire_after: f64,
}

/// Of the table `uploads u`.
const COLUMNS: &str = "u.id, u.site_id, u.name, u.metadata, u.length, u.settings, u.session, u.start_time, u.created_at, u.expires_at, \
     u.expires_at <= now() AS expired, u.state, u.changed_at, u.object_key, u.stored, u.part_bytes, u.received, u.multipart_id, \
     u.part_tags, u.tail_key, u.epoch, coalesce(u.held_until > now(), false) AS held, u.camera_id, u.frames, u.frames_total, \
     u.frames_estimate, u.problem, u.damage";

pub fn new_upload_id() -> String {
    new_id("upload")
}

/// How many bytes the site's uploads have or will have. Until the end of the transaction nobody else adds one.
pub async fn used_bytes<C: GenericClient>(client: &C, site_id: &str) -> Result<i64, DatabaseError> {
    let failed = DatabaseError::statement("add up the uploads of a site");
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('uploads.' || $1, 0))";
    let statement = client.prepare_cached(lock).await.map_err(failed)?;
    client.execute(&statement, &[&site_id]).await.map_err(failed)?;
    let sql = "SELECT coalesce(sum(length), 0)::bigint FROM uploads WHERE site_id = $1 AND stored";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.query_one(&statement, &[&site_id]).await.and_then(|row| row.try_get(0)).map_err(failed)
}

pub async fn create<C: GenericClient>(client: &C, new: &NewUpload<'_>) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("add an upload");
    let sql = "INSERT INTO uploads (id, site_id, name, metadata, length, settings, session, start_time, object_key, part_bytes, \
               expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now() + $11 * interval '1 second')";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let NewUpload { id, site_id, name, metadata, length, settings, session, start_time, .. } = new;
    let NewUpload { object_key, part_bytes, expire_after, .. } = new;
    client
        .execute(
            &statement,
            &[id, site_id, name, metadata, length, settings, session, start_time, object_key, part_bytes, expire_after],
        )
        .await
        .map(drop)
        .map_err(failed)
}

/// `None` if the site has none with that id, or it is deleted.
pub async fn find<C: GenericClient>(client: &C, site_id: &str, id: &str) -> Result<Option<Upload>, DatabaseError> {
    one(client, "read an upload", "u.site_id = $1 AND u.id = $2 AND u.state <> 'deleting'", site_id, id).await
}

/// The same; until the end of the transaction nobody else changes it.
pub async fn lock<C: GenericClient>(client: &C, site_id: &str, id: &str) -> Result<Option<Upload>, DatabaseError> {
    let condition = "u.site_id = $1 AND u.id = $2 AND u.state <> 'deleting' FOR UPDATE";
    one(client, "lock an upload", condition, site_id, id).await
}

async fn one<C: GenericClient>(
    client: &C,
    operation: &'static str,
    condition: &str,
    site_id: &str,
    id: &str,
) -> Result<Option<Upload>, DatabaseError> {
    let failed = DatabaseError::statement(operation);
    let sql = format!("SELECT {COLUMNS} FROM uploads u WHERE {condition}");
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&site_id, &id]).await.map_err(failed)?;
    row.map(|row| upload(&row).map_err(failed)).transpose()
}

/// At most `limit` uploads of the site, in the order of their ids, after the id `after`.
pub async fn list<C: GenericClient>(
    client: &C,
    site_id: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<Upload>, DatabaseError> {
    let failed = DatabaseError::statement("list uploads");
    let sql = format!(
        "SELECT {COLUMNS} FROM uploads u WHERE u.site_id = $1 AND u.id > $2 AND u.state <> 'deleting' ORDER BY u.id LIMIT $3"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[&site_id, &after, &limit]).await.map_err(failed)?;
    rows.iter().map(|row| upload(row).map_err(failed)).collect()
}

fn upload(row: &Row) -> Result<Upload, tokio_postgres::Error> {
    let word: String = row.try_get("state")?;
    Ok(Upload {
        id: row.try_get("id")?,
        site_id: row.try_get("site_id")?,
        name: row.try_get("name")?,
        metadata: row.try_get("metadata")?,
        length: row.try_get("length")?,
        settings: row.try_get("settings")?,
        session: row.try_get("session")?,
        start_time: row.try_get("start_time")?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
        expired: row.try_get("expired")?,
        // A state of a later version is none in which this one does something.
        state: State::from_word(&word).unwrap_or(State::Failed),
        changed_at: row.try_get("changed_at")?,
        object_key: row.try_get("object_key")?,
        stored: row.try_get("stored")?,
        part_bytes: row.try_get("part_bytes")?,
        received: row.try_get("received")?,
        multipart_id: row.try_get("multipart_id")?,
        part_tags: row.try_get("part_tags")?,
        tail_key: row.try_get("tail_key")?,
        epoch: row.try_get("epoch")?,
        held: row.try_get("held")?,
        camera_id: row.try_get("camera_id")?,
        frames: row.try_get("frames")?,
        frames_total: row.try_get("frames_total")?,
        frames_estimate: row.try_get("frames_estimate")?,
        problem: row.try_get("problem")?,
        damage: row.try_get("damage")?,
    })
}
