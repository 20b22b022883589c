//! The paths of tracks, for what is computed of many of them: table `tracks`, which the sink writes.

use std::time::SystemTime;

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use crate::postgres::DatabaseError;
use crate::search::rows;

/// Where a track was. Between its points it moved evenly.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackPath {
    /// Of the camera's own picture, in pixels.
    pub source_size: (i32, i32),
    /// Ascending.
    pub at: Vec<SystemTime>,
    /// Of the foot point, in pixels; as many as `at`.
    pub x: Vec<f32>,
    pub y: Vec<f32>,
}

/// Which paths are read.
#[derive(Debug, Clone, Copy)]
pub struct PathFilter<'a> {
    pub camera_id: &'a str,
    /// The track began at this time or later.
    pub from: SystemTime,
    /// And before this one.
    pub to: SystemTime,
    /// Numbered as in the messages; empty: all.
    pub classes: &'a [i16],
}

/// At most `limit` paths of tracks that the tracker was sure of, in no order.
pub async fn paths<C: GenericClient>(
    client: &C,
    filter: PathFilter<'_>,
    limit: i64,
) -> Result<Vec<TrackPath>, DatabaseError> {
    let sql = "SELECT source_width, source_height, path_at, path_x, path_y FROM tracks \
         WHERE camera_id = $1 AND first_seen >= $2 AND first_seen < $3 AND confirmed_detections > 0 \
         AND (cardinality($4::smallint[]) = 0 OR class = ANY($4)) LIMIT $5";
    let PathFilter { camera_id, from, to, classes } = filter;
    let found = client.query(sql, &[&camera_id, &from, &to, &classes, &limit]).await;
    let path = |row: &Row| {
        Ok(TrackPath {
            source_size: (row.try_get(0)?, row.try_get(1)?),
            at: row.try_get(2)?,
            x: row.try_get(3)?,
            y: row.try_get(4)?,
        })
    };
    rows("read the paths of tracks", found, path)
}
