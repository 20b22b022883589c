//! What an export contains, and what becomes of it.

use std::time::Duration;

use deadpool_postgres::{GenericClient, Transaction};
use serde_json::Value;
use tokio_postgres::Portal;

use super::{COLUMNS, DataJob, Held, TimeRange, job};
use crate::postgres::{DatabaseError, PooledClient};

/// Rows that are in memory at a time.
const ROWS: i32 = 2_000;

/// Kinds of rows, each a file of the archive. The statements have the camera, the begin and the end of the range.
pub const PARTS: [(&str, &str); 9] = [
    ("frames", "SELECT * FROM frames WHERE camera_id = $1 AND captured_at >= $2 AND captured_at < $3"),
    ("detections", "SELECT * FROM detections WHERE camera_id = $1 AND captured_at >= $2 AND captured_at < $3"),
    ("tracks", "SELECT * FROM tracks WHERE camera_id = $1 AND last_seen >= $2 AND first_seen < $3"),
    ("alerts", "SELECT * FROM alerts WHERE camera_id = $1 AND captured_at >= $2 AND captured_at < $3"),
    (
        "reviews",
        "SELECT r.* FROM alert_reviews r JOIN alerts a ON a.id = r.alert_id \
         WHERE camera_id = $1 AND captured_at >= $2 AND captured_at < $3",
    ),
    (
        "comments",
        "SELECT c.* FROM alert_comments c JOIN alerts a ON a.id = c.alert_id \
         WHERE camera_id = $1 AND captured_at >= $2 AND captured_at < $3",
    ),
    ("passages", "SELECT * FROM passages WHERE camera_id = $1 AND passed_at >= $2 AND passed_at < $3"),
    ("count_bins", "SELECT * FROM counts_1m WHERE camera_id = $1 AND starts_at >= $2 AND starts_at < $3"),
    ("watched_bins", "SELECT * FROM watched_1m WHERE camera_id = $1 AND starts_at >= $2 AND starts_at < $3"),
];

/// Reads the rows of one part, all of them of one moment.
pub struct PartReader<'a> {
    transaction: Transaction<'a>,
    portal: Portal,
}

impl<'a> PartReader<'a> {
    pub async fn open(
        client: &'a mut PooledClient,
        statement: &str,
        (camera_id, range): (&str, TimeRange),
    ) -> Result<Self, DatabaseError> {
        let failed = DatabaseError::statement("read what is exported");
        let sql = format!("SELECT to_jsonb(part)::text FROM ({statement}) part");
        let transaction = client.build_transaction().read_only(true).start().await.map_err(failed)?;
        let prepared = transaction.prepare(&sql).await.map_err(failed)?;
        let portal = transaction.bind(&prepared, &[&camera_id, &range.from, &range.to]).await.map_err(failed)?;
        Ok(Self { transaction, portal })
    }

    /// The next rows as JSON, some thousand at most; none at the end.
    pub async fn next(&mut self) -> Result<Vec<String>, DatabaseError> {
        let failed = DatabaseError::statement("read what is exported");
        let rows = self.transaction.query_portal(&self.portal, ROWS).await.map_err(failed)?;
        rows.iter().map(|row| row.try_get(0).map_err(failed)).collect()
    }
}

/// Keys of the alerts' pictures in the order of keys, after the key `after`; at most `limit`.
pub async fn pictures<C: GenericClient>(
    client: &C,
    (camera_id, range): (&str, TimeRange),
    after: &str,
    limit: i64,
) -> Result<Vec<String>, DatabaseError> {
    let failed = DatabaseError::statement("list the pictures that are exported");
    let sql = "SELECT key FROM (SELECT unnest(ARRAY[snapshot_key, clip_key]) AS key FROM alerts \
               WHERE camera_id = $1 AND captured_at >= $2 AND captured_at < $3) keys WHERE key > $4 ORDER BY key LIMIT $5";
    let rows = client.query(sql, &[&camera_id, &range.from, &range.to, &after, &limit]).await.map_err(failed)?;
    rows.iter().map(|row| row.try_get(0).map_err(failed)).collect()
}

/// The archive is written from now on, in this multipart upload. False if the job is another's.
pub async fn set_upload<C: GenericClient>(
    client: &C,
    held: Held<'_>,
    object_key: &str,
    multipart_id: &str,
) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("record where an export is written");
    let sql = "UPDATE data_jobs SET object_key = $3, multipart_id = $4, counts = '{}' WHERE id = $1 AND epoch = $2";
    client
        .execute(sql, &[&held.id, &held.epoch, &object_key, &multipart_id])
        .await
        .map(|rows| rows == 1)
        .map_err(failed)
}

/// What the archive has so far.
pub async fn set_counts<C: GenericClient>(client: &C, held: Held<'_>, counts: &Value) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("record how far an export is");
    let sql = "UPDATE data_jobs SET counts = $3 WHERE id = $1 AND epoch = $2";
    client.execute(sql, &[&held.id, &held.epoch, &counts]).await.map(|rows| rows == 1).map_err(failed)
}

/// The archive is complete, and is kept for a while.
pub async fn finish<C: GenericClient>(
    client: &C,
    held: Held<'_>,
    (bytes, sha256): (i64, &str),
    keep: Duration,
) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("end an export");
    let sql = "UPDATE data_jobs SET state = 'done', step = '', problem = NULL, changed_at = now(), held_until = NULL, \
               multipart_id = NULL, bytes = $3, sha256 = $4, expires_at = now() + $5 * interval '1 second', \
               due_at = now() + $5 * interval '1 second' WHERE id = $1 AND epoch = $2";
    let keep = keep.as_secs_f64();
    client.execute(sql, &[&held.id, &held.epoch, &bytes, &sha256, &keep]).await.map(|rows| rows == 1).map_err(failed)
}

/// Its archive is removed, or was never made: `problem` says why.
pub async fn close<C: GenericClient>(client: &C, held: Held<'_>, problem: Option<&str>) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("close an export");
    let sql = "UPDATE data_jobs SET state = CASE WHEN $3::text IS NULL THEN 'expired' ELSE 'failed' END, step = '', problem = $3, \
               changed_at = now(), held_until = NULL, due_at = NULL, object_key = NULL, multipart_id = NULL \
               WHERE id = $1 AND epoch = $2";
    client.execute(sql, &[&held.id, &held.epoch, &problem]).await.map(|rows| rows == 1).map_err(failed)
}

/// Somebody wants the archive removed now; the job is closed in the background. `None` if the site has no such export.
pub async fn expire<C: GenericClient>(client: &C, site_id: &str, id: &str) -> Result<Option<DataJob>, DatabaseError> {
    let failed = DatabaseError::statement("remove an export");
    let sql = format!(
        "UPDATE data_jobs SET expires_at = now(), due_at = CASE WHEN due_at IS NULL THEN NULL ELSE now() END, \
         held_until = NULL, epoch = epoch + 1 \
         WHERE site_id = $1 AND id = $2 AND kind = 'export' RETURNING {COLUMNS}"
    );
    let row = client.query_opt(&sql, &[&site_id, &id]).await.map_err(failed)?;
    row.map(|row| job(&row).map_err(failed)).transpose()
}
