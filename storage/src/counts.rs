//! Counts: tables `counts_1m`, `counts_15m`, `watched_1m`, `watched_15m` and `watches`, which the sink writes.

use std::time::SystemTime;

use deadpool_postgres::GenericClient;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::postgres::DatabaseError;

/// The bins that are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredBins {
    Minutes,
    /// Of an hour. Hours and days of every time zone are whole quarters.
    Quarters,
}

impl StoredBins {
    fn suffix(self) -> &'static str {
        match self {
            Self::Minutes => "1m",
            Self::Quarters => "15m",
        }
    }
}

/// Which bins are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Span<'a> {
    /// The begin of each bin, and the end of the last one, ascending. Each is a begin of a stored bin.
    pub edges: &'a [SystemTime],
    pub stored: StoredBins,
    /// Of files, each session for itself, instead of live video.
    pub files: bool,
}

/// A line or a zone: one of the ids is empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub camera_id: String,
    pub line_id: String,
    pub zone_id: String,
}

/// Which passages are counted, and which of them together.
#[derive(Debug, Clone, Copy)]
pub struct Passages<'a> {
    /// 0 for zones, 1 in, 2 out.
    pub directions: &'a [i16],
    pub classes: &'a [i16],
    /// Each direction for itself.
    pub by_direction: bool,
    /// Each class for itself.
    pub by_class: bool,
}

/// A camera of a site, also one that is deleted.
#[derive(Debug, Clone)]
pub struct CountedCamera {
    pub id: String,
    pub settings: Value,
    pub deleted: bool,
    /// It shows an uploaded file.
    pub file: bool,
}

/// What a camera was watched for, at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    pub camera_id: String,
    pub id: i64,
    pub line_ids: Vec<String>,
    pub zone_ids: Vec<String>,
    pub classes: Vec<i16>,
}

/// A bin with passages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    pub place: Place,
    /// 0 for live video.
    pub file_session: i64,
    /// 0 if all are counted together.
    pub direction: i16,
    /// 0 if all are counted together.
    pub class: i16,
    /// Number of the bin, from 0.
    pub bin: usize,
    pub passages: i64,
}

/// A bin in which a camera was watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    pub camera_id: String,
    pub file_session: i64,
    pub watch_id: i64,
    /// Number of the bin, from 0.
    pub bin: usize,
    pub watched_us: i64,
}

/// The cameras of a site, in the order of their ids.
pub async fn cameras<C: GenericClient>(client: &C, site_id: &str) -> Result<Vec<CountedCamera>, DatabaseError> {
    let failed = DatabaseError::statement("list the cameras of counts");
    let sql = "SELECT id, settings, deleted_at IS NOT NULL, upload_id IS NOT NULL FROM cameras WHERE site_id = $1 ORDER BY id";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[&site_id]).await.map_err(failed)?;
    let camera = |row: &Row| {
        Ok(CountedCamera {
            id: row.try_get(0)?,
            settings: row.try_get(1)?,
            deleted: row.try_get(2)?,
            file: row.try_get(3)?,
        })
    };
    rows.iter().map(|row| camera(row).map_err(failed)).collect()
}

/// What these cameras were watched for, at any time.
pub async fn watches<C: GenericClient>(client: &C, cameras: &[&str]) -> Result<Vec<Watch>, DatabaseError> {
    let failed = DatabaseError::statement("read what was watched");
    let sql = "SELECT camera_id, id, line_ids, zone_ids, classes FROM watches WHERE camera_id = ANY($1)";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[&cameras]).await.map_err(failed)?;
    let watch = |row: &Row| {
        Ok(Watch {
            camera_id: row.try_get(0)?,
            id: row.try_get(1)?,
            line_ids: row.try_get(2)?,
            zone_ids: row.try_get(3)?,
            classes: row.try_get(4)?,
        })
    };
    rows.iter().map(|row| watch(row).map_err(failed)).collect()
}

/// The statement of [`watched`]. Each camera is one range of the primary key, and is summed up for itself: ids of cameras are compared once.
pub fn watched_sql(span: Span<'_>) -> String {
    format!(
        "SELECT k.camera_id, w.* FROM unnest($1::text[]) AS k (camera_id) \
         CROSS JOIN LATERAL (SELECT file_session, watch_id, width_bucket(starts_at, $2::timestamptz[]) - 1, sum(watched_us)::bigint \
         FROM watched_{} WHERE camera_id = k.camera_id AND starts_at >= $3 AND starts_at < $4 AND file_session {} 0 \
         GROUP BY 1, 2, 3) w",
        span.stored.suffix(),
        sessions(span)
    )
}

/// The statement of [`counted`]. Each line or zone is one range of the primary key, and is summed up for itself.
pub fn counted_sql(span: Span<'_>, passages: Passages<'_>) -> String {
    let direction = if passages.by_direction { "direction" } else { "0::smallint" };
    let class = if passages.by_class { "class" } else { "0::smallint" };
    format!(
        "SELECT k.camera_id, k.line_id, k.zone_id, c.* \
         FROM unnest($1::text[], $2::text[], $3::text[]) AS k (camera_id, line_id, zone_id) \
         CROSS JOIN LATERAL (SELECT file_session, {direction}, {class}, width_bucket(starts_at, $4::timestamptz[]) - 1, \
         sum(passages)::bigint FROM counts_{} \
         WHERE camera_id = k.camera_id AND line_id = k.line_id AND zone_id = k.zone_id AND starts_at >= $5 AND starts_at < $6 \
         AND file_session {} 0 AND direction = ANY($7) AND class = ANY($8) GROUP BY 1, 2, 3, 4) c",
        span.stored.suffix(),
        sessions(span)
    )
}

fn sessions(span: Span<'_>) -> &'static str {
    if span.files { "<>" } else { "=" }
}

/// How long each of the cameras was watched.
pub async fn watched<C: GenericClient>(
    client: &C,
    cameras: &[&str],
    span: Span<'_>,
) -> Result<Vec<Watched>, DatabaseError> {
    let failed = DatabaseError::statement("read how long cameras were watched");
    let [from, .., to] = span.edges else { return Ok(Vec::new()) };
    let statement = client.prepare_cached(&watched_sql(span)).await.map_err(failed)?;
    let parameters: [&(dyn ToSql + Sync); 4] = [&cameras, &span.edges, from, to];
    let rows = client.query(&statement, &parameters).await.map_err(failed)?;
    let watched = |row: &Row| {
        Ok(Watched {
            camera_id: row.try_get(0)?,
            file_session: row.try_get(1)?,
            watch_id: row.try_get(2)?,
            bin: bin(row.try_get(3)?),
            watched_us: row.try_get(4)?,
        })
    };
    rows.iter().map(|row| watched(row).map_err(failed)).collect()
}

/// The bins of these lines and zones that have passages.
pub async fn counted<C: GenericClient>(
    client: &C,
    places: &[Place],
    span: Span<'_>,
    passages: Passages<'_>,
) -> Result<Vec<Counted>, DatabaseError> {
    let failed = DatabaseError::statement("read counts");
    let [from, .., to] = span.edges else { return Ok(Vec::new()) };
    let column = |id: fn(&Place) -> &String| places.iter().map(id).collect::<Vec<_>>();
    let (cameras, lines, zones) =
        (column(|place| &place.camera_id), column(|place| &place.line_id), column(|place| &place.zone_id));
    let statement = client.prepare_cached(&counted_sql(span, passages)).await.map_err(failed)?;
    let parameters: [&(dyn ToSql + Sync); 8] =
        [&cameras, &lines, &zones, &span.edges, from, to, &passages.directions, &passages.classes];
    let rows = client.query(&statement, &parameters).await.map_err(failed)?;
    let counted = |row: &Row| {
        Ok(Counted {
            place: Place { camera_id: row.try_get(0)?, line_id: row.try_get(1)?, zone_id: row.try_get(2)? },
            file_session: row.try_get(3)?,
            direction: row.try_get(4)?,
            class: row.try_get(5)?,
            bin: bin(row.try_get(6)?),
            passages: row.try_get(7)?,
        })
    };
    rows.iter().map(|row| counted(row).map_err(failed)).collect()
}

/// Numbers of bins count from 0: what is read is not before the first edge.
fn bin(number: i32) -> usize {
    usize::try_from(number).unwrap_or_default()
}
