//! Deletes what is older than a site keeps it, some rows in each statement. A row is old when both its capture and its storing are before the
//! limit: files of long ago are kept from when they were stored, as the global retention keeps them.

use std::time::SystemTime;

use deadpool_postgres::{GenericClient, Transaction};

use crate::postgres::DatabaseError;

/// Rows of one statement.
const ROWS: i64 = 5_000;
/// Alerts whose pictures are removed together.
const ALERTS: i64 = 200;

/// The database's clock.
pub async fn now<C: GenericClient>(client: &C) -> Result<SystemTime, DatabaseError> {
    let failed = DatabaseError::statement("read the clock");
    client.query_one("SELECT now()", &[]).await.and_then(|row| row.try_get(0)).map_err(failed)
}

/// The cameras of the site, also deleted ones, without those of uploads: they go with the upload.
pub async fn cameras<C: GenericClient>(client: &C, site_id: &str) -> Result<Vec<String>, DatabaseError> {
    let failed = DatabaseError::statement("list the cameras of a site");
    let sql = "SELECT id FROM cameras WHERE site_id = $1 AND upload_id IS NULL ORDER BY id";
    let rows = client.query(sql, &[&site_id]).await.map_err(failed)?;
    rows.iter().map(|row| row.try_get(0).map_err(failed)).collect()
}

/// Deletes some old frames of a camera with their detections, and returns how many frames.
pub async fn frames<C: GenericClient>(client: &C, camera_id: &str, before: SystemTime) -> Result<u64, DatabaseError> {
    let failed = DatabaseError::statement("delete old frames of a site");
    let sql = format!(
        "WITH old AS MATERIALIZED (SELECT camera_id, captured_at, session, sequence FROM frames \
             WHERE camera_id = $1 AND captured_at < $2 AND stored_at < $2 ORDER BY captured_at LIMIT {ROWS}), \
         gone AS (DELETE FROM detections d USING old o WHERE d.camera_id = $1 AND d.captured_at < $2 \
             AND d.captured_at = o.captured_at AND d.session = o.session AND d.sequence = o.sequence) \
         DELETE FROM frames f USING old o WHERE f.camera_id = $1 AND f.captured_at < $2 AND f.captured_at = o.captured_at \
             AND f.session = o.session AND f.sequence = o.sequence"
    );
    client.execute(&sql, &[&camera_id, &before]).await.map_err(failed)
}

pub async fn tracks<C: GenericClient>(client: &C, camera_id: &str, before: SystemTime) -> Result<u64, DatabaseError> {
    let failed = DatabaseError::statement("delete old tracks of a site");
    let sql = format!(
        "DELETE FROM tracks WHERE (camera_id, session, track_id) IN (SELECT camera_id, session, track_id FROM tracks \
         WHERE camera_id = $1 AND first_seen < $2 AND last_seen < $2 AND updated_at < $2 LIMIT {ROWS})"
    );
    client.execute(&sql, &[&camera_id, &before]).await.map_err(failed)
}

/// Passages, bins of counts and of watched time.
pub async fn counts<C: GenericClient>(client: &C, camera_id: &str, before: SystemTime) -> Result<u64, DatabaseError> {
    let failed = DatabaseError::statement("delete old counts of a site");
    let mut deleted = 0;
    for (table, time, stored) in [
        ("passages", "passed_at", "stored_at"),
        ("counts_1m", "starts_at", "updated_at"),
        ("counts_15m", "starts_at", "updated_at"),
        ("watched_1m", "starts_at", "updated_at"),
        ("watched_15m", "starts_at", "updated_at"),
    ] {
        let sql = format!(
            "DELETE FROM {table} WHERE ctid IN (SELECT ctid FROM {table} \
             WHERE camera_id = $1 AND {time} < $2 AND {stored} < $2 LIMIT {ROWS})"
        );
        deleted += client.execute(&sql, &[&camera_id, &before]).await.map_err(failed)?;
    }
    Ok(deleted)
}

/// An old alert, and the keys of its pictures, without those it does not have.
#[derive(Debug, Clone)]
pub struct OldAlert {
    pub id: String,
    pub pictures: Vec<String>,
}

/// Some old alerts of a camera; with `only_pictured`, those that have pictures.
pub async fn old_alerts<C: GenericClient>(
    client: &C,
    camera_id: &str,
    before: SystemTime,
    only_pictured: bool,
) -> Result<Vec<OldAlert>, DatabaseError> {
    let failed = DatabaseError::statement("find old alerts of a site");
    let sql = format!(
        "SELECT id, array_remove(ARRAY[snapshot_key, clip_key], '') FROM alerts WHERE camera_id = $1 AND captured_at < $2 \
         AND stored_at < $2 AND (NOT $3 OR snapshot_key <> '' OR clip_key <> '') ORDER BY captured_at LIMIT {ALERTS}"
    );
    let rows = client.query(&sql, &[&camera_id, &before, &only_pictured]).await.map_err(failed)?;
    rows.iter()
        .map(|row| Ok(OldAlert { id: row.try_get(0)?, pictures: row.try_get(1)? }))
        .collect::<Result<_, _>>()
        .map_err(failed)
}

/// The pictures of these alerts are removed: alerts and tracks name them no more. With `rows`, the alerts go, too.
pub async fn forget_alerts(
    transaction: &Transaction<'_>,
    camera_id: &str,
    alerts: &[OldAlert],
    rows: bool,
) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("delete old alerts of a site");
    let ids: Vec<&str> = alerts.iter().map(|alert| alert.id.as_str()).collect();
    let keys: Vec<&String> = alerts.iter().flat_map(|alert| &alert.pictures).collect();
    let tracks =
        "UPDATE tracks SET snapshot_key = NULL, snapshot_score = NULL WHERE camera_id = $1 AND snapshot_key = ANY($2)";
    transaction.execute(tracks, &[&camera_id, &keys]).await.map_err(failed)?;
    let sql = if rows {
        "DELETE FROM alerts WHERE id = ANY($1)"
    } else {
        "UPDATE alerts SET snapshot_key = '', clip_key = '' WHERE id = ANY($1)"
    };
    transaction.execute(sql, &[&ids]).await.map(drop).map_err(failed)
}

/// Ids of uploads that ended long ago; at most a hundred.
pub async fn old_uploads<C: GenericClient>(
    client: &C,
    site_id: &str,
    before: SystemTime,
) -> Result<Vec<String>, DatabaseError> {
    let failed = DatabaseError::statement("find old uploads of a site");
    let sql = "SELECT id FROM uploads WHERE site_id = $1 AND state IN ('done', 'failed', 'cancelled') AND changed_at < $2 \
               ORDER BY changed_at LIMIT 100";
    let rows = client.query(sql, &[&site_id, &before]).await.map_err(failed)?;
    rows.iter().map(|row| row.try_get(0).map_err(failed)).collect()
}

pub async fn audit<C: GenericClient>(client: &C, site_id: &str, before: SystemTime) -> Result<u64, DatabaseError> {
    let failed = DatabaseError::statement("delete old entries of the audit log");
    let sql = format!(
        "DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE site_id = $1 AND at < $2 ORDER BY id LIMIT {ROWS})"
    );
    client.execute(&sql, &[&site_id, &before]).await.map_err(failed)
}
