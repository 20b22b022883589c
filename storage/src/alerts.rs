//! Alerts as people look for them: table `alerts`, which the sink writes, with what people said about them.

use std::time::SystemTime;

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use crate::postgres::DatabaseError;
use crate::reviews::{Review, ReviewState};
use crate::search::{Cameras, Listing, Search, rows};

/// The kind of a line crossing. Crossings are counts, and no part of the inbox.
const CROSSING: i16 = 3;

/// Which alerts are looked for. Enumerations are numbered as in the messages.
#[derive(Debug, Clone, Default)]
pub struct AlertFilter {
    pub cameras: Cameras,
    /// Captured at this time or later.
    pub from: Option<SystemTime>,
    /// Captured before it.
    pub to: Option<SystemTime>,
    /// Empty: all but crossings.
    pub kinds: Vec<i16>,
    /// Empty: all; so are the next ones.
    pub severities: Vec<i16>,
    pub classes: Vec<i16>,
    pub states: Vec<ReviewState>,
    pub rule_id: Option<String>,
    pub zone_id: Option<String>,
    /// Whether it goes on.
    pub open: Option<bool>,
    /// Whether the reader has seen it.
    pub seen: Option<bool>,
}

/// Where an alert stands in the list: after it come those that were captured earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertPlace {
    pub captured_at: SystemTime,
    pub id: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    pub id: String,
    pub camera_id: String,
    /// Of the camera; `None` if it belongs to no site.
    pub site_id: Option<String>,
    pub captured_at: SystemTime,
    pub session: i64,
    pub rule_id: String,
    /// Empty for a line.
    pub zone_id: String,
    /// Empty for a zone.
    pub line_id: String,
    pub kind: i16,
    pub severity: i16,
    pub class: i16,
    pub direction: i16,
    pub track_ids: Vec<i64>,
    /// Left, top, width, height in pixels.
    pub bounds: Option<[f32; 4]>,
    /// Of the camera's own picture, in pixels.
    pub source_size: (i32, i32),
    pub occurrence: i32,
    pub began_at: Option<SystemTime>,
    pub ended_at: Option<SystemTime>,
    pub end_reason: i16,
    pub clock_source: i16,
    /// Empty if it has none.
    pub snapshot_key: String,
    /// Empty if it has none.
    pub clip_key: String,
    pub review: Review,
    /// How many.
    pub comments: i64,
    /// Whether the reader has seen it.
    pub seen: bool,
}

/// Parameter 1 is the reader.
pub(crate) const LISTING: Listing = Listing {
    table: "alerts",
    columns: "t.id, t.camera_id, c.site_id, t.captured_at, t.session, t.rule_id, t.zone_id, t.line_id, t.kind, t.severity, t.class, \
         t.direction, t.track_ids, t.box_left, t.box_top, t.box_width, t.box_height, t.source_width, t.source_height, t.occurrence, \
         t.began_at, t.ended_at, t.end_reason, t.clock_source, t.snapshot_key, t.clip_key, r.state, r.reason, r.note, r.version, \
         r.changed_at, r.user_id, r.key_id, u.display_name, \
         (SELECT count(*) FROM alert_comments m WHERE m.alert_id = t.id) AS comments, \
         EXISTS (SELECT FROM alert_seen s WHERE s.alert_id = t.id AND s.user_id = $1) AS seen",
    joins: "LEFT JOIN alert_reviews r ON r.alert_id = t.id LEFT JOIN users u ON u.id = r.user_id",
    order: &["captured_at", "id"],
};

/// At most `limit` alerts, those that were captured last first, after the place. `reader` is a user, or empty.
pub async fn list<C: GenericClient>(
    client: &C,
    reader: &str,
    filter: &AlertFilter,
    after: Option<&AlertPlace>,
    limit: i64,
) -> Result<Vec<Alert>, DatabaseError> {
    let found = search(reader, filter, after).newest(client, &LISTING, &filter.cameras, limit).await;
    rows("search alerts", found, alert)
}

pub(crate) fn search(reader: &str, filter: &AlertFilter, after: Option<&AlertPlace>) -> Search {
    let mut search = Search::default();
    let reader = search.value(reader.to_owned());
    if !filter.kinds.contains(&CROSSING) {
        // As the index of the inbox says it.
        search.require("t.kind <> 3");
    }
    if let Some(from) = filter.from {
        let from = search.value(from);
        search.require(format!("t.captured_at >= {from}"));
    }
    if let Some(to) = filter.to {
        let to = search.value(to);
        search.require(format!("t.captured_at < {to}"));
    }
    for (column, numbers) in [("kind", &filter.kinds), ("severity", &filter.severities), ("class", &filter.classes)] {
        if !numbers.is_empty() {
            let numbers = search.value(numbers.clone());
            search.require(format!("t.{column} = ANY({numbers})"));
        }
    }
    for (column, id) in [("rule_id", &filter.rule_id), ("zone_id", &filter.zone_id)] {
        if let Some(id) = id {
            let id = search.value(id.clone());
            search.require(format!("t.{column} = {id}"));
        }
    }
    if !filter.states.is_empty() {
        let states: Vec<i16> = filter.states.iter().map(|state| state.number()).collect();
        let states = search.value(states);
        let new = ReviewState::New.number();
        search.require(format!(
            "coalesce((SELECT r.state FROM alert_reviews r WHERE r.alert_id = t.id), {new}::smallint) = ANY({states})"
        ));
    }
    match filter.open {
        // Of older rows nobody knows when they began or ended.
        Some(true) => search.require("t.ended_at IS NULL AND t.began_at IS NOT NULL"),
        Some(false) => search.require("(t.ended_at IS NOT NULL OR t.began_at IS NULL)"),
        None => {}
    }
    if let Some(seen) = filter.seen {
        let not = if seen { "" } else { "NOT " };
        search.require(format!(
            "{not}EXISTS (SELECT FROM alert_seen s WHERE s.alert_id = t.id AND s.user_id = {reader})"
        ));
    }
    if let Some(AlertPlace { captured_at, id }) = after {
        let (captured_at, id) = (search.value(*captured_at), search.value(id.clone()));
        search.require(format!("t.captured_at <= {captured_at} AND (t.captured_at, t.id) < ({captured_at}, {id})"));
    }
    search
}

/// `None` if there is no such alert, or its camera is not of the site; without a site, of any camera.
pub async fn find<C: GenericClient>(
    client: &C,
    reader: &str,
    site_id: Option<&str>,
    id: &str,
) -> Result<Option<Alert>, DatabaseError> {
    let failed = DatabaseError::statement("read an alert");
    let Listing { columns, joins, .. } = LISTING;
    let sql = format!(
        "SELECT {columns} FROM alerts t LEFT JOIN cameras c ON c.id = t.camera_id {joins} \
         WHERE t.id = $2 AND ($3::text IS NULL OR c.site_id = $3)"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&reader, &id, &site_id]).await.map_err(failed)?;
    row.map(|row| alert(&row).map_err(failed)).transpose()
}

/// Returns whether it was not seen before. The alert and the user exist.
pub async fn see<C: GenericClient>(client: &C, id: &str, user_id: &str) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("note that an alert was seen");
    // It may have gone since it was found.
    let sql = "INSERT INTO alert_seen (alert_id, user_id) SELECT id, $2 FROM alerts WHERE id = $1 FOR KEY SHARE \
         ON CONFLICT DO NOTHING";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    Ok(client.execute(&statement, &[&id, &user_id]).await.map_err(failed)? == 1)
}

pub async fn unsee<C: GenericClient>(client: &C, id: &str, user_id: &str) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("forget that an alert was seen");
    let sql = "DELETE FROM alert_seen WHERE alert_id = $1 AND user_id = $2";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[&id, &user_id]).await.map(drop).map_err(failed)
}

fn alert(row: &Row) -> Result<Alert, tokio_postgres::Error> {
    let bounds: [Option<f32>; 4] =
        [row.try_get("box_left")?, row.try_get("box_top")?, row.try_get("box_width")?, row.try_get("box_height")?];
    let bounds = match bounds {
        [Some(left), Some(top), Some(width), Some(height)] => Some([left, top, width, height]),
        _ => None,
    };
    Ok(Alert {
        id: row.try_get("id")?,
        camera_id: row.try_get("camera_id")?,
        site_id: row.try_get("site_id")?,
        captured_at: row.try_get("captured_at")?,
        session: row.try_get("session")?,
        rule_id: row.try_get("rule_id")?,
        zone_id: row.try_get("zone_id")?,
        line_id: row.try_get("line_id")?,
        kind: row.try_get("kind")?,
        severity: row.try_get("severity")?,
        class: row.try_get("class")?,
        direction: row.try_get("direction")?,
        track_ids: row.try_get("track_ids")?,
        bounds,
        source_size: (row.try_get("source_width")?, row.try_get("source_height")?),
        occurrence: row.try_get("occurrence")?,
        began_at: row.try_get("began_at")?,
        ended_at: row.try_get("ended_at")?,
        end_reason: row.try_get("end_reason")?,
        clock_source: row.try_get("clock_source")?,
        snapshot_key: row.try_get("snapshot_key")?,
        clip_key: row.try_get("clip_key")?,
        review: Review::read(row)?,
        comments: row.try_get("comments")?,
        seen: row.try_get("seen")?,
    })
}
