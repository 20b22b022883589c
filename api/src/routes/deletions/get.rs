use axum::Json;
use axum::extract::State;
use vru_storage::data_jobs::{self, JobKind};

use super::deletion::Deletion;
use crate::auth::{Permitted, actions::DeleteData};
use crate::http::{Problem, Problems};
use crate::state::ApiState;

/// How far a deletion is, and what it has deleted.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/deletions/{deletion_id}",
    tag = "data",
    security(("session" = [])),
    params(("site_id" = String, Path), ("deletion_id" = String, Path)),
    responses((status = 200, description = "The deletion", body = Deletion), Problems)
)]
pub(super) async fn get(State(state): State<ApiState>, who: Permitted<DeleteData>) -> Result<Json<Deletion>, Problem> {
    let client = state.database.get().await?;
    let found = data_jobs::find(&client, &who.site_id, JobKind::Deletion, &who.object_id).await?;
    Ok(Json(found.ok_or_else(|| Problem::not_found("deletion"))?.into()))
}
