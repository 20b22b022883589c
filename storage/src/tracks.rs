//! Road users as cameras saw them: tables `tracks` and `detections`, which the sink writes.

use std::fmt;
use std::time::{Duration, SystemTime};

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use crate::found::Found;
use crate::postgres::{DatabaseError, PooledClient};
use crate::search::{Cameras, Listing, Search, rows};

/// Identifies a track. Its text is `camera.session.track`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackId {
    pub camera_id: String,
    pub session: i64,
    pub track_id: i64,
}

impl TrackId {
    /// A camera's id may have dots; numbers have none.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.rsplitn(3, '.');
        let track_id = parts.next()?.parse().ok()?;
        let session = parts.next()?.parse().ok()?;
        let camera_id = parts.next().filter(|camera| !camera.is_empty())?.to_owned();
        let id = Self { camera_id, session, track_id };
        // Each track has one text.
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for TrackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.camera_id, self.session, self.track_id)
    }
}

/// Which tracks are looked for. Classes and directions are numbered as in the messages.
#[derive(Debug, Clone, Default)]
pub struct TrackFilter {
    pub cameras: Cameras,
    /// Began at this time or later.
    pub from: Option<SystemTime>,
    /// Began before it.
    pub to: Option<SystemTime>,
    /// Empty: all.
    pub classes: Vec<i16>,
    /// At least this share of the votes is for the class.
    pub min_class_share: Option<f32>,
    /// Was in this zone.
    pub zone_id: Option<String>,
    /// Crossed this line.
    pub line_id: Option<String>,
    /// In this direction.
    pub direction: Option<i16>,
    pub min_duration: Option<Duration>,
    pub max_duration: Option<Duration>,
    /// Also those of which the tracker was never sure.
    pub unconfirmed: bool,
}

/// Where a track stands in the list: after it come those that began earlier.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackPlace {
    pub first_seen: SystemTime,
    pub id: TrackId,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    pub id: TrackId,
    /// Of the camera; `None` if it belongs to no site.
    pub site_id: Option<String>,
    pub first_seen: SystemTime,
    pub last_seen: SystemTime,
    /// Numbered as in the messages; so is every class.
    pub class: i16,
    pub class_share: f32,
    pub detections: i64,
    pub confirmed_detections: i64,
    pub best_score: f32,
    pub zone_ids: Vec<String>,
    pub mean_speed_px_s: Option<f64>,
    pub top_speed_px_s: Option<f64>,
    pub snapshot_key: Option<String>,
}

/// What one track's row says beyond [`Track`].
#[derive(Debug, Clone, PartialEq)]
pub struct TrackDetails {
    pub track: Track,
    /// Of the camera's own picture, in pixels.
    pub source_size: (i32, i32),
    pub zone_first_inside: Vec<SystemTime>,
    pub zone_last_inside: Vec<SystemTime>,
    pub zone_detections: Vec<i64>,
    pub path_at: Vec<SystemTime>,
    pub path_x: Vec<f32>,
    pub path_y: Vec<f32>,
    pub path_error_px: f32,
    pub travelled_px: f64,
    pub best_at: SystemTime,
    /// Left, top, width, height in pixels.
    pub best_box: [f32; 4],
    pub snapshot_score: Option<f32>,
    pub crossings: Vec<Crossing>,
}

/// A track crossed a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossing {
    pub at: SystemTime,
    pub line_id: String,
    pub direction: i16,
}

/// One detection of a track.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    pub captured_at: SystemTime,
    pub sequence: i64,
    pub object_index: i16,
    pub found: Found,
}

/// Where a detection stands among those of its track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DetectionPlace {
    pub captured_at: SystemTime,
    pub sequence: i64,
    pub object_index: i16,
}

pub(crate) const LISTING: Listing = Listing {
    table: "tracks",
    columns: "t.camera_id, t.session, t.track_id, c.site_id, t.first_seen, t.last_seen, t.class, t.class_share, t.detections, \
         t.confirmed_detections, t.best_score, t.zone_ids, t.mean_speed_px_s, t.top_speed_px_s, t.snapshot_key",
    joins: "",
    order: &["first_seen", "camera_id", "session", "track_id"],
};

/// At most `limit` tracks, those that began last first, after the place.
pub async fn list<C: GenericClient>(
    client: &C,
    filter: &TrackFilter,
    after: Option<&TrackPlace>,
    limit: i64,
) -> Result<Vec<Track>, DatabaseError> {
    if filter.line_id.is_some() || filter.direction.is_some() {
        return list_crossing(client, filter, after, limit).await;
    }
    let found = search(filter, after).newest(client, &LISTING, &filter.cameras, limit).await;
    rows("search tracks", found, track)
}

/// Of those who crossed something, PostgreSQL finds all of the time before it has the newest. So it is asked about the newest day first, then
/// about the two days before, the four before them, and so on, until there are enough.
async fn list_crossing<C: GenericClient>(
    client: &C,
    filter: &TrackFilter,
    after: Option<&TrackPlace>,
    limit: i64,
) -> Result<Vec<Track>, DatabaseError> {
    const DAY: Duration = Duration::from_hours(24);
    const LONGEST: Duration = Duration::from_hours(24 * 64);
    let mut begin = newest_begin(filter, after).unwrap_or_else(SystemTime::now);
    let (mut length, mut part) = (DAY, filter.clone());
    let mut found = Vec::new();
    loop {
        begin = begin.checked_sub(length).unwrap_or(SystemTime::UNIX_EPOCH);
        let last = length > LONGEST || filter.from.is_some_and(|from| begin <= from);
        part.from = if last { filter.from } else { Some(begin) };
        let more = i64::try_from(found.len()).map_or(0, |found| limit - found);
        let rows_of_part = search(&part, after).newest(client, &LISTING, &filter.cameras, more).await;
        found.extend(rows("search tracks that crossed a line", rows_of_part, track)?);
        if last || i64::try_from(found.len()).is_ok_and(|found| found >= limit) {
            return Ok(found);
        }
        (part.to, length) = (Some(begin), length * 2);
    }
}

/// When the newest track that can be found began; `None`: there is no such bound.
fn newest_begin(filter: &TrackFilter, after: Option<&TrackPlace>) -> Option<SystemTime> {
    after.map(|place| place.first_seen).into_iter().chain(filter.to).min()
}

pub(crate) fn search(filter: &TrackFilter, after: Option<&TrackPlace>) -> Search {
    let mut search = Search::default();
    if let Some(from) = filter.from {
        let from = search.value(from);
        search.require(format!("t.first_seen >= {from}"));
    }
    if let Some(to) = filter.to {
        let to = search.value(to);
        search.require(format!("t.first_seen < {to}"));
    }
    if !filter.classes.is_empty() {
        let classes = search.value(filter.classes.clone());
        search.require(format!("t.class = ANY({classes})"));
    }
    if let Some(share) = filter.min_class_share {
        let share = search.value(share);
        search.require(format!("t.class_share >= {share}"));
    }
    if let Some(zone) = &filter.zone_id {
        let zone = search.value(zone.clone());
        search.require(format!("{zone} = ANY(t.zone_ids)"));
    }
    if filter.line_id.is_some() || filter.direction.is_some() {
        search_crossing(&mut search, filter, newest_begin(filter, after));
    }
    if let Some(duration) = filter.min_duration {
        let seconds = search.value(duration.as_secs_f64());
        search.require(format!("t.last_seen - t.first_seen >= make_interval(secs => {seconds})"));
    }
    if let Some(duration) = filter.max_duration {
        let seconds = search.value(duration.as_secs_f64());
        search.require(format!("t.last_seen - t.first_seen <= make_interval(secs => {seconds})"));
    }
    if !filter.unconfirmed {
        search.require("t.confirmed_detections > 0");
    }
    if let Some(TrackPlace { first_seen, id: TrackId { camera_id, session, track_id } }) = after {
        let first_seen = search.value(*first_seen);
        let (camera, session, track) =
            (search.value(camera_id.clone()), search.value(*session), search.value(*track_id));
        // The first condition is one for the index.
        search.require(format!(
            "t.first_seen <= {first_seen} AND (t.first_seen, t.camera_id, t.session, t.track_id) < ({first_seen}, {camera}, {session}, {track})"
        ));
    }
    search
}

/// A crossing is seen in a frame in which the track is detected.
///
/// The tracks of a crossing are rows, so that PostgreSQL can join them by hash: with `= ANY(track_ids)` it compared each track with each
/// crossing of the camera, and a search of a week took two seconds. The begin of the search, and the latest begin of a track that it can
/// find (`newest`), bound the crossings by index. Later crossings are of tracks that go on for long: those of more than a day are few, and
/// are looked up one by one, which `OFFSET 0` makes PostgreSQL do.
fn search_crossing(search: &mut Search, filter: &TrackFilter, newest: Option<SystemTime>) {
    const LONG: Duration = Duration::from_hours(24);
    let exists = "EXISTS (SELECT FROM alerts a CROSS JOIN LATERAL unnest(a.track_ids) AS crossed(track_id) WHERE a.kind = 3 \
         AND a.camera_id = t.camera_id AND a.session = t.session AND crossed.track_id = t.track_id \
         AND a.captured_at BETWEEN t.first_seen AND t.last_seen";
    let from = filter.from.map(|from| format!(" AND a.captured_at >= {}", search.value(from)));
    let line = filter.line_id.as_ref().map(|line| format!(" AND a.line_id = {}", search.value(line.clone())));
    let direction = filter.direction.map(|direction| format!(" AND a.direction = {}", search.value(direction)));
    let more: String = [from, line, direction].into_iter().flatten().collect();
    match newest.and_then(|newest| newest.checked_add(LONG)) {
        None => search.require(format!("{exists}{more})")),
        Some(end) => {
            let end = search.value(end);
            search.require_one_of([
                format!("t.last_seen < {end} AND {exists}{more} AND a.captured_at < {end})"),
                format!("t.last_seen >= {end} AND {exists}{more} OFFSET 0)"),
            ]);
        }
    }
}

/// `None` if there is no such track, or its camera is not of the site; without a site, of any camera.
pub async fn find(
    client: &PooledClient,
    site_id: Option<&str>,
    id: &TrackId,
) -> Result<Option<TrackDetails>, DatabaseError> {
    let failed = DatabaseError::statement("read a track");
    let sql = format!(
        "SELECT {}, t.source_width, t.source_height, t.zone_first_inside, t.zone_last_inside, t.zone_detections, t.path_at, \
         t.path_x, t.path_y, t.path_error_px, t.travelled_px, t.best_at, t.best_left, t.best_top, t.best_width, t.best_height, \
         t.snapshot_score FROM tracks t LEFT JOIN cameras c ON c.id = t.camera_id \
         WHERE t.camera_id = $1 AND t.session = $2 AND t.track_id = $3 AND ($4::text IS NULL OR c.site_id = $4)",
        LISTING.columns
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let TrackId { camera_id, session, track_id } = id;
    let row = client.query_opt(&statement, &[camera_id, session, track_id, &site_id]).await.map_err(failed)?;
    let Some(row) = row else { return Ok(None) };
    let mut details = details(&row).map_err(failed)?;
    details.crossings = crossings(client, &details.track).await?;
    Ok(Some(details))
}

async fn crossings(client: &PooledClient, track: &Track) -> Result<Vec<Crossing>, DatabaseError> {
    const TYPES: [Type; 5] = [Type::TEXT, Type::INT8, Type::INT8, Type::TIMESTAMPTZ, Type::TIMESTAMPTZ];
    let sql = "SELECT captured_at, line_id, direction FROM alerts WHERE kind = 3 AND camera_id = $1 AND session = $2 \
         AND $3 = ANY(track_ids) AND captured_at BETWEEN $4 AND $5 ORDER BY captured_at, line_id LIMIT 1000";
    let Track { id: TrackId { camera_id, session, track_id }, first_seen, last_seen, .. } = track;
    // Planned with the values, which say what days are read, and asked in one round trip.
    let values: [&(dyn ToSql + Sync); 5] = [camera_id, session, track_id, first_seen, last_seen];
    let found = client.query_typed(sql, &std::array::from_fn::<_, 5, _>(|at| (values[at], TYPES[at].clone()))).await;
    let crossing = |row: &Row| {
        Ok(Crossing {
            at: row.try_get("captured_at")?,
            line_id: row.try_get("line_id")?,
            direction: row.try_get("direction")?,
        })
    };
    rows("read the crossings of a track", found, crossing)
}

pub(crate) const DETECTIONS: &str = "SELECT captured_at, sequence, object_index, class, score, track_state, box_left, box_top, box_width, \
     box_height, zone_ids FROM detections WHERE camera_id = $1 AND session = $2 AND track_id = $3 \
     AND captured_at BETWEEN $4 AND $5 AND (captured_at, sequence, object_index) > ($4, $6, $7) \
     ORDER BY captured_at, sequence, object_index LIMIT $8";

/// At most `limit` detections of a track, the earliest first, after the place.
pub async fn detections<C: GenericClient>(
    client: &C,
    track: &Track,
    after: Option<DetectionPlace>,
    limit: i64,
) -> Result<Vec<Detection>, DatabaseError> {
    let Track { id: TrackId { camera_id, session, track_id }, first_seen, last_seen, .. } = track;
    let DetectionPlace { captured_at, sequence, object_index } =
        after.unwrap_or(DetectionPlace { captured_at: *first_seen, sequence: i64::MIN, object_index: i16::MIN });
    // The times let PostgreSQL read only the days of the track.
    let found = client
        .query(DETECTIONS, &[camera_id, session, track_id, &captured_at, last_seen, &sequence, &object_index, &limit])
        .await;
    rows("read the detections of a track", found, detection)
}

fn track(row: &Row) -> Result<Track, tokio_postgres::Error> {
    Ok(Track {
        id: TrackId {
            camera_id: row.try_get("camera_id")?,
            session: row.try_get("session")?,
            track_id: row.try_get("track_id")?,
        },
        site_id: row.try_get("site_id")?,
        first_seen: row.try_get("first_seen")?,
        last_seen: row.try_get("last_seen")?,
        class: row.try_get("class")?,
        class_share: row.try_get("class_share")?,
        detections: row.try_get("detections")?,
        confirmed_detections: row.try_get("confirmed_detections")?,
        best_score: row.try_get("best_score")?,
        zone_ids: row.try_get("zone_ids")?,
        mean_speed_px_s: row.try_get("mean_speed_px_s")?,
        top_speed_px_s: row.try_get("top_speed_px_s")?,
        snapshot_key: row.try_get("snapshot_key")?,
    })
}

fn details(row: &Row) -> Result<TrackDetails, tokio_postgres::Error> {
    Ok(TrackDetails {
        track: track(row)?,
        source_size: (row.try_get("source_width")?, row.try_get("source_height")?),
        zone_first_inside: row.try_get("zone_first_inside")?,
        zone_last_inside: row.try_get("zone_last_inside")?,
        zone_detections: row.try_get("zone_detections")?,
        path_at: row.try_get("path_at")?,
        path_x: row.try_get("path_x")?,
        path_y: row.try_get("path_y")?,
        path_error_px: row.try_get("path_error_px")?,
        travelled_px: row.try_get("travelled_px")?,
        best_at: row.try_get("best_at")?,
        best_box: [
            row.try_get("best_left")?,
            row.try_get("best_top")?,
            row.try_get("best_width")?,
            row.try_get("best_height")?,
        ],
        snapshot_score: row.try_get("snapshot_score")?,
        crossings: Vec::new(),
    })
}

fn detection(row: &Row) -> Result<Detection, tokio_postgres::Error> {
    Ok(Detection {
        captured_at: row.try_get("captured_at")?,
        sequence: row.try_get("sequence")?,
        object_index: row.try_get("object_index")?,
        found: Found::of(row)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_has_one_text() {
        for (text, id) in [("cam.1.2", ("cam", 1, 2)), ("a.b.-5.7", ("a.b", -5, 7)), ("a.1.2.3", ("a.1", 2, 3))] {
            let (camera_id, session, track_id) = (id.0.to_owned(), id.1, id.2);
            assert_eq!(TrackId::from_text(text), Some(TrackId { camera_id, session, track_id }));
        }
        for text in
            ["", "cam", "cam.1", "cam.1.", "cam.x.2", ".1.2", "cam.01.2", "cam.+1.2", "cam.1.99999999999999999999"]
        {
            assert_eq!(TrackId::from_text(text), None, "{text}");
        }
    }
}
