//! What is deleted of an upload: its object, and everything that was found in it.

use std::time::Duration;

use deadpool_postgres::GenericClient;

use super::{COLUMNS, Upload, upload};
use crate::postgres::DatabaseError;

/// Rows that are deleted in one statement.
const BATCH: i64 = 50_000;

/// From now on it does not exist for people, and whoever works on it is stopped. False if that has happened before.
pub async fn start_deletion<C: GenericClient>(client: &C, id: &str) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("delete an upload");
    let sql = "UPDATE uploads SET state = 'deleting', changed_at = now(), epoch = epoch + 1, held_until = NULL \
               WHERE id = $1 AND state <> 'deleting'";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[&id]).await.map(|rows| rows == 1).map_err(failed)
}

/// Uploads that nobody went on with are deleted. Returns how many.
pub async fn delete_expired<C: GenericClient>(client: &C) -> Result<u64, DatabaseError> {
    let failed = DatabaseError::statement("delete expired uploads");
    let sql = "UPDATE uploads SET state = 'deleting', changed_at = now(), epoch = epoch + 1, held_until = NULL \
               WHERE state = 'receiving' AND expires_at <= now() AND (held_until IS NULL OR held_until <= now())";
    client.execute(sql, &[]).await.map_err(failed)
}

/// The next one of which something is left, for `hold`.
pub async fn claim_deleting<C: GenericClient>(client: &C, hold: Duration) -> Result<Option<Upload>, DatabaseError> {
    let failed = DatabaseError::statement("take an upload that is deleted");
    let sql = format!(
        "UPDATE uploads u SET epoch = epoch + 1, held_until = now() + $1 * interval '1 second' WHERE id = \
         (SELECT id FROM uploads WHERE state = 'deleting' AND (held_until IS NULL OR held_until <= now()) \
         ORDER BY changed_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING {COLUMNS}"
    );
    let row = client.query_opt(&sql, &[&hold.as_secs_f64()]).await.map_err(failed)?;
    row.map(|row| upload(&row).map_err(failed)).transpose()
}

/// Keys of pictures and clips of what was found, at most a thousand, in their order, after the key `after`.
pub async fn pictures<C: GenericClient>(
    client: &C,
    camera_id: &str,
    after: &str,
) -> Result<Vec<String>, DatabaseError> {
    let failed = DatabaseError::statement("list the pictures of an upload");
    let sql = "SELECT key FROM (SELECT unnest(ARRAY[snapshot_key, clip_key]) AS key FROM alerts WHERE camera_id = $1) keys \
               WHERE key > $2 ORDER BY key LIMIT 1000";
    let rows = client.query(sql, &[&camera_id, &after]).await.map_err(failed)?;
    rows.iter().map(|row| row.try_get(0).map_err(failed)).collect()
}

/// Deletes what was found, the alerts last, because they name their pictures. Returns how many rows went; 0: there are none.
pub async fn delete_rows<C: GenericClient>(client: &C, camera_id: &str) -> Result<u64, DatabaseError> {
    let failed = DatabaseError::statement("delete what was found in an upload");
    let mut deleted = 0;
    for table in ["detections", "frames"] {
        let sql = format!(
            "DELETE FROM {table} t USING (SELECT tableoid AS part, ctid AS row FROM {table} WHERE camera_id = $1 LIMIT {BATCH}) found \
             WHERE t.tableoid = found.part AND t.ctid = found.row"
        );
        deleted += client.execute(&sql, &[&camera_id]).await.map_err(failed)?;
    }
    if deleted > 0 {
        return Ok(deleted);
    }
    // Reviews and comments go with their alerts.
    for table in [
        "tracks",
        "passages",
        "counts_1m",
        "counts_15m",
        "watched_1m",
        "watched_15m",
        "watched_until",
        "watches",
        "alerts",
    ] {
        let sql = format!("DELETE FROM {table} WHERE camera_id = $1");
        deleted += client.execute(&sql, &[&camera_id]).await.map_err(failed)?;
    }
    Ok(deleted)
}

/// Nothing is left of it but its camera's history.
pub async fn forget<C: GenericClient>(client: &C, id: &str, epoch: i64) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("delete the row of an upload");
    let sql = "DELETE FROM uploads WHERE id = $1 AND epoch = $2 AND state = 'deleting'";
    client.execute(sql, &[&id, &epoch]).await.map(|rows| rows == 1).map_err(failed)
}
