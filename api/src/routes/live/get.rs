use axum::Json;
use axum::extract::State;
use vru_storage::cameras;

use super::camera::{Asked, LiveCamera, read_one};
use crate::auth::{Permitted, actions::SeeAllLive, actions::SeeLive};
use crate::http::{Problem, Problems};
use crate::state::ApiState;

/// What a camera shows now: who is there, which zones are occupied, which alerts go on.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/cameras/{camera_id}/live",
    tag = "live",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("camera_id" = String, Path)),
    responses((status = 200, description = "What it shows, also that nothing is known of it", body = LiveCamera), Problems)
)]
pub(super) async fn get(State(state): State<ApiState>, who: Permitted<SeeLive>) -> Result<Json<LiveCamera>, Problem> {
    let camera = cameras::find(&state.database.get().await?, &who.site_id, &who.object_id).await?;
    let camera = camera.ok_or_else(|| Problem::not_found("camera"))?;
    Ok(Json(read_one(&state, Asked::from(camera)).await?))
}

/// What a camera shows now, also one that belongs to no site. Of such a camera nothing is known elsewhere: unless it was seen in the last ten
/// minutes, there is none.
#[utoipa::path(
    get,
    path = "/api/v1/cameras/{camera_id}/live",
    tag = "live",
    security(("session" = []), ("key" = [])),
    params(("camera_id" = String, Path)),
    responses((status = 200, description = "What it shows", body = LiveCamera), Problems)
)]
pub(super) async fn get_any(
    State(state): State<ApiState>,
    who: Permitted<SeeAllLive>,
) -> Result<Json<LiveCamera>, Problem> {
    let exists = cameras::exists(&state.database.get().await?, &who.object_id).await?;
    let camera = read_one(&state, Asked::by_id(who.object_id)).await?;
    if !exists && !camera.is_known() {
        return Err(Problem::not_found("camera"));
    }
    Ok(Json(camera))
}
