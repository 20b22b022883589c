//! The frames of a camera as they were judged, for what is judged again: tables `frames` and `detections`, which the sink writes.

use std::collections::HashSet;
use std::time::SystemTime;

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use crate::postgres::DatabaseError;
use crate::search::rows;

/// One road user in one frame, or a frame in which nobody is.
#[derive(Debug, Clone, PartialEq)]
pub struct PastRow {
    pub captured_at: SystemTime,
    pub session: i64,
    pub sequence: i64,
    /// Of the camera's own picture, in pixels.
    pub source_size: (i32, i32),
    pub end_of_stream: bool,
    /// For how long the tracker kept a track that it did not find, in microseconds. `None` for a frame that was not watched, such as an end
    /// of a file without a picture.
    pub max_lost_us: Option<i32>,
    pub object: Option<PastObject>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PastObject {
    pub track_id: i64,
    /// Numbered as in the messages, as is `track_state`.
    pub class: i16,
    pub track_state: i16,
    /// Left, top, width, height in pixels of the box that the model found, by which rules judge. `None` in rows of older versions.
    pub found: Option<[f32; 4]>,
}

/// Of which camera, from when on, and how much at most: of more, the newest.
#[derive(Debug, Clone, Copy)]
pub struct PastFilter<'a> {
    pub camera_id: &'a str,
    pub from: SystemTime,
    /// Frames before this time.
    pub to: SystemTime,
    pub most_frames: i64,
    /// Of all frames together.
    pub most_objects: i64,
}

/// The frames of a range of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// In the order of sessions and, in each, of sequence numbers.
    pub rows: Vec<PastRow>,
    /// There are more frames, which are older.
    pub is_cut: bool,
}

/// The ranges of time are said twice, so that PostgreSQL reads only the days of both tables.
pub(crate) const PAST: &str = "WITH newest AS (
    SELECT captured_at, session, sequence, source_width, source_height, end_of_stream, watch_id,
        sum(object_count) OVER (ORDER BY captured_at DESC, session DESC, sequence DESC ROWS UNBOUNDED PRECEDING) AS objects
    FROM frames WHERE camera_id = $1 AND captured_at >= $2 AND captured_at < $3
    ORDER BY captured_at DESC, session DESC, sequence DESC LIMIT $4)
SELECT f.captured_at, f.session, f.sequence, f.source_width, f.source_height, f.end_of_stream, w.max_gap_us,
    d.track_id, d.class, d.track_state, d.found_left, d.found_top, d.found_width, d.found_height
FROM newest f LEFT JOIN watches w ON w.camera_id = $1 AND w.id = f.watch_id
LEFT JOIN detections d ON d.camera_id = $1 AND d.captured_at >= $2 AND d.captured_at < $3
    AND d.captured_at = f.captured_at AND d.session = f.session AND d.sequence = f.sequence AND d.track_id IS NOT NULL
WHERE f.objects <= $5 ORDER BY f.session, f.sequence, d.object_index";

const OLDER: &str =
    "SELECT EXISTS (SELECT FROM frames WHERE camera_id = $1 AND captured_at >= $2 AND captured_at < $3)";

pub async fn past<C: GenericClient>(client: &C, filter: PastFilter<'_>) -> Result<Past, DatabaseError> {
    let PastFilter { camera_id, from, to, most_frames, most_objects } = filter;
    let failed = DatabaseError::statement("read the frames of a camera");
    let found = client.query(PAST, &[&camera_id, &from, &to, &most_frames, &most_objects]).await;
    let rows = rows("read the frames of a camera", found, past_row)?;
    let first = rows.iter().map(|row| row.captured_at).min().unwrap_or(to);
    let is_cut = client.query_one(OLDER, &[&camera_id, &from, &first]).await.and_then(|row| row.try_get(0));
    Ok(Past { rows, is_cut: is_cut.map_err(failed)? })
}

fn past_row(row: &Row) -> Result<PastRow, tokio_postgres::Error> {
    let track_id: Option<i64> = row.try_get("track_id")?;
    Ok(PastRow {
        captured_at: row.try_get("captured_at")?,
        session: row.try_get("session")?,
        sequence: row.try_get("sequence")?,
        source_size: (row.try_get("source_width")?, row.try_get("source_height")?),
        end_of_stream: row.try_get("end_of_stream")?,
        max_lost_us: row.try_get("max_gap_us")?,
        object: track_id.map(|track_id| past_object(row, track_id)).transpose()?,
    })
}

fn past_object(row: &Row, track_id: i64) -> Result<PastObject, tokio_postgres::Error> {
    let sides: [Option<f32>; 4] = [
        row.try_get("found_left")?,
        row.try_get("found_top")?,
        row.try_get("found_width")?,
        row.try_get("found_height")?,
    ];
    let found = match sides {
        [Some(left), Some(top), Some(width), Some(height)] => Some([left, top, width, height]),
        _ => None,
    };
    Ok(PastObject { track_id, class: row.try_get("class")?, track_state: row.try_get("track_state")?, found })
}

/// Of tracks of the camera (session and track), those that have a picture.
pub async fn with_picture<C: GenericClient>(
    client: &C,
    camera_id: &str,
    tracks: &[(i64, i64)],
) -> Result<HashSet<(i64, i64)>, DatabaseError> {
    let sql = "SELECT session, track_id FROM tracks WHERE camera_id = $1 AND snapshot_key IS NOT NULL \
         AND (session, track_id) IN (SELECT * FROM unnest($2::bigint[], $3::bigint[]))";
    let (sessions, numbers): (Vec<i64>, Vec<i64>) = tracks.iter().copied().unzip();
    let found = client.query(sql, &[&camera_id, &sessions, &numbers]).await;
    let found = rows("look for pictures of tracks", found, |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?)))?;
    Ok(found.into_iter().collect())
}
