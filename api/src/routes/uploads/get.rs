use axum::Json;
use axum::extract::State;

use super::upload::{Upload, find};
use crate::auth::{Permitted, actions::SeeUploads};
use crate::http::{Problem, Problems};
use crate::state::ApiState;

/// How far an upload and its analysis are.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/uploads/{upload_id}",
    tag = "uploads",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("upload_id" = String, Path)),
    responses((status = 200, description = "The upload", body = Upload), Problems)
)]
pub(super) async fn get(State(state): State<ApiState>, who: Permitted<SeeUploads>) -> Result<Json<Upload>, Problem> {
    Ok(Json(find(&state.database.get().await?, &who.site_id, &who.object_id).await?.into()))
}
