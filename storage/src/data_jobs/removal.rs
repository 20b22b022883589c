//! What a deletion removes: rows in bounded steps, each in a transaction that also counts them, and the names of objects that go.

use std::time::{Duration, SystemTime};

use deadpool_postgres::{GenericClient, Transaction};
use tokio_postgres::types::ToSql;

use super::{Held, RANGES_LOCK, TimeRange, more};
use crate::postgres::{DatabaseError, PooledClient};

/// Frames in one step; each has some tens of detections.
const FRAMES: i64 = 2_000;
/// Rows of other tables in one step.
const ROWS: i64 = 5_000;

/// One camera's data of a range.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    pub held: Held<'a>,
    pub camera_id: &'a str,
    pub range: TimeRange,
}

/// Somebody else works on the job.
#[derive(Debug)]
pub struct Overtaken;

/// Deletes the rows of the next step. False when none is left; `Err(Overtaken)` if nothing was deleted because the job is another's.
pub async fn delete_some(
    client: &mut PooledClient,
    scope: Scope<'_>,
) -> Result<Result<bool, Overtaken>, DatabaseError> {
    let failed = DatabaseError::statement("delete rows of a range");
    let transaction = client.transaction().await.map_err(failed)?;
    let found = match frames(&transaction, scope).await? {
        Some(found) => Some(found),
        None => others(&transaction, scope).await?,
    };
    let Some(found) = found else { return Ok(Ok(false)) };
    for (kind, rows) in found {
        let sql =
            format!("UPDATE data_jobs SET counts = {} WHERE id = $1 AND epoch = $2", more("$3::text", "$4::bigint"));
        let counted =
            transaction.execute(&sql, &[&scope.held.id, &scope.held.epoch, &kind, &rows]).await.map_err(failed)?;
        if counted == 0 {
            return Ok(Err(Overtaken));
        }
    }
    transaction.commit().await.map_err(failed)?;
    Ok(Ok(true))
}

type Deleted = Vec<(&'static str, i64)>;

/// The frames of the earliest part of the range that has some, with their detections.
async fn frames(transaction: &Transaction<'_>, scope: Scope<'_>) -> Result<Option<Deleted>, DatabaseError> {
    let failed = DatabaseError::statement("delete frames of a range");
    let Scope { camera_id, range: TimeRange { from, to }, .. } = scope;
    // Of the earliest ones, so that each step reads the index where it begins, and one or two partitions.
    let first = "SELECT captured_at FROM frames WHERE camera_id = $1 AND captured_at >= $2 AND captured_at < $3 \
                 ORDER BY captured_at LIMIT 1";
    let Some(row) = transaction.query_opt(first, &[&camera_id, &from, &to]).await.map_err(failed)? else {
        return Ok(None);
    };
    let begin: SystemTime = row.try_get(0).map_err(failed)?;
    let end = "SELECT captured_at FROM frames WHERE camera_id = $1 AND captured_at > $2 AND captured_at < $3 \
               ORDER BY captured_at OFFSET $4 LIMIT 1";
    let end = transaction.query_opt(end, &[&camera_id, &begin, &to, &FRAMES]).await.map_err(failed)?;
    let end: SystemTime = end.map_or(Ok(to), |row| row.try_get(0)).map_err(failed)?;
    let mut deleted = Vec::new();
    for table in ["detections", "frames"] {
        let sql = format!("DELETE FROM {table} WHERE camera_id = $1 AND captured_at >= $2 AND captured_at < $3");
        let rows = transaction.execute(&sql, &[&camera_id, &begin, &end]).await.map_err(failed)?;
        deleted.push((table, rows as i64));
    }
    Ok(Some(deleted))
}

/// Statements with the camera, begin and end of the range, each of which deletes some rows of its kind.
fn statements() -> [(&'static str, String); 4] {
    [
        // A track is one row about all that was seen of it, so it goes if any of it was seen in the range.
        (
            "tracks",
            format!(
                "DELETE FROM tracks WHERE (camera_id, session, track_id) IN (SELECT camera_id, session, track_id FROM tracks \
                 WHERE camera_id = $1 AND last_seen >= $2 AND first_seen < $3 LIMIT {ROWS})"
            ),
        ),
        (
            "passages",
            format!(
                "DELETE FROM passages WHERE ctid IN (SELECT ctid FROM passages \
                 WHERE camera_id = $1 AND passed_at >= $2 AND passed_at < $3 LIMIT {ROWS})"
            ),
        ),
        (
            "count_bins",
            format!(
                "DELETE FROM counts_1m WHERE ctid IN (SELECT ctid FROM counts_1m \
                 WHERE camera_id = $1 AND starts_at >= $2 AND starts_at < $3 LIMIT {ROWS})"
            ),
        ),
        (
            "watched_bins",
            format!(
                "DELETE FROM watched_1m WHERE ctid IN (SELECT ctid FROM watched_1m \
                 WHERE camera_id = $1 AND starts_at >= $2 AND starts_at < $3 LIMIT {ROWS})"
            ),
        ),
    ]
}

async fn others(transaction: &Transaction<'_>, scope: Scope<'_>) -> Result<Option<Deleted>, DatabaseError> {
    let failed = DatabaseError::statement("delete rows of a range");
    let Scope { camera_id, range: TimeRange { from, to }, .. } = scope;
    let parameters: [&(dyn ToSql + Sync); 3] = [&camera_id, &from, &to];
    if let Some(deleted) = alerts(transaction, scope).await? {
        return Ok(Some(deleted));
    }
    for (kind, sql) in statements() {
        let rows = transaction.execute(&sql, &parameters).await.map_err(failed)?;
        if rows > 0 {
            return Ok(Some(vec![(kind, rows as i64)]));
        }
    }
    let last = "DELETE FROM watched_until WHERE camera_id = $1 AND captured_at >= $2 AND captured_at < $3";
    transaction.execute(last, &parameters).await.map_err(failed)?;
    // Those that wait are sent first; a later look finds them.
    let deliveries = "DELETE FROM webhook_deliveries WHERE camera_id = $1 AND state <> 1 \
                      AND (body::jsonb #>> '{alert,captured_at}')::timestamptz >= $2 \
                      AND (body::jsonb #>> '{alert,captured_at}')::timestamptz < $3";
    let rows = transaction.execute(deliveries, &parameters).await.map_err(failed)?;
    Ok((rows > 0).then(|| vec![("webhook_deliveries", rows as i64)]))
}

/// Alerts, with what people said about them. Which pictures they had stays known.
async fn alerts(transaction: &Transaction<'_>, scope: Scope<'_>) -> Result<Option<Deleted>, DatabaseError> {
    let failed = DatabaseError::statement("delete alerts of a range");
    let Scope { held, camera_id, range: TimeRange { from, to } } = scope;
    let found = format!(
        "SELECT id FROM alerts WHERE camera_id = $1 AND captured_at >= $2 AND captured_at < $3 ORDER BY captured_at LIMIT {ROWS} \
         FOR UPDATE"
    );
    let rows = transaction.query(&found, &[&camera_id, &from, &to]).await.map_err(failed)?;
    let ids: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(failed)?;
    if ids.is_empty() {
        return Ok(None);
    }
    let keys = "INSERT INTO deleted_objects (key, job_id) SELECT key, $2 FROM alerts, unnest(ARRAY[snapshot_key, clip_key]) key \
                WHERE id = ANY($1) AND key <> '' ON CONFLICT (key) DO NOTHING";
    transaction.execute(keys, &[&ids, &held.id]).await.map_err(failed)?;
    let mut deleted = Vec::new();
    for (kind, table, column) in [
        ("reviews", "alert_reviews", "alert_id"),
        ("comments", "alert_comments", "alert_id"),
        ("seen_marks", "alert_seen", "alert_id"),
        ("alerts", "alerts", "id"),
    ] {
        let sql = format!("DELETE FROM {table} WHERE {column} = ANY($1)");
        let rows = transaction.execute(&sql, &[&ids]).await.map_err(failed)?;
        deleted.push((kind, rows as i64));
    }
    Ok(Some(deleted))
}

/// The quarters of an hour that the range touches count what is left of their minutes. False if the job is another's.
pub async fn make_quarters_anew(client: &mut PooledClient, scope: Scope<'_>) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("count what is left of a quarter of an hour");
    let Scope { held, camera_id, range: TimeRange { from, to } } = scope;
    for (table, of_minutes, columns, sum) in [
        ("counts_15m", "counts_1m", "line_id, zone_id, file_session, direction, class", "passages"),
        ("watched_15m", "watched_1m", "file_session, watch_id", "watched_us"),
    ] {
        let transaction = client.transaction().await.map_err(failed)?;
        // The sink adds to minutes and quarters in one transaction, which must be seen whole.
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&RANGES_LOCK]).await.map_err(failed)?;
        let delete = format!(
            "DELETE FROM {table} WHERE camera_id = $1 AND starts_at >= date_bin('15 minutes', $2::timestamptz, '1970-01-01 00:00+00') \
             AND starts_at < $3"
        );
        transaction.execute(&delete, &[&camera_id, &from, &to]).await.map_err(failed)?;
        let insert = format!(
            "INSERT INTO {table} (camera_id, starts_at, {columns}, {sum}) \
             SELECT camera_id, date_bin('15 minutes', starts_at, '1970-01-01 00:00+00'), {columns}, sum({sum})::bigint \
             FROM {of_minutes} WHERE camera_id = $1 \
             AND (starts_at >= date_bin('15 minutes', $2::timestamptz, '1970-01-01 00:00+00') AND starts_at < $2 \
             OR starts_at >= $3 AND starts_at < date_bin('15 minutes', $3::timestamptz - interval '1 us', '1970-01-01 00:00+00') \
             + interval '15 minutes') GROUP BY 1, 2, {columns}"
        );
        transaction.execute(&insert, &[&camera_id, &from, &to]).await.map_err(failed)?;
        let ours = "SELECT 1 FROM data_jobs WHERE id = $1 AND epoch = $2 FOR UPDATE";
        if transaction.query_opt(ours, &[&held.id, &held.epoch]).await.map_err(failed)?.is_none() {
            return Ok(false);
        }
        transaction.commit().await.map_err(failed)?;
    }
    Ok(true)
}

/// Keys of pictures that go, in their order, after the key `after`; at most `limit`.
pub async fn pictures<C: GenericClient>(
    client: &C,
    job_id: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<String>, DatabaseError> {
    let failed = DatabaseError::statement("list the pictures of a range");
    let sql = "SELECT key FROM deleted_objects WHERE job_id = $1 AND key > $2 ORDER BY key LIMIT $3";
    let rows = client.query(sql, &[&job_id, &after, &limit]).await.map_err(failed)?;
    rows.iter().map(|row| row.try_get(0).map_err(failed)).collect()
}

/// These pictures are there, and are removed next. They are counted, each once. False if the job is another's.
pub async fn count_pictures(client: &mut PooledClient, held: Held<'_>, keys: &[String]) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("count the pictures of a range");
    let transaction = client.transaction().await.map_err(failed)?;
    let sql = "UPDATE deleted_objects SET found = true WHERE job_id = $1 AND key = ANY($2)";
    transaction.execute(sql, &[&held.id, &keys]).await.map_err(failed)?;
    let sql = "UPDATE data_jobs SET counts = counts || (SELECT jsonb_build_object( \
               'snapshots', count(*) FILTER (WHERE key LIKE 'snapshots/%'), 'clips', count(*) FILTER (WHERE key LIKE 'clips/%')) \
               FROM deleted_objects WHERE job_id = $1 AND found) WHERE id = $1 AND epoch = $2";
    if transaction.execute(sql, &[&held.id, &held.epoch]).await.map_err(failed)? == 0 {
        return Ok(false);
    }
    transaction.commit().await.map(|()| true).map_err(failed)
}

/// A Parquet object that is changed next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingObject {
    pub key: String,
    /// Rows that go.
    pub rows: i64,
    /// All of its rows go.
    pub whole: bool,
}

/// Records what is done next, so that it is counted if this process ends meanwhile. False if the job is another's.
pub async fn set_pending<C: GenericClient>(
    client: &C,
    held: Held<'_>,
    object: &PendingObject,
    hold: Duration,
) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("record the object that is changed");
    let sql = "UPDATE data_jobs SET pending = jsonb_build_object('key', $3::text, 'rows', $4::bigint, 'whole', $5::boolean), \
               held_until = now() + $6 * interval '1 second' WHERE id = $1 AND epoch = $2";
    let PendingObject { key, rows, whole } = object;
    let set = client.execute(sql, &[&held.id, &held.epoch, key, rows, whole, &hold.as_secs_f64()]).await;
    set.map(|rows| rows == 1).map_err(failed)
}

/// It is changed, and counted.
pub async fn count_pending<C: GenericClient>(client: &C, held: Held<'_>) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("count the object that was changed");
    let objects =
        "CASE WHEN (pending ->> 'whole')::boolean THEN 'parquet_objects_removed' ELSE 'parquet_objects_rewritten' END";
    let with_rows = more("'parquet_rows'", "(pending ->> 'rows')::bigint");
    let sql = format!(
        "UPDATE data_jobs SET counts = ({with_rows}) || jsonb_build_object({objects}, coalesce((counts ->> {objects})::bigint, 0) + 1), \
         pending = NULL WHERE id = $1 AND epoch = $2 AND pending IS NOT NULL"
    );
    client.execute(&sql, &[&held.id, &held.epoch]).await.map(|rows| rows == 1).map_err(failed)
}

/// Everything that was there is gone, as far as this look found it. `next`: when to look again; `None`: never. `began`: of this look.
pub async fn finish_look<C: GenericClient>(
    client: &C,
    held: Held<'_>,
    began: SystemTime,
    next: Option<Duration>,
) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("end a deletion");
    let sql = "WITH known AS (DELETE FROM deleted_objects WHERE job_id = $1 AND $4::float8 IS NULL \
               AND EXISTS (SELECT FROM data_jobs WHERE id = $1 AND epoch = $2)) \
               UPDATE data_jobs SET step = '', problem = NULL, held_until = NULL, checked_until = $3, checks = checks + 1, \
               due_at = now() + $4::float8 * interval '1 second', \
               changed_at = CASE WHEN state = 'running' THEN now() ELSE changed_at END, state = 'done' WHERE id = $1 AND epoch = $2";
    let seconds = next.map(|next| next.as_secs_f64());
    client.execute(sql, &[&held.id, &held.epoch, &began, &seconds]).await.map(|rows| rows == 1).map_err(failed)
}
