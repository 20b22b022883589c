use axum::Json;
use axum::extract::State;

use super::export::{Export, find};
use crate::auth::{Permitted, actions::ExportData};
use crate::http::{Problem, Problems};
use crate::state::ApiState;

/// How far an export is.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/exports/{export_id}",
    tag = "data",
    security(("session" = [])),
    params(("site_id" = String, Path), ("export_id" = String, Path)),
    responses((status = 200, description = "The export", body = Export), Problems)
)]
pub(super) async fn get(State(state): State<ApiState>, who: Permitted<ExportData>) -> Result<Json<Export>, Problem> {
    Ok(Json(find(&state.database.get().await?, &who.site_id, &who.object_id).await?.into()))
}
