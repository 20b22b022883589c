//! The frames of a camera as they were judged, for what is judged again: tables `frames` and `detections`, which the sink writes.

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
    pub object: Option<PastObject>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PastObject {
    pub track_id: i64,
    /// Numbered as in the messages, as is `track_state`.
    pub class: i16,
    pub track_state: i16,
    /// Left, top, width, height in pixels.
    pub bounds: [f32; 4],
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

/// The ranges of time are said twice, so that PostgreSQL reads only the days of both tables.
const PAST: &str = "WITH newest AS (
    SELECT captured_at, session, sequence, source_width, source_height,
        sum(object_count) OVER (ORDER BY captured_at DESC, session DESC, sequence DESC) AS objects
    FROM frames WHERE camera_id = $1 AND captured_at >= $2 AND captured_at < $3
    ORDER BY captured_at DESC, session DESC, sequence DESC LIMIT $4)
SELECT f.captured_at, f.session, f.sequence, f.source_width, f.source_height,
    d.track_id, d.class, d.track_state, d.box_left, d.box_top, d.box_width, d.box_height
FROM newest f LEFT JOIN detections d ON d.camera_id = $1 AND d.captured_at >= $2 AND d.captured_at < $3
    AND d.captured_at = f.captured_at AND d.session = f.session AND d.sequence = f.sequence AND d.track_id IS NOT NULL
WHERE f.objects <= $5 ORDER BY f.session, f.sequence, d.object_index";

/// In the order of sessions and, in each, of sequence numbers.
pub async fn past<C: GenericClient>(client: &C, filter: PastFilter<'_>) -> Result<Vec<PastRow>, DatabaseError> {
    let PastFilter { camera_id, from, to, most_frames, most_objects } = filter;
    let found = client.query(PAST, &[&camera_id, &from, &to, &most_frames, &most_objects]).await;
    rows("read the frames of a camera", found, past_row)
}

fn past_row(row: &Row) -> Result<PastRow, tokio_postgres::Error> {
    let track_id: Option<i64> = row.try_get("track_id")?;
    let object = match track_id {
        None => None,
        Some(track_id) => Some(PastObject {
            track_id,
            class: row.try_get("class")?,
            track_state: row.try_get("track_state")?,
            bounds: [
                row.try_get("box_left")?,
                row.try_get("box_top")?,
                row.try_get("box_width")?,
                row.try_get("box_height")?,
            ],
        }),
    };
    Ok(PastRow {
        captured_at: row.try_get("captured_at")?,
        session: row.try_get("session")?,
        sequence: row.try_get("sequence")?,
        source_size: (row.try_get("source_width")?, row.try_get("source_height")?),
        object,
    })
}
