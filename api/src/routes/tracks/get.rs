use axum::Json;
use axum::extract::State;

use super::track::{TrackDetail, find};
use crate::auth::{Permitted, actions::SeeAllTracks, actions::SeeTracks};
use crate::http::{Problem, Problems};
use crate::state::ApiState;

/// One track: its path, its zones and the lines that it crossed.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/tracks/{track_id}",
    tag = "tracks",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("track_id" = String, Path)),
    responses((status = 200, description = "The track", body = TrackDetail), Problems)
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    who: Permitted<SeeTracks>,
) -> Result<Json<TrackDetail>, Problem> {
    read(&state, who.site(), &who.object_id).await
}

/// One track, also of a camera that belongs to no site.
#[utoipa::path(
    get,
    path = "/api/v1/tracks/{track_id}",
    tag = "tracks",
    security(("session" = []), ("key" = [])),
    params(("track_id" = String, Path)),
    responses((status = 200, description = "The track", body = TrackDetail), Problems)
)]
pub(super) async fn get_any(
    State(state): State<ApiState>,
    who: Permitted<SeeAllTracks>,
) -> Result<Json<TrackDetail>, Problem> {
    read(&state, None, &who.object_id).await
}

async fn read(state: &ApiState, site_id: Option<&str>, track_id: &str) -> Result<Json<TrackDetail>, Problem> {
    let details = state.reads.run(|client| async move { find(&client, site_id, track_id).await }).await?;
    Ok(Json(details.into()))
}
