use std::time::{Duration, Instant, SystemTime};

use axum::Json;
use axum::extract::State;
use prost::Message as _;
use serde::Deserialize;
use utoipa::ToSchema;
use vru_proto::v1;
use vru_runtime::cameras::{DrawnRules, SettingsMistake};
use vru_storage::past_frames::{self, Past, PastFilter};
use vru_storage::postgres::PooledClient;
use vru_storage::tracks::TrackId;

use super::judged::{Asked, Judged, judged};
use super::preview::RulePreview;
use crate::auth::{Permitted, actions::SeeTracks};
use crate::http::{JsonBody, Problem, Problems};
use crate::routes::cameras::{LARGEST_MESSAGE, find};
use crate::state::ApiState;

const LONGEST_MINUTES: u16 = 60;
/// Frames that are judged before the time that was asked for: who is there at its beginning has come some time before.
const LEAD: Duration = Duration::from_mins(5);
/// An hour and the lead at 10 frames per second, and some more.
const MOST_FRAMES: i64 = 40_000;
/// Of all frames together.
const MOST_OBJECTS: i64 = 200_000;
/// For judging, which takes a fraction of a second with the rules of a street.
const LONGEST_JUDGING: Duration = Duration::from_secs(5);

/// Zones, lines and rules that are tried.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedPreview {
    /// As for a change of the camera. Nothing is saved, and neither the address nor the login of the camera is needed.
    drawn: DrawnRules,
    /// How far back (default 60).
    #[schema(minimum = 1, maximum = 60)]
    minutes: Option<u16>,
}

impl WantedPreview {
    /// How many minutes, and the camera with nothing but what is drawn.
    pub(super) fn checked(self, camera_id: &str) -> Result<(u16, v1::CameraConfig), Problem> {
        let minutes = self.minutes.unwrap_or(LONGEST_MINUTES);
        if !(1..=LONGEST_MINUTES).contains(&minutes) {
            return Err(Problem::field("minutes", format!("is not between 1 and {LONGEST_MINUTES}")));
        }
        let config = self.drawn.message(camera_id).map_err(mistake)?;
        // What could not be saved is not tried.
        if config.encoded_len() > LARGEST_MESSAGE {
            return Err(Problem::field("drawn", format!("is larger than {LARGEST_MESSAGE} bytes as a message")));
        }
        Ok((minutes, config))
    }
}

/// Try rules on what the camera saw in the last hour: the same code judges that judges live, and nothing is saved or sent.
///
/// A visit that began more than five minutes before this time begins then. What is not known is said: how long the camera was watched,
/// whether there was more than is judged at once, and how many frames an older version has stored without what rules need.
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
    let (minutes, config) = wanted.checked(camera_id)?;
    let place = state.rule_previews.place(who.caller.subject())?;
    find(&state.database.get().await?, site_id, camera_id).await?;
    let to = SystemTime::now();
    let from = to - Duration::from_secs(u64::from(minutes) * 60);
    let filter = PastFilter { camera_id, from: from - LEAD, to, most_frames: MOST_FRAMES, most_objects: MOST_OBJECTS };
    let read = |client: PooledClient| async move { Ok::<_, Problem>(past_frames::past(&client, filter).await?) };
    let past: Past = state.reads.run(read).await?;
    let asked = Asked { config, from, to };
    let judging = tokio::task::spawn_blocking(move || {
        // The place is taken until the work is done, also if the client has gone away.
        let _place = place;
        let began = Instant::now();
        judged(&asked, &past, || began.elapsed() < LONGEST_JUDGING)
    });
    let found = judging.await.map_err(|_| Problem::internal())?.ok_or_else(too_much)?;
    let Judged { mut preview, tracks } = found;
    let wanted = &tracks;
    let pictures = |client: PooledClient| async move {
        Ok::<_, Problem>(past_frames::with_picture(&client, camera_id, wanted).await?)
    };
    let pictured = state.reads.run(pictures).await?;
    let name = |(session, track_id)| TrackId { camera_id: camera_id.to_owned(), session, track_id }.to_string();
    preview.set_pictures(&pictured.into_iter().map(name).collect());
    Ok(Json(preview))
}

fn mistake(SettingsMistake { field, problem }: SettingsMistake) -> Problem {
    Problem::field(format!("drawn.{field}"), problem)
}

fn too_much() -> Problem {
    let longest = LONGEST_JUDGING.as_secs();
    Problem::field(
        "minutes",
        format!("cannot be judged with these rules within {longest} s: ask for less time, or fewer rules"),
    )
}
