//! The best snapshots of tracks, and where in them the tracks are.

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use crate::postgres::DatabaseError;
use crate::search::rows;
use crate::tracks::TrackId;

/// What is known about the best snapshot of a track.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackPicture {
    pub id: TrackId,
    /// Of the camera; `None` if it belongs to no site.
    pub site_id: Option<String>,
    /// `None`: no alert took one, or it is not kept any more.
    pub snapshot_key: Option<String>,
    /// Of the camera's own picture, in pixels.
    pub source_size: (i32, i32),
    /// Left, top, width, height in pixels, in the frame of the snapshot; `None` if that is not stored.
    pub bounds: Option<[f32; 4]>,
}

/// The frame of a snapshot is that of the alert which took it; so few rows are read of a track, however long it is.
pub(crate) const PICTURES: &str = "SELECT t.camera_id, t.session, t.track_id, c.site_id, t.snapshot_key, t.source_width, t.source_height, \
     d.box_left, d.box_top, d.box_width, d.box_height \
     FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS i (camera_id, session, track_id) \
     JOIN tracks t ON t.camera_id = i.camera_id AND t.session = i.session AND t.track_id = i.track_id \
     LEFT JOIN cameras c ON c.id = t.camera_id \
     LEFT JOIN LATERAL (SELECT captured_at FROM alerts WHERE camera_id = t.camera_id AND snapshot_key = t.snapshot_key \
     AND captured_at BETWEEN t.first_seen AND t.last_seen LIMIT 1) a ON true \
     LEFT JOIN LATERAL (SELECT box_left, box_top, box_width, box_height FROM detections WHERE camera_id = t.camera_id \
     AND captured_at = a.captured_at AND session = t.session AND track_id = t.track_id LIMIT 1) d ON true \
     WHERE $4::text IS NULL OR c.site_id = $4";

/// Of those of these tracks that there are, in any order; of a site, or without one of any camera.
pub async fn of<C: GenericClient>(
    client: &C,
    site_id: Option<&str>,
    ids: &[TrackId],
) -> Result<Vec<TrackPicture>, DatabaseError> {
    let failed = DatabaseError::statement("read the pictures of tracks");
    let cameras: Vec<&str> = ids.iter().map(|id| id.camera_id.as_str()).collect();
    let sessions: Vec<i64> = ids.iter().map(|id| id.session).collect();
    let tracks: Vec<i64> = ids.iter().map(|id| id.track_id).collect();
    let statement = client.prepare_cached(PICTURES).await.map_err(failed)?;
    let found = client.query(&statement, &[&cameras, &sessions, &tracks, &site_id]).await;
    rows("read the pictures of tracks", found, picture)
}

fn picture(row: &Row) -> Result<TrackPicture, tokio_postgres::Error> {
    let left: Option<f32> = row.try_get("box_left")?;
    let bounds = match left {
        None => None,
        Some(left) => Some([left, row.try_get("box_top")?, row.try_get("box_width")?, row.try_get("box_height")?]),
    };
    Ok(TrackPicture {
        id: TrackId {
            camera_id: row.try_get("camera_id")?,
            session: row.try_get("session")?,
            track_id: row.try_get("track_id")?,
        },
        site_id: row.try_get("site_id")?,
        snapshot_key: row.try_get("snapshot_key")?,
        source_size: (row.try_get("source_width")?, row.try_get("source_height")?),
        bounds,
    })
}
