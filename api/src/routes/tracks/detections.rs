use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use vru_storage::postgres::PooledClient;
use vru_storage::tracks::{self, DetectionPlace};

use super::track::find;
use crate::auth::{Permitted, actions::SeeAllTracks, actions::SeeTracks};
use crate::http::{Page, PageQuery, Problem, Problems, columns_key, foreign_cursor};
use crate::routes::found::FoundRoadUser;
use crate::routes::text::{from_micros, micros, time};
use crate::state::ApiState;

/// What the model found of a track in one frame.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Detection {
    #[schema(format = DateTime)]
    at: String,
    /// Number of the frame in the session of the camera; a gap is frames that were not analysed.
    sequence: i64,
    #[serde(flatten)]
    found: FoundRoadUser,
}

impl Detection {
    fn new(detection: tracks::Detection, size: (i32, i32)) -> Self {
        Self {
            at: time(detection.captured_at),
            sequence: detection.sequence,
            found: FoundRoadUser::new(detection.found, size),
        }
    }
}

/// The detections of a track.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/tracks/{track_id}/detections",
    tag = "tracks",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("track_id" = String, Path), PageQuery),
    responses((status = 200, description = "One page, the earliest first", body = Page<Detection>), Problems)
)]
pub(super) async fn detections(
    State(state): State<ApiState>,
    who: Permitted<SeeTracks>,
    page: PageQuery,
) -> Result<Json<Page<Detection>>, Problem> {
    read(&state, who.site(), &who.object_id, &page).await
}

/// The detections of a track, also of a camera that belongs to no site.
#[utoipa::path(
    get,
    path = "/api/v1/tracks/{track_id}/detections",
    tag = "tracks",
    security(("session" = []), ("key" = [])),
    params(("track_id" = String, Path), PageQuery),
    responses((status = 200, description = "One page, the earliest first", body = Page<Detection>), Problems)
)]
pub(super) async fn detections_of_any(
    State(state): State<ApiState>,
    who: Permitted<SeeAllTracks>,
    page: PageQuery,
) -> Result<Json<Page<Detection>>, Problem> {
    read(&state, None, &who.object_id, &page).await
}

const LIST: &str = "detections";

async fn read(
    state: &ApiState,
    site_id: Option<&str>,
    track_id: &str,
    page: &PageQuery,
) -> Result<Json<Page<Detection>>, Problem> {
    let after = place(page, track_id)?;
    let after = &after;
    let read = |client: PooledClient| async move {
        let details = find(&client, site_id, track_id).await?;
        let found = tracks::detections(&client, &details.track, *after, page.read()).await?;
        Ok((details, found))
    };
    let (details, found) = state.reads.run(read).await?;
    let key = |detection: &tracks::Detection| {
        let place = [i64::from(detection.object_index), detection.sequence, micros(detection.captured_at)];
        let [object, sequence, at] = place.map(|number| number.to_string());
        columns_key(LIST, &[track_id.to_owned(), at, sequence, object])
    };
    Ok(Json(page.page(found, key).map(|detection| Detection::new(detection, details.source_size))))
}

fn place(page: &PageQuery, track_id: &str) -> Result<Option<DetectionPlace>, Problem> {
    let Some([track, at, sequence, object]) = page.after_columns(LIST)? else { return Ok(None) };
    let place = || {
        Some(DetectionPlace {
            captured_at: from_micros(at)?,
            sequence: sequence.parse().ok()?,
            object_index: object.parse().ok()?,
        })
    };
    place().filter(|_| track == track_id).map(Some).ok_or_else(foreign_cursor)
}
