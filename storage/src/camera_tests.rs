//! Tests of cameras: table `camera_tests`. Each replica of the API may write what ingest reports, and each finds it.

use std::time::{Duration, SystemTime};

use deadpool_postgres::GenericClient;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::ids::new_id;
use crate::postgres::DatabaseError;

/// What is known of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraTest {
    pub id: String,
    pub site_id: String,
    /// `None` for settings that are not saved.
    pub camera_id: Option<String>,
    pub created_at: SystemTime,
    pub host: Option<String>,
    pub state: State,
}

#[derive(Debug, Clone, PartialEq)]
pub enum State {
    Pending,
    Running {
        since: SystemTime,
    },
    Seen {
        at: SystemTime,
        seen: Value,
        snapshot: Snapshot,
    },
    Failed {
        at: SystemTime,
        failure: Failure,
    },
    /// Nobody has reported anything in time.
    Silent {
        since: SystemTime,
        started: bool,
    },
}

/// The picture of a camera that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Snapshot {
    There,
    /// Why there is none.
    Missing(String),
    /// Inference was to blur it, and has not answered in time.
    Unanswered,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub reason: String,
    pub phase: String,
    pub error: String,
}

/// What ingest reports at the end.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// As the API shows it, and a JPEG as the camera sends it.
    Seen(Value, Vec<u8>),
    Failed(Failure),
}

/// Of a test whose picture must be blurred: a picture that is not blurred is not stored.
const NOT_BLURRED: &str = "ingest sent a picture that is not blurred, which is not shown: it is older than the API";

/// How many unfinished tests the site has. Until the end of the transaction nobody else adds one.
pub async fn unfinished<C: GenericClient>(client: &C, site_id: &str) -> Result<i64, DatabaseError> {
    let failed = DatabaseError::statement("count tests of cameras");
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('camera_tests.' || $1, 0))";
    let statement = client.prepare_cached(lock).await.map_err(failed)?;
    client.execute(&statement, &[&site_id]).await.map_err(failed)?;
    let sql = "SELECT count(*) FROM camera_tests WHERE site_id = $1 AND finished_at IS NULL AND ends_at > now()";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let row = client.query_one(&statement, &[&site_id]).await.map_err(failed)?;
    row.try_get(0).map_err(failed)
}

pub fn new_test_id() -> String {
    new_id("test")
}

/// `wait`: until when it has failed unless something is reported.
pub async fn create<C: GenericClient>(
    client: &C,
    id: &str,
    site_id: &str,
    camera_id: Option<&str>,
    unblurred: bool,
    wait: Duration,
) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("add a test of a camera");
    let sql = "INSERT INTO camera_tests (id, site_id, camera_id, unblurred, ends_at) \
               VALUES ($1, $2, $3, $4, now() + $5 * interval '1 second')";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let wait = wait.as_secs_f64();
    client.execute(&statement, &[&id, &site_id, &camera_id, &unblurred, &wait]).await.map(drop).map_err(failed)
}

/// Ingest tries it, for `wait` at most. Does nothing for a test that has ended.
pub async fn start<C: GenericClient>(client: &C, id: &str, host: &str, wait: Duration) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("start a test of a camera");
    let sql = "UPDATE camera_tests SET started_at = now(), host = $2, ends_at = now() + $3 * interval '1 second' \
               WHERE id = $1 AND finished_at IS NULL AND started_at IS NULL AND ends_at > now()";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[&id, &host, &wait.as_secs_f64()]).await.map(drop).map_err(failed)
}

/// Does nothing for a test that has ended: what somebody was told stays true.
pub async fn finish<C: GenericClient>(
    client: &C,
    id: &str,
    host: Option<&str>,
    outcome: &Outcome,
) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("finish a test of a camera");
    let sql = "UPDATE camera_tests SET finished_at = now(), host = coalesce($2, host), seen = $3, \
               snapshot = CASE WHEN unblurred THEN $4::bytea END, \
               snapshot_problem = CASE WHEN NOT unblurred AND $4::bytea IS NOT NULL THEN $8 END, \
               reason = $5, phase = $6, error = $7 WHERE id = $1 AND finished_at IS NULL AND ends_at > now()";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let (seen, failure) = match outcome {
        Outcome::Seen(seen, snapshot) => (Some((seen, snapshot)), None),
        Outcome::Failed(failure) => (None, Some(failure)),
    };
    let (seen, snapshot) = seen.unzip();
    let (reason, phase) = (failure.map(|failure| &failure.reason), failure.map(|failure| &failure.phase));
    let error = failure.map(|failure| &failure.error);
    let parameters: [&(dyn ToSql + Sync); 8] = [&id, &host, &seen, &snapshot, &reason, &phase, &error, &NOT_BLURRED];
    client.execute(&statement, &parameters).await.map(drop).map_err(failed)
}

/// The camera was seen, and its picture is with inference, which blurs it, for `wait` at most.
pub async fn await_picture<C: GenericClient>(
    client: &C,
    id: &str,
    host: &str,
    seen: &Value,
    wait: Duration,
) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("store what a tested camera sends");
    let sql = "UPDATE camera_tests SET host = $2, seen = $3, ends_at = now() + $4 * interval '1 second' \
               WHERE id = $1 AND finished_at IS NULL AND seen IS NULL AND ends_at > now()";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[&id, &host, &seen, &wait.as_secs_f64()]).await.map(drop).map_err(failed)
}

/// A blurred picture, or why there is none. Does nothing for a test that has ended, or does not wait for a picture.
pub async fn finish_picture<C: GenericClient>(
    client: &C,
    id: &str,
    picture: Result<&[u8], &str>,
) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("store the picture of a tested camera");
    let sql = "UPDATE camera_tests SET finished_at = now(), snapshot = $2, snapshot_problem = $3 \
               WHERE id = $1 AND finished_at IS NULL AND seen IS NOT NULL AND ends_at > now()";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let (snapshot, problem) = (picture.ok(), picture.err());
    client.execute(&statement, &[&id, &snapshot, &problem]).await.map(drop).map_err(failed)
}

/// `None` if the site has none with that id.
pub async fn find<C: GenericClient>(client: &C, site_id: &str, id: &str) -> Result<Option<CameraTest>, DatabaseError> {
    let failed = DatabaseError::statement("read a test of a camera");
    let sql = "SELECT id, site_id, camera_id, created_at, ends_at, ends_at <= now() AS ended, started_at, host, finished_at, seen, \
               reason, phase, error, snapshot_problem FROM camera_tests WHERE site_id = $1 AND id = $2";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&site_id, &id]).await.map_err(failed)?;
    row.map(|row| camera_test(&row).map_err(failed)).transpose()
}

fn camera_test(row: &Row) -> Result<CameraTest, tokio_postgres::Error> {
    let started: Option<SystemTime> = row.try_get("started_at")?;
    let seen: Option<Value> = row.try_get("seen")?;
    let state = match (row.try_get("finished_at")?, row.try_get("reason")?) {
        (Some(at), Some(reason)) => {
            let (phase, error) = (row.try_get("phase")?, row.try_get("error")?);
            State::Failed { at, failure: Failure { reason, phase, error } }
        }
        (Some(at), None) => {
            let problem: Option<String> = row.try_get("snapshot_problem")?;
            let snapshot = problem.map_or(Snapshot::There, Snapshot::Missing);
            State::Seen { at, seen: seen.unwrap_or_default(), snapshot }
        }
        (None, _) if row.try_get("ended")? && seen.is_some() => {
            State::Seen { at: row.try_get("ends_at")?, seen: seen.unwrap_or_default(), snapshot: Snapshot::Unanswered }
        }
        (None, _) if row.try_get("ended")? => {
            State::Silent { since: row.try_get("ends_at")?, started: started.is_some() }
        }
        (None, _) => started.map_or(State::Pending, |since| State::Running { since }),
    };
    Ok(CameraTest {
        id: row.try_get("id")?,
        site_id: row.try_get("site_id")?,
        camera_id: row.try_get("camera_id")?,
        created_at: row.try_get("created_at")?,
        host: row.try_get("host")?,
        state,
    })
}

/// The picture of a test; `None` if the site has no such test, or it has none.
pub async fn snapshot<C: GenericClient>(client: &C, site_id: &str, id: &str) -> Result<Option<Vec<u8>>, DatabaseError> {
    let failed = DatabaseError::statement("read the picture of a test of a camera");
    let sql = "SELECT snapshot FROM camera_tests WHERE site_id = $1 AND id = $2";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&site_id, &id]).await.map_err(failed)?;
    row.map_or(Ok(None), |row| row.try_get(0).map_err(failed))
}

/// Deletes those that are an hour old. Returns how many.
pub async fn delete_old<C: GenericClient>(client: &C) -> Result<u64, DatabaseError> {
    let deleted = client.execute("DELETE FROM camera_tests WHERE created_at < now() - interval '1 hour'", &[]).await;
    deleted.map_err(DatabaseError::statement("delete old tests of cameras"))
}
