//! What was found in each frame of an upload.

use std::time::SystemTime;

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use super::Upload;
use crate::found::Found;
use crate::postgres::DatabaseError;

/// A frame that was analysed, with what was found in it.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalysedFrame {
    pub captured_at: SystemTime,
    pub sequence: i64,
    /// Of the picture, in pixels.
    pub size: (i32, i32),
    pub objects: Vec<FoundObject>,
}

/// A road user in a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundObject {
    /// `None` if it has no track.
    pub track_id: Option<i64>,
    pub found: Found,
}

/// Where a frame stands among those of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FramePlace {
    pub captured_at: SystemTime,
    pub sequence: i64,
}

/// At most `limit` frames of the times from the first and before the second, in the order of their times, after the place.
pub async fn frames<C: GenericClient>(
    client: &C,
    upload: &Upload,
    (from, to): (SystemTime, Option<SystemTime>),
    after: Option<FramePlace>,
    limit: i64,
) -> Result<Vec<AnalysedFrame>, DatabaseError> {
    let failed = DatabaseError::statement("read the frames of an upload");
    let Some(camera) = &upload.camera_id else { return Ok(Vec::new()) };
    let from = from.max(upload.start_time);
    let FramePlace { captured_at, sequence } = after.unwrap_or(FramePlace { captured_at: from, sequence: -1 });
    // The first time lets PostgreSQL read only the days of the file.
    let sql = "SELECT captured_at, sequence, source_width, source_height FROM frames WHERE camera_id = $1 AND session = $2 \
               AND captured_at >= $3 AND (captured_at, sequence) > ($3, $4) AND ($5::timestamptz IS NULL OR captured_at < $5) \
               ORDER BY captured_at, sequence LIMIT $6";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let captured_at = captured_at.max(from);
    let rows = client
        .query(&statement, &[camera, &upload.session, &captured_at, &sequence, &to, &limit])
        .await
        .map_err(failed)?;
    let mut frames: Vec<AnalysedFrame> = rows.iter().map(frame).collect::<Result<_, _>>().map_err(failed)?;
    let (Some(first), Some(last)) = (frames.first(), frames.last()) else { return Ok(frames) };
    let sql = "SELECT captured_at, sequence, track_id, class, score, track_state, box_left, box_top, box_width, box_height, zone_ids \
               FROM detections WHERE camera_id = $1 AND session = $2 AND captured_at BETWEEN $3 AND $4 \
               AND (captured_at, sequence) BETWEEN ($3, $5) AND ($4, $6) ORDER BY captured_at, sequence, object_index";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let times = (first.captured_at, last.captured_at);
    let rows = client
        .query(&statement, &[camera, &upload.session, &times.0, &times.1, &first.sequence, &last.sequence])
        .await
        .map_err(failed)?;
    // Both are in the same order.
    let mut at = 0;
    for row in &rows {
        let place: (SystemTime, i64) = (row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?);
        while frames.get(at).is_some_and(|frame| (frame.captured_at, frame.sequence) < place) {
            at += 1;
        }
        if let Some(frame) = frames.get_mut(at).filter(|frame| (frame.captured_at, frame.sequence) == place) {
            frame.objects.push(object(row).map_err(failed)?);
        }
    }
    Ok(frames)
}

fn frame(row: &Row) -> Result<AnalysedFrame, tokio_postgres::Error> {
    Ok(AnalysedFrame {
        captured_at: row.try_get("captured_at")?,
        sequence: row.try_get("sequence")?,
        size: (row.try_get("source_width")?, row.try_get("source_height")?),
        objects: Vec::new(),
    })
}

fn object(row: &Row) -> Result<FoundObject, tokio_postgres::Error> {
    Ok(FoundObject { track_id: row.try_get("track_id")?, found: Found::of(row)? })
}
