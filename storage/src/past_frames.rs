//! The frames of a camera as they were judged, for what is judged again: tables `frames` and `detections`, which the sink writes.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::time::SystemTime;

use deadpool_postgres::GenericClient;
use futures::TryStreamExt as _;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::postgres::DatabaseError;
use crate::search::rows;

/// A frame that was analysed, with who was in it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredFrame {
    pub captured_at: SystemTime,
    pub session: i64,
    pub sequence: i64,
    /// Of the camera's own picture, in pixels.
    pub source_size: (i32, i32),
    pub end_of_stream: bool,
    /// For how long the tracker kept a track that it did not find, in microseconds. `None` for a frame that was not watched, such as an end
    /// of a file without a picture.
    pub max_lost_us: Option<i32>,
    /// Those that have a track, in the order in which inference named them.
    pub objects: Vec<PastObject>,
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
    pub frames: Vec<StoredFrame>,
    /// There are more frames, which are older.
    pub is_cut: bool,
}

/// Frames, and then their objects, of one moment of the database. They are two ranges of two indexes, and joined here: the statistics of a day
/// that goes on know nothing of its newest hour, so that PostgreSQL expects one row there, and joins them by comparing each with each.
pub(crate) const PAST: &str = "WITH newest AS MATERIALIZED (
    SELECT captured_at, session, sequence, source_width, source_height, end_of_stream, watch_id,
        sum(object_count) OVER (ORDER BY captured_at DESC, session DESC, sequence DESC ROWS UNBOUNDED PRECEDING) AS objects
    FROM frames WHERE camera_id = $1 AND captured_at >= $2 AND captured_at < $3
    ORDER BY captured_at DESC, session DESC, sequence DESC LIMIT $4)
SELECT captured_at, session, sequence, source_width, source_height, end_of_stream, watch_id, NULL::smallint AS object_index,
    NULL::bigint AS track_id, NULL::smallint AS class, NULL::smallint AS track_state,
    NULL::real AS found_left, NULL::real AS found_top, NULL::real AS found_width, NULL::real AS found_height
FROM newest WHERE objects <= $5
UNION ALL
SELECT captured_at, session, sequence, NULL, NULL, NULL, NULL, object_index, track_id, class, track_state,
    found_left, found_top, found_width, found_height
FROM detections WHERE camera_id = $1 AND captured_at >= $2 AND captured_at < $3
    AND captured_at >= (SELECT min(captured_at) FROM newest WHERE objects <= $5) AND track_id IS NOT NULL";

const OLDER: &str =
    "SELECT EXISTS (SELECT FROM frames WHERE camera_id = $1 AND captured_at >= $2 AND captured_at < $3)";

/// Identifies a frame of the camera, and orders frames.
type FrameKey = (i64, i64);

pub async fn past<C: GenericClient>(client: &C, filter: PastFilter<'_>) -> Result<Past, DatabaseError> {
    let PastFilter { camera_id, from, to, most_frames, most_objects } = filter;
    let failed = DatabaseError::statement("read the frames of a camera");
    let parameters: [&(dyn ToSql + Sync); 5] = [&camera_id, &from, &to, &most_frames, &most_objects];
    let mut found = pin!(client.query_raw(PAST, parameters).await.map_err(failed)?);
    let mut frames: Vec<(StoredFrame, Option<i64>)> = Vec::new();
    let mut objects: Vec<(FrameKey, i16, PastObject)> = Vec::new();
    // One row at a time: all rows together would take several times the memory of what they say.
    while let Some(row) = found.try_next().await.map_err(failed)? {
        match row.try_get("object_index").map_err(failed)? {
            None => frames.push(stored_frame(&row).map_err(failed)?),
            Some(index) => objects.push((key(&row).map_err(failed)?, index, past_object(&row).map_err(failed)?)),
        }
    }
    let max_lost = max_lost(client, camera_id).await?;
    let lost = |watch: i64| max_lost.get(&watch).copied();
    let frames = frames.into_iter().map(|(frame, watch)| StoredFrame { max_lost_us: watch.and_then(lost), ..frame });
    let frames = joined(frames.collect(), objects);
    let first = frames.iter().map(|frame| frame.captured_at).min().unwrap_or(to);
    let is_cut = client.query_one(OLDER, &[&camera_id, &from, &first]).await.and_then(|row| row.try_get(0));
    Ok(Past { frames, is_cut: is_cut.map_err(failed)? })
}

/// Of each of the camera's watches, by its id: how long its tracker keeps a track that it does not find. Watches never change.
async fn max_lost<C: GenericClient>(client: &C, camera_id: &str) -> Result<HashMap<i64, i32>, DatabaseError> {
    let found = client.query("SELECT id, max_gap_us FROM watches WHERE camera_id = $1", &[&camera_id]).await;
    let watches = rows("read how long tracks are kept", found, |row| Ok((row.try_get(0)?, row.try_get(1)?)))?;
    Ok(watches.into_iter().collect())
}

/// Objects of other frames are left out: those whose frames are more than were asked for.
fn joined(mut frames: Vec<StoredFrame>, mut objects: Vec<(FrameKey, i16, PastObject)>) -> Vec<StoredFrame> {
    frames.sort_unstable_by_key(|frame| (frame.session, frame.sequence));
    objects.sort_unstable_by_key(|&(frame, index, _)| (frame, index));
    let mut objects = objects.into_iter().peekable();
    for frame in &mut frames {
        let of = (frame.session, frame.sequence);
        while objects.next_if(|(frame, ..)| *frame < of).is_some() {}
        while let Some((.., object)) = objects.next_if(|(frame, ..)| *frame == of) {
            frame.objects.push(object);
        }
    }
    frames
}

fn key(row: &Row) -> Result<FrameKey, tokio_postgres::Error> {
    Ok((row.try_get("session")?, row.try_get("sequence")?))
}

/// With the id of its watch.
fn stored_frame(row: &Row) -> Result<(StoredFrame, Option<i64>), tokio_postgres::Error> {
    let (session, sequence) = key(row)?;
    let frame = StoredFrame {
        captured_at: row.try_get("captured_at")?,
        session,
        sequence,
        source_size: (row.try_get("source_width")?, row.try_get("source_height")?),
        end_of_stream: row.try_get("end_of_stream")?,
        max_lost_us: None,
        objects: Vec::new(),
    };
    Ok((frame, row.try_get("watch_id")?))
}

fn past_object(row: &Row) -> Result<PastObject, tokio_postgres::Error> {
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
    Ok(PastObject {
        track_id: row.try_get("track_id")?,
        class: row.try_get("class")?,
        track_state: row.try_get("track_state")?,
        found,
    })
}

pub(crate) const WITH_PICTURE: &str = "SELECT session, track_id FROM tracks WHERE camera_id = $1 AND snapshot_key IS NOT NULL \
    AND (session, track_id) IN (SELECT * FROM unnest($2::bigint[], $3::bigint[]))";

/// Of tracks of the camera (session and track), those that have a picture.
pub async fn with_picture<C: GenericClient>(
    client: &C,
    camera_id: &str,
    tracks: &[(i64, i64)],
) -> Result<HashSet<(i64, i64)>, DatabaseError> {
    let (sessions, numbers): (Vec<i64>, Vec<i64>) = tracks.iter().copied().unzip();
    let found = client.query(WITH_PICTURE, &[&camera_id, &sessions, &numbers]).await;
    let found = rows("look for pictures of tracks", found, |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?)))?;
    Ok(found.into_iter().collect())
}
