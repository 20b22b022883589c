//! Deletions and exports of one camera's data by range of time: tables `data_jobs` and `deleted_objects`.
//!
//! A process takes a job for a while ([`claim`]), and gives a number, the epoch, with whatever it records. One that was overtaken has an
//! earlier number and can record nothing.

pub mod export;
pub mod removal;

use std::time::{Duration, SystemTime};

use deadpool_postgres::GenericClient;
use serde_json::Value;
use tokio_postgres::Row;

use crate::ids::new_id;
use crate::postgres::DatabaseError;

/// Key of the advisory lock that a batch of the sink shares, and that a new deletion has for itself: when it has it, all rows of batches that
/// did not know of the deletion are visible to it.
pub const RANGES_LOCK: i64 = 0x0076_7275_6465_6c65;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    Deletion,
    Export,
}

impl JobKind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Deletion => "deletion",
            Self::Export => "export",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    Queued,
    Running,
    Done,
    Failed,
    /// The archive is removed.
    Expired,
}

impl JobState {
    const ALL: [Self; 5] = [Self::Queued, Self::Running, Self::Done, Self::Failed, Self::Expired];

    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }

    /// A word of another version is nothing that goes on.
    fn of(word: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.word() == word).unwrap_or(Self::Failed)
    }
}

/// A range of capture time: from the first moment on, and before the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    pub from: SystemTime,
    pub to: SystemTime,
}

#[derive(Debug, Clone)]
pub struct DataJob {
    pub id: String,
    pub site_id: String,
    pub camera_id: String,
    pub range: TimeRange,
    pub state: JobState,
    pub step: String,
    pub created_at: SystemTime,
    pub changed_at: SystemTime,
    /// `None`: nothing is left to do.
    pub due_at: Option<SystemTime>,
    pub epoch: i64,
    /// Numbers by kind.
    pub counts: Value,
    pub pending: Option<Value>,
    pub checks: i32,
    pub checked_until: Option<SystemTime>,
    pub object_key: Option<String>,
    pub multipart_id: Option<String>,
    pub bytes: Option<i64>,
    pub sha256: Option<String>,
    pub expires_at: Option<SystemTime>,
    pub problem: Option<String>,
}

const COLUMNS: &str = "id, site_id, camera_id, from_at, to_at, state, step, created_at, changed_at, due_at, epoch, counts, pending, \
     checks, checked_until, object_key, multipart_id, bytes, sha256, expires_at, problem";

/// Makes a job. A deletion must be made in a transaction, and waits for the batches of the sink that are being stored.
pub async fn create<C: GenericClient>(
    client: &C,
    kind: JobKind,
    (site_id, camera_id): (&str, &str),
    range: TimeRange,
) -> Result<DataJob, DatabaseError> {
    let failed = DatabaseError::statement("make a job");
    if kind == JobKind::Deletion {
        client.execute("SELECT pg_advisory_xact_lock($1)", &[&RANGES_LOCK]).await.map_err(failed)?;
    }
    let id = new_id(kind.word());
    let sql = format!(
        "INSERT INTO data_jobs (id, site_id, camera_id, kind, from_at, to_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING {COLUMNS}"
    );
    let row = client.query_one(&sql, &[&id, &site_id, &camera_id, &kind.word(), &range.from, &range.to]).await;
    job(&row.map_err(failed)?).map_err(failed)
}

/// How many jobs of the kind the site has that have not ended.
pub async fn waiting<C: GenericClient>(client: &C, site_id: &str, kind: JobKind) -> Result<i64, DatabaseError> {
    let failed = DatabaseError::statement("count jobs");
    let sql = "SELECT count(*) FROM data_jobs WHERE site_id = $1 AND kind = $2 AND state IN ('queued', 'running')";
    client.query_one(sql, &[&site_id, &kind.word()]).await.and_then(|row| row.try_get(0)).map_err(failed)
}

/// `None` if the site has none with that id.
pub async fn find<C: GenericClient>(
    client: &C,
    site_id: &str,
    kind: JobKind,
    id: &str,
) -> Result<Option<DataJob>, DatabaseError> {
    let failed = DatabaseError::statement("read a job");
    let sql = format!("SELECT {COLUMNS} FROM data_jobs WHERE site_id = $1 AND kind = $2 AND id = $3");
    let row = client.query_opt(&sql, &[&site_id, &kind.word(), &id]).await.map_err(failed)?;
    row.map(|row| job(&row).map_err(failed)).transpose()
}

/// At most `limit` jobs of the site in the order of their ids, after the id `after`.
pub async fn list<C: GenericClient>(
    client: &C,
    site_id: &str,
    kind: JobKind,
    after: &str,
    limit: i64,
) -> Result<Vec<DataJob>, DatabaseError> {
    let failed = DatabaseError::statement("list jobs");
    let sql =
        format!("SELECT {COLUMNS} FROM data_jobs WHERE site_id = $1 AND kind = $2 AND id > $3 ORDER BY id LIMIT $4");
    let rows = client.query(&sql, &[&site_id, &kind.word(), &after, &limit]).await.map_err(failed)?;
    rows.iter().map(|row| job(row).map_err(failed)).collect()
}

/// The next job with something to do, for `hold`.
pub async fn claim<C: GenericClient>(
    client: &C,
    kind: JobKind,
    hold: Duration,
) -> Result<Option<DataJob>, DatabaseError> {
    let failed = DatabaseError::statement("take a job");
    let sql = format!(
        "UPDATE data_jobs SET epoch = epoch + 1, held_until = now() + $2 * interval '1 second', \
         changed_at = CASE WHEN state = 'queued' THEN now() ELSE changed_at END, \
         state = CASE WHEN state = 'queued' THEN 'running' ELSE state END \
         WHERE id = (SELECT id FROM data_jobs WHERE kind = $1 AND due_at <= now() AND (held_until IS NULL OR held_until <= now()) \
         ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING {COLUMNS}"
    );
    let row = client.query_opt(&sql, &[&kind.word(), &hold.as_secs_f64()]).await.map_err(failed)?;
    row.map(|row| job(&row).map_err(failed)).transpose()
}

/// Whoever works on it goes on, and does this now. False if it was overtaken.
pub async fn renew<C: GenericClient>(
    client: &C,
    held: Held<'_>,
    step: &str,
    hold: Duration,
) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("go on with a job");
    let sql = "UPDATE data_jobs SET step = $3, problem = NULL, held_until = now() + $4 * interval '1 second' \
               WHERE id = $1 AND epoch = $2";
    let changed = client.execute(sql, &[&held.id, &held.epoch, &step, &hold.as_secs_f64()]).await;
    changed.map(|rows| rows == 1).map_err(failed)
}

/// It is tried again after a while. `problem`: for what it waits.
pub async fn postpone<C: GenericClient>(
    client: &C,
    held: Held<'_>,
    problem: Option<&str>,
    pause: Duration,
) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("postpone a job");
    let sql = "UPDATE data_jobs SET problem = $3, due_at = now() + $4 * interval '1 second', held_until = NULL \
               WHERE id = $1 AND epoch = $2";
    client.execute(sql, &[&held.id, &held.epoch, &problem, &pause.as_secs_f64()]).await.map(drop).map_err(failed)
}

/// Who works on a job.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    pub id: &'a str,
    pub epoch: i64,
}

impl DataJob {
    pub fn held(&self) -> Held<'_> {
        Held { id: &self.id, epoch: self.epoch }
    }

    /// How many of a kind.
    pub fn count(&self, kind: &str) -> i64 {
        self.counts[kind].as_i64().unwrap_or_default()
    }
}

/// An SQL expression: the column `counts` with so many more. `kind` and `number` are expressions.
fn more(kind: &str, number: &str) -> String {
    format!("counts || jsonb_build_object({kind}, coalesce((counts ->> {kind})::bigint, 0) + {number})")
}

fn job(row: &Row) -> Result<DataJob, tokio_postgres::Error> {
    Ok(DataJob {
        id: row.try_get("id")?,
        site_id: row.try_get("site_id")?,
        camera_id: row.try_get("camera_id")?,
        range: TimeRange { from: row.try_get("from_at")?, to: row.try_get("to_at")? },
        state: JobState::of(row.try_get("state")?),
        step: row.try_get("step")?,
        created_at: row.try_get("created_at")?,
        changed_at: row.try_get("changed_at")?,
        due_at: row.try_get("due_at")?,
        epoch: row.try_get("epoch")?,
        counts: row.try_get("counts")?,
        pending: row.try_get("pending")?,
        checks: row.try_get("checks")?,
        checked_until: row.try_get("checked_until")?,
        object_key: row.try_get("object_key")?,
        multipart_id: row.try_get("multipart_id")?,
        bytes: row.try_get("bytes")?,
        sha256: row.try_get("sha256")?,
        expires_at: row.try_get("expires_at")?,
        problem: row.try_get("problem")?,
    })
}
