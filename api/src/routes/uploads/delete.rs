use axum::extract::State;
use axum::http::StatusCode;
use vru_storage::postgres::DatabaseError;

use super::configured;
use crate::auth::{Permitted, actions::ManageUploads};
use crate::http::{Problem, Problems};
use crate::state::ApiState;
use crate::uploads::start_removal;

/// Delete an upload (tus: termination): its bytes at once, and what was found in it, with pictures, within minutes. Objects with the
/// detections of many cameras, which the sink writes for archives, stay.
#[utoipa::path(
    delete,
    path = "/api/v1/sites/{site_id}/uploads/{upload_id}",
    tag = "uploads",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("upload_id" = String, Path)),
    responses((status = 204, description = "Deleted"), Problems)
)]
pub(super) async fn delete(
    State(state): State<ApiState>,
    who: Permitted<ManageUploads>,
) -> Result<StatusCode, Problem> {
    let service = configured(&state)?;
    let (site_id, id) = (&who.site_id, &who.object_id);
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("delete an upload");
    let transaction = client.transaction().await.map_err(failed)?;
    let found = start_removal(&transaction, &who.caller.actor(), site_id, id).await?;
    found.ok_or_else(|| Problem::not_found("upload"))?;
    transaction.commit().await.map_err(failed)?;
    service.wake();
    Ok(StatusCode::NO_CONTENT)
}
