use axum::extract::State;

use super::camera::{Camera, find};
use crate::auth::{Permitted, actions::SeeCameras};
use crate::http::{Problem, Problems, Tagged};
use crate::state::ApiState;

/// One camera.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/cameras/{camera_id}",
    tag = "cameras",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("camera_id" = String, Path)),
    responses(
        (status = 200, description = "The camera", body = Camera, headers(("etag" = String, description = "Its version"))),
        Problems
    )
)]
pub(super) async fn get(State(state): State<ApiState>, who: Permitted<SeeCameras>) -> Result<Tagged<Camera>, Problem> {
    let camera = find(&state.database.get().await?, &who.site_id, &who.object_id).await?;
    Ok(camera.into())
}
