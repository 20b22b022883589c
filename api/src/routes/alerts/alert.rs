//! An alert as answers have it.

use serde::Serialize;
use utoipa::ToSchema;
use vru_storage::alerts;
use vru_storage::postgres::PooledClient;
use vru_storage::tracks::TrackId;

use super::review::Review;
use crate::auth::{Caller, Who};
use crate::http::Problem;
use crate::routes::picture::PictureBox;
use crate::routes::text::time;
use crate::words::{AlertKind, Clock, Direction, EndReason, RoadUserClass, Severity, Word as _};

/// A rule of a camera matched a road user. A word is absent for what this version of the service does not know.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "the fields of the answer are independent of each other")]
pub(super) struct Alert {
    id: String,
    camera_id: String,
    /// Absent if the camera belongs to no site.
    #[serde(skip_serializing_if = "Option::is_none")]
    site_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<AlertKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    /// What kind of road user it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<RoadUserClass>,
    /// Rule of the camera.
    rule_id: String,
    /// Zone of the camera; absent for a line.
    #[serde(skip_serializing_if = "String::is_empty")]
    zone_id: String,
    /// Line of the camera; absent for a zone.
    #[serde(skip_serializing_if = "String::is_empty")]
    line_id: String,
    /// How the line was crossed.
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<Direction>,
    /// Capture time of the frame in which the rule matched.
    #[schema(format = DateTime)]
    captured_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<Clock>,
    /// When the situation began; absent in old alerts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    began_at: Option<String>,
    /// When the situation was seen last; absent while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// Whether it goes on.
    open: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_reason: Option<EndReason>,
    /// How many alerts the same tracks raised by the same rule before.
    occurrence: i32,
    /// Ids of the tracks that it is about.
    tracks: Vec<String>,
    /// Where the road user was.
    #[serde(rename = "box", skip_serializing_if = "Option::is_none")]
    bounds: Option<PictureBox>,
    /// Whether a picture is taken of it.
    has_snapshot: bool,
    /// Whether a short video is made of it. That takes some seconds.
    has_clip: bool,
    review: Review,
    /// How many comments it has.
    comments: i64,
    /// Whether the person who asks has seen it; false for a program.
    seen: bool,
}

impl From<alerts::Alert> for Alert {
    fn from(alert: alerts::Alert) -> Self {
        let track = |track_id: &i64| {
            TrackId { camera_id: alert.camera_id.clone(), session: alert.session, track_id: *track_id }.to_string()
        };
        Self {
            tracks: alert.track_ids.iter().map(track).collect(),
            id: alert.id,
            camera_id: alert.camera_id,
            site_id: alert.site_id,
            kind: AlertKind::word(alert.kind),
            severity: Severity::word(alert.severity),
            class: RoadUserClass::word(alert.class),
            rule_id: alert.rule_id,
            zone_id: alert.zone_id,
            line_id: alert.line_id,
            direction: Direction::word(alert.direction),
            captured_at: time(alert.captured_at),
            clock: Clock::word(alert.clock_source),
            began_at: alert.began_at.map(time),
            ended_at: alert.ended_at.map(time),
            // Of older rows nobody knows when they began or ended.
            open: alert.ended_at.is_none() && alert.began_at.is_some(),
            end_reason: EndReason::word(alert.end_reason),
            occurrence: alert.occurrence,
            bounds: alert.bounds.map(|bounds| PictureBox::new(bounds, alert.source_size)),
            has_snapshot: !alert.snapshot_key.is_empty(),
            has_clip: !alert.clip_key.is_empty(),
            review: alert.review.into(),
            comments: alert.comments,
            seen: alert.seen,
        }
    }
}

/// The user whose "seen" an answer shows; empty for a program.
pub(super) fn reader(caller: &Caller) -> &str {
    match &caller.who {
        Who::Person(person) => &person.user.id,
        Who::Key(_) => "",
    }
}

/// For routes that answer with 404.
pub(super) async fn find(
    client: &PooledClient,
    caller: &Caller,
    site_id: Option<&str>,
    id: &str,
) -> Result<alerts::Alert, Problem> {
    let found = alerts::find(client, reader(caller), site_id, id).await?;
    found.ok_or_else(|| Problem::not_found("alert"))
}
