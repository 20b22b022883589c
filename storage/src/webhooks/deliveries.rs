//! Deliveries as people see them, and their end.

use std::time::{Duration, SystemTime};

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use crate::postgres::DatabaseError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    Pending,
    Delivered,
    Dead,
}

impl DeliveryState {
    const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Dead];

    fn number(self) -> i16 {
        match self {
            Self::Pending => 1,
            Self::Delivered => 2,
            Self::Dead => 3,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Delivery {
    pub id: i64,
    pub event_id: String,
    pub event: String,
    pub camera_id: String,
    pub state: DeliveryState,
    pub attempts: i32,
    pub queued_at: SystemTime,
    pub last_attempt_at: Option<SystemTime>,
    /// When it is sent, or looked at again; only of the oldest pending one of its camera.
    pub next_attempt_at: Option<SystemTime>,
    /// When it was delivered or given up.
    pub ended_at: Option<SystemTime>,
    /// Of the last attempt, if there was an answer.
    pub status: Option<i16>,
    /// Why the last attempt failed, or why it was given up.
    pub error: Option<String>,
    /// What is posted.
    pub body: String,
}

/// Of the table `webhook_deliveries d`.
const COLUMNS: &str = "d.id, d.event_id, d.event, d.camera_id, d.state, d.attempts, d.queued_at, d.last_attempt_at, d.ended_at, \
     d.status, d.error, d.body, CASE WHEN d.state = 1 AND NOT EXISTS (SELECT FROM webhook_deliveries o \
         WHERE o.webhook_id = d.webhook_id AND o.camera_id = d.camera_id AND o.state = 1 AND o.id < d.id) \
     THEN (SELECT l.due_at FROM webhook_lanes l WHERE l.webhook_id = d.webhook_id AND l.camera_id = d.camera_id) END AS next_attempt_at";

/// At most `limit` deliveries to a webhook, the newest first, with smaller ids than `before`; in one state, or all.
pub async fn deliveries<C: GenericClient>(
    client: &C,
    webhook_id: &str,
    state: Option<DeliveryState>,
    before: i64,
    limit: i64,
) -> Result<Vec<Delivery>, DatabaseError> {
    let failed = DatabaseError::statement("list deliveries");
    let states: Vec<DeliveryState> = state.map_or(DeliveryState::ALL.to_vec(), |state| vec![state]);
    let states: Vec<i16> = states.into_iter().map(DeliveryState::number).collect();
    // Each state is read from the index in order; together they are three pages at most.
    let sql = format!(
        "SELECT {COLUMNS} FROM unnest($2::smallint[]) s CROSS JOIN LATERAL (SELECT * FROM webhook_deliveries \
             WHERE webhook_id = $1 AND state = s AND id < $3 ORDER BY id DESC LIMIT $4) d ORDER BY d.id DESC LIMIT $4"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let rows = client.query(&statement, &[&webhook_id, &states, &before, &limit]).await.map_err(failed)?;
    rows.iter().map(|row| read(row).map_err(failed)).collect()
}

/// `None` if the webhook has none with that id.
pub async fn delivery<C: GenericClient>(
    client: &C,
    webhook_id: &str,
    id: i64,
) -> Result<Option<Delivery>, DatabaseError> {
    let failed = DatabaseError::statement("read a delivery");
    let sql = format!("SELECT {COLUMNS} FROM webhook_deliveries d WHERE d.webhook_id = $1 AND d.id = $2");
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&webhook_id, &id]).await.map_err(failed)?;
    row.map(|row| read(&row).map_err(failed)).transpose()
}

/// Has a dead delivery sent again, as if it were new. False if it is not dead. Call it in a transaction.
pub async fn put_back<C: GenericClient>(client: &C, webhook_id: &str, id: i64) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("put a delivery back");
    let sql = "INSERT INTO webhook_lanes (webhook_id, camera_id, due_at) \
               SELECT webhook_id, camera_id, now() FROM webhook_deliveries WHERE webhook_id = $1 AND id = $2 AND state = 3 \
               ON CONFLICT (webhook_id, camera_id) DO UPDATE SET due_at = coalesce(webhook_lanes.due_at, excluded.due_at)";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[&webhook_id, &id]).await.map_err(failed)?;
    let sql = "UPDATE webhook_deliveries SET state = 1, ended_at = NULL, pending_since = now() \
               WHERE webhook_id = $1 AND id = $2 AND state = 3";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    Ok(client.execute(&statement, &[&webhook_id, &id]).await.map_err(failed)? > 0)
}

/// Gives up at most `limit` deliveries to webhooks that are not enabled. Those of others are given up when an attempt fails.
pub async fn give_up_paused<C: GenericClient>(client: &C, after: Duration, limit: i64) -> Result<u64, DatabaseError> {
    let failed = DatabaseError::statement("give deliveries up");
    let sql = "UPDATE webhook_deliveries SET state = 3, ended_at = now(), \
                   error = coalesce(error, 'it was not sent: the webhook was not enabled for as long as a delivery may wait') \
               WHERE id IN (SELECT d.id FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id \
                   WHERE d.state = 1 AND d.pending_since <= now() - $1 * interval '1 second' AND NOT w.enabled \
                   ORDER BY d.pending_since LIMIT $2) AND state = 1";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[&after.as_secs_f64(), &limit]).await.map_err(failed)
}

/// Deletes at most `limit` deliveries that ended before that.
pub async fn delete_ended<C: GenericClient>(client: &C, after: Duration, limit: i64) -> Result<u64, DatabaseError> {
    let failed = DatabaseError::statement("delete old deliveries");
    let sql = "DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries \
                   WHERE state <> 1 AND ended_at <= now() - $1 * interval '1 second' ORDER BY ended_at LIMIT $2) AND state <> 1";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[&after.as_secs_f64(), &limit]).await.map_err(failed)
}

fn read(row: &Row) -> Result<Delivery, tokio_postgres::Error> {
    let state: i16 = row.try_get("state")?;
    Ok(Delivery {
        id: row.try_get("id")?,
        event_id: row.try_get("event_id")?,
        event: row.try_get("event")?,
        camera_id: row.try_get("camera_id")?,
        // The values come from `number`; a service is refused by a schema that is newer than itself.
        state: DeliveryState::ALL.into_iter().find(|known| known.number() == state).unwrap_or(DeliveryState::Dead),
        attempts: row.try_get("attempts")?,
        queued_at: row.try_get("queued_at")?,
        last_attempt_at: row.try_get("last_attempt_at")?,
        next_attempt_at: row.try_get("next_attempt_at")?,
        ended_at: row.try_get("ended_at")?,
        status: row.try_get("status")?,
        error: row.try_get("error")?,
        body: row.try_get("body")?,
    })
}
