//! Events become deliveries.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::postgres::DatabaseError;

/// What happened to an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    Raised,
    Ended,
    Acknowledged,
}

impl EventKind {
    pub const ALL: [Self; 3] = [Self::Raised, Self::Ended, Self::Acknowledged];

    /// As stored, and as requests and bodies name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Raised => "alert.raised",
            Self::Ended => "alert.ended",
            Self::Acknowledged => "alert.acknowledged",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.word() == word)
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Ended => "ended",
            Self::Acknowledged => "acknowledged",
        }
    }
}

/// Something that happened to an alert.
#[derive(Debug, Clone)]
pub struct Event {
    pub event: EventKind,
    pub alert_id: String,
    pub camera_id: String,
    /// Numbered as in the messages.
    pub kind: i16,
    /// Numbered as in the messages.
    pub severity: i16,
    pub at: SystemTime,
    /// The alert as the body shows it.
    pub alert: Value,
}

/// What became of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Queued {
    /// Deliveries that are pending now.
    pub pending: u64,
    /// Deliveries that were given up at once, because the events are too old.
    pub dead: u64,
    /// Events of cameras that belong to no site: nobody is told of them.
    pub without_site: u64,
}

/// A webhook is not told of what happened before it was made. The clocks of the database and of whoever made the event may differ by this.
const CLOCKS: f64 = 300.0;

const INSERT: &str = "WITH added AS ( \
         INSERT INTO webhook_deliveries (webhook_id, event_id, event, camera_id, body, state, ended_at, error) \
         SELECT w.id, e.event_id, e.event, e.camera_id, e.body, CASE WHEN e.late THEN 3 ELSE 1 END, \
             CASE WHEN e.late THEN now() END, CASE WHEN e.late THEN 'the event was read when it was too old to be sent' END \
         FROM (SELECT *, at < now() - $9 * interval '1 second' AS late FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], \
             $5::smallint[], $6::smallint[], $7::timestamptz[], $8::text[]) \
             WITH ORDINALITY AS e (event_id, event, camera_id, site_id, kind, severity, at, body, place)) e \
         JOIN webhooks w ON w.site_id = e.site_id AND e.event = ANY(w.events) AND e.kind = ANY(w.kinds) \
             AND (w.severities = '{}' OR e.severity = ANY(w.severities)) \
             AND (w.camera_ids = '{}' OR e.camera_id = ANY(w.camera_ids)) \
             AND w.created_at <= e.at + $10 * interval '1 second' \
         ORDER BY e.place, w.id ON CONFLICT (webhook_id, event_id) DO NOTHING RETURNING webhook_id, camera_id, state \
     ), lanes AS ( \
         INSERT INTO webhook_lanes (webhook_id, camera_id, due_at) \
         SELECT DISTINCT webhook_id, camera_id, now() FROM added WHERE state = 1 ORDER BY webhook_id, camera_id \
         ON CONFLICT (webhook_id, camera_id) DO UPDATE SET due_at = coalesce(webhook_lanes.due_at, excluded.due_at) \
     ) \
     SELECT count(*) FILTER (WHERE state = 1), count(*) FILTER (WHERE state = 3) FROM added";

/// Makes a delivery of each event for each webhook that is told of it, unless there is one already. Call it in the transaction of whatever
/// makes the events, in their order. An event that is older than `oldest` is given up at once, and is visible as such.
pub async fn queue<C: GenericClient>(client: &C, events: &[Event], oldest: Duration) -> Result<Queued, DatabaseError> {
    let failed = DatabaseError::statement("queue events for webhooks");
    let mut queued = Queued::default();
    let sites = sites(client, events).await?;
    let with_site = |event: &'_ Event| sites.get(&event.camera_id).cloned();
    let (mut known, mut of_sites) = (Vec::new(), Vec::new());
    for event in events {
        match with_site(event) {
            Some(site) => {
                known.push(event);
                of_sites.push(site);
            }
            None => queued.without_site += 1,
        }
    }
    if known.is_empty() {
        return Ok(queued);
    }
    let ids: Vec<String> = known.iter().map(|event| format!("{}.{}", event.alert_id, event.event.ending())).collect();
    let bodies: Vec<String> = known
        .iter()
        .zip(&ids)
        .zip(&of_sites)
        .map(|((event, id), site)| {
            let at = Timestamp::try_from(event.at).unwrap_or_default().to_string();
            let Event { event, camera_id, alert, .. } = event;
            json!({ "id": id, "event": event.word(), "at": at, "site_id": site, "camera_id": camera_id, "alert": alert })
                .to_string()
        })
        .collect();
    let words: Vec<&str> = known.iter().map(|event| event.event.word()).collect();
    let cameras: Vec<&str> = known.iter().map(|event| event.camera_id.as_str()).collect();
    let kinds: Vec<i16> = known.iter().map(|event| event.kind).collect();
    let severities: Vec<i16> = known.iter().map(|event| event.severity).collect();
    let times: Vec<SystemTime> = known.iter().map(|event| event.at).collect();
    let statement = client.prepare_cached(INSERT).await.map_err(failed)?;
    let oldest = oldest.as_secs_f64();
    let row = client
        .query_one(
            &statement,
            &[&ids, &words, &cameras, &of_sites, &kinds, &severities, &times, &bodies, &oldest, &CLOCKS],
        )
        .await
        .map_err(failed)?;
    let counts: (i64, i64) = (row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?);
    (queued.pending, queued.dead) = (counts.0.unsigned_abs(), counts.1.unsigned_abs());
    Ok(queued)
}

/// The sites of the cameras, also of those that were deleted: their alerts end after them.
async fn sites<C: GenericClient>(client: &C, events: &[Event]) -> Result<HashMap<String, String>, DatabaseError> {
    let failed = DatabaseError::statement("read the sites of cameras");
    let cameras: Vec<&str> = events.iter().map(|event| event.camera_id.as_str()).collect();
    let statement =
        client.prepare_cached("SELECT id, site_id FROM cameras WHERE id = ANY($1)").await.map_err(failed)?;
    let rows = client.query(&statement, &[&cameras]).await.map_err(failed)?;
    rows.iter().map(|row| Ok((row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?))).collect()
}
