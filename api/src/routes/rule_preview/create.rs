use std::cmp::Reverse;
use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use utoipa::ToSchema;
use vru_proto::v1;
use vru_rules::{PastFrame, replay, rules, wire};
use vru_runtime::cameras::CameraSettings;
use vru_storage::cameras;
use vru_storage::past_frames::{self, PastFilter};
use vru_storage::postgres::PooledClient;
use vru_vision::rules::Judgement;

use super::frames::frames;
use crate::auth::{Permitted, actions::SeeTracks};
use crate::cameras::CameraMessages;
use crate::http::{JsonBody, Problem, Problems};
use crate::routes::cameras::checked;
use crate::routes::text::time;
use crate::state::ApiState;
use crate::words::{AlertKind, Direction, RoadUserClass, Severity, Word as _};

const LONGEST_MINUTES: u16 = 60;
/// An hour at 10 frames per second, and some more.
const MOST_FRAMES: i64 = 40_000;
/// Of all frames together. With more, fewer frames are judged, the newest.
const MOST_OBJECTS: i64 = 200_000;
/// The newest of each preview. How many there are in all, `rules` says.
const MOST_ALERTS: usize = 100;
/// Each reads an hour of rows and judges them.
const AT_ONCE: usize = 2;
static RUNNING: Semaphore = Semaphore::const_new(AT_ONCE);

/// Settings whose rules are tried.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedPreview {
    /// As for a change of the camera. Nothing is saved.
    settings: CameraSettings,
    /// How far back (default 60).
    #[schema(minimum = 1, maximum = 60)]
    minutes: Option<u16>,
}

/// What the rules would have raised.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RulePreview {
    /// Capture time of the first frame that was judged: of very many frames or road users, the newest are judged. Absent if there is none:
    /// nobody knows then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    first_frame: Option<String>,
    /// How many analysed frames were judged.
    frames: usize,
    /// Each rule of the settings, in their order.
    rules: Vec<RuleCount>,
    /// The newest of them, at most 100, the newest first.
    alerts: Vec<PreviewedAlert>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RuleCount {
    rule_id: String,
    /// How many alerts it would have raised.
    alerts: usize,
}

/// An alert that would have been raised.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PreviewedAlert {
    rule_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<AlertKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<RoadUserClass>,
    /// Of crossings.
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<Direction>,
    /// Capture time of the frame in which it would have been raised.
    #[schema(format = DateTime)]
    at: String,
    /// Whom it is about.
    #[schema(example = "camera_0k4.1700000000000000.4097")]
    track_id: String,
}

/// Try rules on what the camera saw in the last hour: the same code judges that judges live, and nothing is saved or sent.
///
/// A visit that began before this time begins with it.
#[utoipa::path(
    post,
    path = "/api/v1/sites/{site_id}/cameras/{camera_id}/rule-preview",
    tag = "cameras",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("camera_id" = String, Path)),
    request_body = WantedPreview,
    responses((status = 200, description = "What would have been raised", body = RulePreview), Problems)
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    who: Permitted<SeeTracks>,
    JsonBody(wanted): JsonBody<WantedPreview>,
) -> Result<Json<RulePreview>, Problem> {
    let (site_id, camera_id) = (who.site_id.as_str(), who.object_id.as_str());
    let minutes = wanted.minutes.unwrap_or(LONGEST_MINUTES);
    if !(1..=LONGEST_MINUTES).contains(&minutes) {
        return Err(Problem::field("minutes", format!("is not between 1 and {LONGEST_MINUTES}")));
    }
    let stored = checked(camera_id, &wanted.settings, None)?;
    let config = CameraMessages::message(camera_id, &stored, None)?;
    let to = SystemTime::now();
    let from = to - Duration::from_secs(u64::from(minutes) * 60);
    let Ok(_permit) = RUNNING.try_acquire() else {
        let detail = format!("{AT_ONCE} previews are being computed; ask again in a moment");
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_previews", detail);
        return Err(problem.retry_after(Duration::from_secs(1)));
    };
    let filter = PastFilter { camera_id, from, to, most_frames: MOST_FRAMES, most_objects: MOST_OBJECTS };
    let read = |client: PooledClient| async move {
        if cameras::find(&client, site_id, camera_id).await?.is_none() {
            return Err(Problem::not_found("camera"));
        }
        Ok(past_frames::past(&client, filter).await?)
    };
    let rows = state.reads.run(read).await?;
    let judged = tokio::task::spawn_blocking(move || {
        let frames = frames(&rows);
        preview(&config, &frames)
    });
    judged.await.map(Json).map_err(|_| Problem::internal())
}

fn preview(config: &v1::CameraConfig, frames: &[PastFrame]) -> RulePreview {
    let mut raised = replay(&rules(config), frames);
    let of_rule = |id: &str| raised.iter().filter(|(_, judgement)| judgement.rule_id == id).count();
    let count = |rule: &v1::Rule| RuleCount { rule_id: rule.id.clone(), alerts: of_rule(&rule.id) };
    let counts = config.rules.iter().map(count).collect();
    raised.sort_by_key(|(_, judgement)| Reverse(judgement.finding.frame.captured_at_us));
    let alerts = raised.iter().take(MOST_ALERTS).map(|one| alert(&config.id, one)).collect();
    let first_us = frames.iter().map(|frame| frame.stamp.captured_at_us).min();
    RulePreview { first_frame: first_us.map(moment), frames: frames.len(), rules: counts, alerts }
}

fn alert(camera_id: &str, (session, judgement): &(u64, Judgement)) -> PreviewedAlert {
    let finding = &judgement.finding;
    let track = finding.track_ids.first().copied().unwrap_or_default();
    PreviewedAlert {
        rule_id: judgement.rule_id.clone(),
        kind: AlertKind::word(wire::kind_to_wire(judgement.kind) as i16),
        severity: Severity::word(wire::severity_to_wire(judgement.severity) as i16),
        class: RoadUserClass::word(wire::class_to_wire(finding.class) as i16),
        direction: Direction::word(wire::direction_to_wire(finding.direction) as i16),
        at: moment(finding.frame.captured_at_us),
        track_id: format!("{camera_id}.{session}.{track}"),
    }
}

fn moment(us: i64) -> String {
    time(vru_runtime::clock::from_us(us))
}
