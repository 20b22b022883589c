//! What a delivery says.

use std::time::SystemTime;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use vru_proto::v1;
use vru_runtime::clock::from_us;
use vru_storage::alerts;
use vru_storage::webhooks::{Event, EventKind};

use crate::words::{AlertKind, Clock, Direction, EndReason, RoadUserClass, Severity, Word as _};

/// What is posted to a webhook. The header `vru-signature` proves that it is ours.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookEvent {
    /// The same in every attempt: a target that keeps it recognises what comes twice. Also in the header `vru-event-id`.
    pub(crate) id: String,
    /// `alert.raised`, `alert.ended`, `alert.acknowledged`, or `test`. Also in the header `vru-event`.
    pub(crate) event: String,
    /// When it happened.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    pub(crate) site_id: String,
    /// Absent in a test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) camera_id: Option<String>,
    /// Absent in a test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) alert: Option<AlertOfEvent>,
}

/// The alert as it was when the event happened. A word is absent for what this version of the service does not know.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertOfEvent {
    id: String,
    camera_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<AlertKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    /// What kind of road user it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<RoadUserClass>,
    rule_id: String,
    /// Absent for a line.
    #[serde(skip_serializing_if = "str::is_empty")]
    zone_id: String,
    /// Absent for a zone.
    #[serde(skip_serializing_if = "str::is_empty")]
    line_id: String,
    /// How the line was crossed.
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<Direction>,
    /// Capture time of the frame in which the rule matched.
    #[schema(format = DateTime)]
    captured_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<Clock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    began_at: Option<String>,
    /// When the situation was seen last; absent while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_reason: Option<EndReason>,
    /// How many alerts the same tracks raised by the same rule before.
    occurrence: u32,
    /// Ids of the tracks that it is about.
    tracks: Vec<String>,
    has_snapshot: bool,
    has_clip: bool,
}

/// RFC 3339, UTC, of microseconds since 1970; `None` for 0.
fn time(us: i64) -> Option<String> {
    (us != 0).then(|| Timestamp::from_microsecond(us).unwrap_or_default().to_string())
}

/// As the messages number it, where they are small.
fn number(of_message: i32) -> i16 {
    i16::try_from(of_message).unwrap_or(-1)
}

fn kind(alert: &v1::Alert) -> i16 {
    // A record from before the field.
    let presence = v1::AlertKind::Presence as i32;
    number(if alert.kind == v1::AlertKind::Unspecified as i32 { presence } else { alert.kind })
}

impl From<&v1::Alert> for AlertOfEvent {
    fn from(alert: &v1::Alert) -> Self {
        let session = alert.frame_id.as_ref().map_or(0, |id| id.session);
        // Signed, as the rows have them.
        let track = |track: &u64| format!("{}.{}.{}", alert.camera_id, session as i64, *track as i64);
        Self {
            id: alert.id.clone(),
            camera_id: alert.camera_id.clone(),
            kind: AlertKind::word(kind(alert)),
            severity: Severity::word(number(alert.severity)),
            class: RoadUserClass::word(number(alert.class)),
            rule_id: alert.rule_id.clone(),
            zone_id: alert.zone_id.clone(),
            line_id: alert.line_id.clone(),
            direction: Direction::word(number(alert.direction)),
            captured_at: time(alert.captured_at_us).unwrap_or_default(),
            clock: Clock::word(number(alert.clock_source)),
            began_at: time(alert.began_at_us),
            ended_at: time(alert.ended_at_us),
            end_reason: EndReason::word(number(alert.end_reason)),
            occurrence: alert.occurrence,
            tracks: alert.track_ids.iter().map(track).collect(),
            has_snapshot: !alert.snapshot_key.is_empty(),
            has_clip: !alert.stored_clip_key().is_empty(),
        }
    }
}

impl From<&alerts::Alert> for AlertOfEvent {
    fn from(alert: &alerts::Alert) -> Self {
        let text = |time: SystemTime| Timestamp::try_from(time).unwrap_or_default().to_string();
        let track = |track: &i64| format!("{}.{}.{track}", alert.camera_id, alert.session);
        Self {
            id: alert.id.clone(),
            camera_id: alert.camera_id.clone(),
            kind: AlertKind::word(alert.kind),
            severity: Severity::word(alert.severity),
            class: RoadUserClass::word(alert.class),
            rule_id: alert.rule_id.clone(),
            zone_id: alert.zone_id.clone(),
            line_id: alert.line_id.clone(),
            direction: Direction::word(alert.direction),
            captured_at: text(alert.captured_at),
            clock: Clock::word(alert.clock_source),
            began_at: alert.began_at.map(text),
            ended_at: alert.ended_at.map(text),
            end_reason: EndReason::word(alert.end_reason),
            occurrence: alert.occurrence.unsigned_abs(),
            tracks: alert.track_ids.iter().map(track).collect(),
            has_snapshot: !alert.snapshot_key.is_empty(),
            has_clip: !alert.clip_key.is_empty(),
        }
    }
}

/// Somebody acknowledges the alert now.
pub(crate) fn acknowledged(alert: &alerts::Alert) -> Result<Event, serde_json::Error> {
    Ok(Event {
        event: EventKind::Acknowledged,
        alert_id: alert.id.clone(),
        camera_id: alert.camera_id.clone(),
        kind: alert.kind,
        severity: alert.severity,
        at: SystemTime::now(),
        alert: serde_json::to_value(AlertOfEvent::from(alert))?,
    })
}

/// Of a record. `timestamp_ms`: when Kafka got it.
pub(super) fn of_record(alert: &v1::Alert, timestamp_ms: Option<i64>) -> Result<Event, serde_json::Error> {
    let sent_us = timestamp_ms.map_or(alert.emitted_at_us, |ms| ms.saturating_mul(1000));
    Ok(Event {
        event: if alert.is_end() { EventKind::Ended } else { EventKind::Raised },
        alert_id: alert.id.clone(),
        camera_id: alert.camera_id.clone(),
        kind: kind(alert),
        severity: number(alert.severity),
        // A clock that runs ahead must not make a time that the database cannot keep.
        at: from_us(sent_us).min(SystemTime::now()),
        alert: serde_json::to_value(AlertOfEvent::from(alert))?,
    })
}
