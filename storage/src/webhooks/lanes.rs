//! Which delivery is sent next, by whom, and what came of it.

use std::time::{Duration, SystemTime};

use deadpool_postgres::GenericClient;

use super::{SECRETS, SealedSecrets, sealed};
use crate::postgres::DatabaseError;

/// How much is claimed at once.
#[derive(Debug, Clone, Copy)]
pub struct Bounds<'a> {
    /// The webhooks that this sender is sending to.
    pub busy: &'a [String],
    /// To how many of their lanes.
    pub busy_lanes: &'a [i32],
    /// The most lanes of one webhook that one sender sends to at once.
    pub per_webhook: i32,
    pub lanes: i64,
    /// How long the lanes belong to the sender.
    pub lease: Duration,
}

/// A lane that belongs to a sender until its lease ends.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub webhook_id: String,
    pub site_id: String,
    pub camera_id: String,
    pub url: String,
    /// Whether it is told when an alert ends.
    pub told_of_ends: bool,
    pub secrets: SealedSecrets,
    /// Failed attempts since the last success.
    pub failures: i32,
    claim: i64,
    /// The oldest pending delivery; `None` if nothing is pending any more.
    pub delivery: Option<Waiting>,
}

/// A delivery that is sent now.
#[derive(Debug, Clone)]
pub struct Waiting {
    id: i64,
    pub event_id: String,
    pub event: String,
    pub body: String,
    /// How often it was sent before.
    pub attempts: i32,
    /// The webhook was told of something newer about the alert, or will be of its end: this delivery says nothing about how it is now.
    pub outdated: bool,
}

const CLAIM: &str = "WITH due AS ( \
         SELECT l.webhook_id, l.camera_id, l.due_at, row_number() OVER (PARTITION BY l.webhook_id ORDER BY l.due_at) AS place \
         FROM webhook_lanes l JOIN webhooks w ON w.id = l.webhook_id WHERE l.due_at <= now() AND w.enabled \
     ), chosen AS ( \
         SELECT l.webhook_id, l.camera_id FROM webhook_lanes l \
         JOIN due d ON d.webhook_id = l.webhook_id AND d.camera_id = l.camera_id \
         LEFT JOIN unnest($1::text[], $2::integer[]) AS b (webhook_id, lanes) ON b.webhook_id = l.webhook_id \
         WHERE l.due_at <= now() AND d.place <= $3::bigint - coalesce(b.lanes, 0) \
         ORDER BY d.place, d.due_at LIMIT $4 FOR UPDATE OF l SKIP LOCKED \
     ) \
     UPDATE webhook_lanes l SET due_at = now() + $5 * interval '1 second', claim = l.claim + 1 FROM chosen c, webhooks w \
     WHERE l.webhook_id = c.webhook_id AND l.camera_id = c.camera_id AND w.id = l.webhook_id \
     RETURNING l.webhook_id, l.camera_id, l.claim, l.failures, w.url, w.site_id, 'alert.ended' = ANY(w.events) AS told_of_ends, ";

/// Takes lanes that are due, those that are due the longest first, and of each webhook as many as of another.
pub async fn claim<C: GenericClient>(client: &C, bounds: Bounds<'_>) -> Result<Vec<Claimed>, DatabaseError> {
    let failed = DatabaseError::statement("claim deliveries to webhooks");
    let statement = client.prepare_cached(&format!("{CLAIM}{SECRETS}")).await.map_err(failed)?;
    let Bounds { busy, busy_lanes, per_webhook, lanes, lease } = bounds;
    let per_webhook = i64::from(per_webhook);
    let rows = client
        .query(&statement, &[&busy, &busy_lanes, &per_webhook, &lanes, &lease.as_secs_f64()])
        .await
        .map_err(failed)?;
    let mut claimed = Vec::with_capacity(rows.len());
    for row in &rows {
        let read = || -> Result<Claimed, tokio_postgres::Error> {
            Ok(Claimed {
                webhook_id: row.try_get("webhook_id")?,
                camera_id: row.try_get("camera_id")?,
                url: row.try_get("url")?,
                site_id: row.try_get("site_id")?,
                told_of_ends: row.try_get("told_of_ends")?,
                secrets: sealed(row)?,
                failures: row.try_get("failures")?,
                claim: row.try_get("claim")?,
                delivery: None,
            })
        };
        claimed.push(read().map_err(failed)?);
    }
    // A statement of its own sees what was settled before the lanes were claimed.
    for lane in &mut claimed {
        lane.delivery = oldest(client, &lane.webhook_id, &lane.camera_id).await?;
    }
    Ok(claimed)
}

async fn oldest<C: GenericClient>(
    client: &C,
    webhook_id: &str,
    camera_id: &str,
) -> Result<Option<Waiting>, DatabaseError> {
    let failed = DatabaseError::statement("read a delivery to a webhook");
    // The ids of an alert's events differ in their last word.
    let sql = "SELECT d.id, d.event_id, d.event, d.body, d.attempts, EXISTS (SELECT FROM webhook_deliveries o \
                   WHERE o.webhook_id = d.webhook_id AND o.id <> d.id AND ( \
                       o.event_id = regexp_replace(d.event_id, '\\.[a-z]+$', '.ended') \
                       OR (o.state = 2 AND o.event_id = regexp_replace(d.event_id, '\\.raised$', '.acknowledged')))) \
               FROM webhook_deliveries d \
               WHERE d.webhook_id = $1 AND d.camera_id = $2 AND d.state = 1 ORDER BY d.id LIMIT 1";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&webhook_id, &camera_id]).await.map_err(failed)?;
    let read = |row: tokio_postgres::Row| -> Result<Waiting, tokio_postgres::Error> {
        Ok(Waiting {
            id: row.try_get(0)?,
            event_id: row.try_get(1)?,
            event: row.try_get(2)?,
            body: row.try_get(3)?,
            attempts: row.try_get(4)?,
            outdated: row.try_get(5)?,
        })
    };
    row.map(|row| read(row).map_err(failed)).transpose()
}

/// What came of a claim.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The HTTP status, if there was an answer.
    pub status: Option<i16>,
    /// Why it failed; `None`: the target accepted it.
    pub error: Option<String>,
    /// How long the lane waits after a failure.
    pub wait: Duration,
    /// How long a delivery may have been pending when an attempt fails; then it is given up.
    pub give_up_after: Duration,
}

/// What a result changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Stored; so many deliveries were given up.
    Stored { dead: u64 },
    /// The claim had passed to another sender, or the webhook is gone: nothing is changed.
    Superseded,
}

/// Stores the result and lets the lane go on. Call it in a transaction. Without an attempt, nothing was pending.
pub async fn settle<C: GenericClient>(
    client: &C,
    claimed: &Claimed,
    attempt: Option<&Attempt>,
) -> Result<Outcome, DatabaseError> {
    let failed = DatabaseError::statement("store the result of a delivery");
    let Claimed { webhook_id, camera_id, claim, delivery, .. } = claimed;
    let sql = "SELECT FROM webhook_lanes WHERE webhook_id = $1 AND camera_id = $2 AND claim = $3 FOR UPDATE";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    if client.query_opt(&statement, &[webhook_id, camera_id, claim]).await.map_err(failed)?.is_none() {
        return Ok(Outcome::Superseded);
    }
    let (mut dead, mut wait, mut failures) = (0, 0.0, 0);
    if let (Some(Attempt { status, error, wait: after, give_up_after }), Some(delivery)) = (attempt, delivery) {
        let sql = "UPDATE webhook_deliveries SET attempts = attempts + 1, last_attempt_at = now(), status = $2, error = $3, \
                   state = CASE WHEN $3::text IS NULL THEN 2 ELSE 1 END, ended_at = CASE WHEN $3::text IS NULL THEN now() END \
                   WHERE id = $1 AND state = 1";
        let statement = client.prepare_cached(sql).await.map_err(failed)?;
        client.execute(&statement, &[&delivery.id, status, error]).await.map_err(failed)?;
        if error.is_some() {
            (wait, failures) = (after.as_secs_f64(), claimed.failures.saturating_add(1));
            // Those behind it waited in vain for as long.
            let sql = "UPDATE webhook_deliveries SET state = 3, ended_at = now(), \
                       error = coalesce(error, 'it was not sent: the deliveries before it failed for as long as this one may wait') \
                       WHERE webhook_id = $1 AND camera_id = $2 AND state = 1 AND pending_since <= now() - $3 * interval '1 second'";
            let statement = client.prepare_cached(sql).await.map_err(failed)?;
            let given_up = client.execute(&statement, &[webhook_id, camera_id, &give_up_after.as_secs_f64()]).await;
            dead = given_up.map_err(failed)?;
        }
        health(client, webhook_id, camera_id, error.as_deref()).await?;
    }
    let sql = "UPDATE webhook_lanes SET failures = $4, due_at = CASE WHEN EXISTS (SELECT FROM webhook_deliveries d \
                   WHERE d.webhook_id = $1 AND d.camera_id = $2 AND d.state = 1) THEN now() + $3 * interval '1 second' END \
               WHERE webhook_id = $1 AND camera_id = $2";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[webhook_id, camera_id, &wait, &failures]).await.map_err(failed)?;
    Ok(Outcome::Stored { dead })
}

/// What the webhook shows after an attempt: it fails while events of any camera fail, also if those of others are accepted. The row of a
/// webhook that only succeeds is not written for each delivery.
async fn health<C: GenericClient>(
    client: &C,
    webhook_id: &str,
    camera_id: &str,
    error: Option<&str>,
) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("store the state of a webhook");
    if let Some(error) = error {
        let sql = "UPDATE webhooks SET failing_since = coalesce(failing_since, now()), last_error = $2 \
                   WHERE id = $1 AND (failing_since IS NULL OR last_error IS DISTINCT FROM $2)";
        let statement = client.prepare_cached(sql).await.map_err(failed)?;
        client.execute(&statement, &[&webhook_id, &error]).await.map_err(failed)?;
        return Ok(());
    }
    let sql = "UPDATE webhooks SET last_delivered_at = now() \
               WHERE id = $1 AND (last_delivered_at IS NULL OR last_delivered_at < now() - interval '5 seconds')";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[&webhook_id]).await.map_err(failed)?;
    // Of two that end their failures at once, the second must see what the first one stored.
    let sql = "SELECT FROM webhooks WHERE id = $1 AND failing_since IS NOT NULL FOR UPDATE";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    if client.query_opt(&statement, &[&webhook_id]).await.map_err(failed)?.is_none() {
        return Ok(());
    }
    let sql = "UPDATE webhooks SET failing_since = NULL, last_error = NULL WHERE id = $1 AND NOT EXISTS ( \
                   SELECT FROM webhook_lanes \
                   WHERE webhook_id = $1 AND camera_id <> $2 AND failures > 0 AND due_at IS NOT NULL)";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &[&webhook_id, &camera_id]).await.map(drop).map_err(failed)
}

/// Since when the oldest pending delivery of all waits, and how many webhooks have been failing for longer than this.
pub async fn waiting<C: GenericClient>(
    client: &C,
    failing_for: Duration,
) -> Result<(Option<SystemTime>, SystemTime, i64), DatabaseError> {
    let failed = DatabaseError::statement("look at what waits for webhooks");
    let sql = "SELECT (SELECT min(pending_since) FROM webhook_deliveries WHERE state = 1), now(), \
               (SELECT count(*) FROM webhooks WHERE enabled AND failing_since <= now() - $1 * interval '1 second')";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let row = client.query_one(&statement, &[&failing_for.as_secs_f64()]).await.map_err(failed)?;
    Ok((row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?, row.try_get(2).map_err(failed)?))
}
