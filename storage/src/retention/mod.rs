//! For how long sites keep what: table `site_retention`. [`sweep`] deletes what is older.

pub mod sweep;

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use crate::postgres::DatabaseError;

/// Kinds of data, as the columns are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataKind {
    /// And frames.
    Detections,
    Tracks,
    /// With reviews, comments and pictures.
    Alerts,
    /// Snapshots and clips.
    Pictures,
    /// And watched time.
    Counts,
    Uploads,
    Audit,
}

impl DataKind {
    pub const ALL: [Self; 7] =
        [Self::Detections, Self::Tracks, Self::Alerts, Self::Pictures, Self::Counts, Self::Uploads, Self::Audit];

    pub fn word(self) -> &'static str {
        match self {
            Self::Detections => "detections",
            Self::Tracks => "tracks",
            Self::Alerts => "alerts",
            Self::Pictures => "pictures",
            Self::Counts => "counts",
            Self::Uploads => "uploads",
            Self::Audit => "audit",
        }
    }
}

/// Days in the order of [`DataKind::ALL`]; `None`: as long as the service keeps it.
pub type Days = [Option<i32>; 7];

/// What a site has chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteRetention {
    pub site_id: String,
    /// 0: nothing was chosen yet.
    pub version: i64,
    pub days: Days,
}

const COLUMNS: &str = "site_id, version, detections, tracks, alerts, pictures, counts, uploads, audit";

/// Of a site that exists.
pub async fn find<C: GenericClient>(client: &C, site_id: &str) -> Result<SiteRetention, DatabaseError> {
    let failed = DatabaseError::statement("read the retention of a site");
    let sql = format!("SELECT {COLUMNS} FROM site_retention WHERE site_id = $1");
    let row = client.query_opt(&sql, &[&site_id]).await.map_err(failed)?;
    let none = || SiteRetention { site_id: site_id.to_owned(), version: 0, days: Days::default() };
    row.map_or_else(|| Ok(none()), |row| retention(&row).map_err(failed))
}

/// All sites that have chosen something.
pub async fn all<C: GenericClient>(client: &C) -> Result<Vec<SiteRetention>, DatabaseError> {
    let failed = DatabaseError::statement("list the retention of sites");
    let rows =
        client.query(&format!("SELECT {COLUMNS} FROM site_retention ORDER BY site_id"), &[]).await.map_err(failed)?;
    rows.iter().map(|row| retention(row).map_err(failed)).collect()
}

/// Replaces what was chosen in that version. `None` if there is another version by now.
pub async fn change<C: GenericClient>(
    client: &C,
    site_id: &str,
    version: i64,
    days: Days,
) -> Result<Option<SiteRetention>, DatabaseError> {
    let failed = DatabaseError::statement("change the retention of a site");
    let sql = if version == 0 {
        format!(
            "INSERT INTO site_retention (site_id, version, detections, tracks, alerts, pictures, counts, uploads, audit) \
             VALUES ($1, $2::bigint + 1, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (site_id) DO NOTHING RETURNING {COLUMNS}"
        )
    } else {
        format!(
            "UPDATE site_retention SET version = version + 1, changed_at = now(), detections = $3, tracks = $4, alerts = $5, \
             pictures = $6, counts = $7, uploads = $8, audit = $9 WHERE site_id = $1 AND version = $2 RETURNING {COLUMNS}"
        )
    };
    let [detections, tracks, alerts, pictures, counts, uploads, audit] = days;
    let row = client
        .query_opt(&sql, &[&site_id, &version, &detections, &tracks, &alerts, &pictures, &counts, &uploads, &audit])
        .await
        .map_err(failed)?;
    row.map(|row| retention(&row).map_err(failed)).transpose()
}

fn retention(row: &Row) -> Result<SiteRetention, tokio_postgres::Error> {
    let mut days = Days::default();
    for (kind, days) in DataKind::ALL.into_iter().zip(&mut days) {
        *days = row.try_get(kind.word())?;
    }
    Ok(SiteRetention { site_id: row.try_get("site_id")?, version: row.try_get("version")?, days })
}
