//! What becomes of a complete file: its camera, and how much of it is analysed.

use std::time::{Duration, SystemTime};

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use super::{COLUMNS, State, Upload, upload};
use crate::postgres::DatabaseError;

/// Times that run backwards, as where pictures are reordered, are no further apart than so many frames.
const NEWEST: i64 = 64;

/// The next complete upload that nobody checks, for `hold`.
pub async fn claim_complete<C: GenericClient>(client: &C, hold: Duration) -> Result<Option<Upload>, DatabaseError> {
    let failed = DatabaseError::statement("take a complete upload");
    let sql = format!(
        "UPDATE uploads u SET epoch = epoch + 1, held_until = now() + $1 * interval '1 second' WHERE id = \
         (SELECT id FROM uploads WHERE state = 'checking' AND (held_until IS NULL OR held_until <= now()) \
         ORDER BY changed_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING {COLUMNS}"
    );
    let row = client.query_opt(&sql, &[&hold.as_secs_f64()]).await.map_err(failed)?;
    row.map(|row| upload(&row).map_err(failed)).transpose()
}

/// The file has become this camera. False if it is not ours any more.
pub async fn mark_queued<C: GenericClient>(
    client: &C,
    id: &str,
    epoch: i64,
    camera_id: &str,
) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("queue an upload");
    let sql = "UPDATE uploads SET state = 'queued', changed_at = now(), camera_id = $3, held_until = NULL, tail_key = NULL, \
               problem = NULL WHERE id = $1 AND epoch = $2 AND state = 'checking'";
    client.execute(sql, &[&id, &epoch, &camera_id]).await.map(|rows| rows == 1).map_err(failed)
}

/// What the camera of an upload reads: the key of the object, the session and the time of its first frame.
pub async fn source<C: GenericClient>(
    client: &C,
    id: &str,
) -> Result<Option<(String, i64, SystemTime)>, DatabaseError> {
    let failed = DatabaseError::statement("read the file of an upload");
    let sql = "SELECT object_key, session, start_time FROM uploads WHERE id = $1";
    let row = client.query_opt(sql, &[&id]).await.map_err(failed)?;
    let read = |row: Row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    row.map(|row| read(row).map_err(failed)).transpose()
}

/// The file is nothing that can be analysed, and its object was removed. False if it is not ours any more.
pub async fn reject<C: GenericClient>(client: &C, id: &str, epoch: i64, problem: &str) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("reject an upload");
    let sql = "UPDATE uploads SET state = 'failed', changed_at = now(), stored = false, held_until = NULL, tail_key = NULL, \
               problem = $3 WHERE id = $1 AND epoch = $2 AND state = 'checking'";
    client.execute(sql, &[&id, &epoch, &problem]).await.map(|rows| rows == 1).map_err(failed)
}

/// Uploads whose analysis has not ended, in the order of ids, after the id `after`.
pub async fn running<C: GenericClient>(client: &C, after: &str, limit: i64) -> Result<Vec<Upload>, DatabaseError> {
    let failed = DatabaseError::statement("list uploads that are analysed");
    let sql = format!(
        "SELECT {COLUMNS} FROM uploads u WHERE state IN ('queued', 'analysing') AND id > $1 ORDER BY id LIMIT $2"
    );
    let rows = client.query(&sql, &[&after, &limit]).await.map_err(failed)?;
    rows.iter().map(|row| upload(row).map_err(failed)).collect()
}

/// What is stored of the frames of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Frames with a row, or before the end: one more than the number of the newest.
    pub frames: i64,
    /// With those that cannot be decoded, when the last frame is stored.
    pub total: Option<i64>,
}

/// The frames of a file are stored in their order, so the newest tells how far it is.
pub async fn look<C: GenericClient>(client: &C, upload: &Upload) -> Result<Seen, DatabaseError> {
    let failed = DatabaseError::statement("look for the frames of an upload");
    let Some(camera) = &upload.camera_id else { return Ok(Seen { frames: 0, total: None }) };
    let sql = "SELECT max(sequence) + 1, max(sequence) FILTER (WHERE end_of_stream) + 1 FROM (SELECT sequence, end_of_stream \
               FROM frames WHERE camera_id = $1 AND captured_at >= $2 AND session = $3 ORDER BY captured_at DESC LIMIT $4) newest";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let row =
        client.query_one(&statement, &[camera, &upload.start_time, &upload.session, &NEWEST]).await.map_err(failed)?;
    let newest: Option<i64> = row.try_get(0).map_err(failed)?;
    let total: Option<i64> = row.try_get(1).map_err(failed)?;
    if total.is_none() {
        return Ok(Seen { frames: newest.unwrap_or(0), total });
    }
    let sql = "SELECT count(*) FROM frames WHERE camera_id = $1 AND captured_at >= $2 AND session = $3";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let row = client.query_one(&statement, &[camera, &upload.start_time, &upload.session]).await.map_err(failed)?;
    Ok(Seen { frames: row.try_get(0).map_err(failed)?, total })
}

/// Records how much of it is analysed; does nothing for a job that has ended.
pub async fn set_progress<C: GenericClient>(client: &C, id: &str, frames: i64) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("record how much of an upload is analysed");
    let sql = "UPDATE uploads SET frames = $2, problem = CASE WHEN frames < $2 THEN NULL ELSE problem END, \
               changed_at = CASE WHEN state = 'queued' THEN now() ELSE changed_at END, state = 'analysing' \
               WHERE id = $1 AND state IN ('queued', 'analysing') AND frames < $2";
    client.execute(sql, &[&id, &frames]).await.map(drop).map_err(failed)
}

/// Records how many frames the file announces; does nothing for a job that has ended.
pub async fn set_estimate<C: GenericClient>(
    client: &C,
    camera_id: &str,
    session: i64,
    frames: i64,
) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("record how many frames an upload announces");
    let sql = "UPDATE uploads SET frames_estimate = $3 WHERE camera_id = $1 AND session = $2 AND state IN ('queued', 'analysing') \
               AND frames_estimate IS DISTINCT FROM $3";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[&camera_id, &session, &frames]).await.map(drop).map_err(failed)
}

/// Ends a job. False if it has ended before.
pub async fn end<C: GenericClient>(
    client: &C,
    id: &str,
    state: State,
    seen: Option<Seen>,
    problem: Option<&str>,
) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("end the analysis of an upload");
    let sql = "UPDATE uploads SET state = $2, changed_at = now(), frames = coalesce($3, frames), \
               frames_total = coalesce($4, frames_total), problem = $5, held_until = NULL \
               WHERE id = $1 AND state IN ('receiving', 'checking', 'queued', 'analysing')";
    let frames = seen.map(|seen| seen.frames);
    let total = seen.and_then(|seen| seen.total);
    client.execute(sql, &[&id, &state.word(), &frames, &total, &problem]).await.map(|rows| rows == 1).map_err(failed)
}

/// The upload that this camera and session belong to, if its analysis has not ended.
pub async fn of_session<C: GenericClient>(
    client: &C,
    camera_id: &str,
    session: i64,
) -> Result<Option<Upload>, DatabaseError> {
    let failed = DatabaseError::statement("find the upload of a camera");
    let sql = format!(
        "SELECT {COLUMNS} FROM uploads u WHERE camera_id = $1 AND session = $2 AND state IN ('queued', 'analysing') FOR UPDATE"
    );
    let row = client.query_opt(&sql, &[&camera_id, &session]).await.map_err(failed)?;
    row.map(|row| upload(&row).map_err(failed)).transpose()
}

/// Says for what the analysis waits.
pub async fn set_waiting<C: GenericClient>(client: &C, id: &str, problem: &str) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("record for what an upload waits");
    let sql = "UPDATE uploads SET problem = $2 WHERE id = $1 AND state IN ('checking', 'queued', 'analysing')";
    client.execute(sql, &[&id, &problem]).await.map(drop).map_err(failed)
}

/// Says what is missing in the frames of this camera's session, also when the analysis has ended.
pub async fn set_damage<C: GenericClient>(
    client: &C,
    camera_id: &str,
    session: i64,
    damage: &str,
) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("record what is missing in an upload");
    let sql = "UPDATE uploads SET damage = $3 WHERE camera_id = $1 AND session = $2 AND state <> 'deleting'";
    client.execute(sql, &[&camera_id, &session, &damage]).await.map(drop).map_err(failed)
}
