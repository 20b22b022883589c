use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::cameras;
use vru_storage::postgres::DatabaseError;

use super::camera::{check_changeable, in_version};
use crate::auth::{Permitted, actions::ConfigureCameras};
use crate::http::{Expected, Problem, Problems};
use crate::state::ApiState;

/// Delete a camera and its login. What it saw stays, and so does its history, from which it can be restored.
#[utoipa::path(
    delete,
    path = "/api/v1/sites/{site_id}/cameras/{camera_id}",
    tag = "cameras",
    security(("session" = []), ("key" = [])),
    params(
        ("site_id" = String, Path),
        ("camera_id" = String, Path),
        ("if-match" = String, Header, description = "The ETag of the version that is deleted")
    ),
    responses((status = 204, description = "Deleted"), Problems)
)]
pub(super) async fn delete(
    State(state): State<ApiState>,
    who: Permitted<ConfigureCameras>,
    Expected(version): Expected,
) -> Result<StatusCode, Problem> {
    check_changeable(&state)?;
    let (site_id, id) = (&who.site_id, &who.object_id);
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("delete a camera");
    let transaction = client.transaction().await.map_err(failed)?;
    let locked = cameras::lock(&transaction, site_id, id).await?.filter(|(camera, _)| !camera.deleted);
    let (camera, _) = in_version(locked, version)?;
    let actor = who.caller.actor();
    cameras::set_credentials(&transaction, id, None).await?;
    cameras::change(&transaction, &actor, id, &camera.settings, true).await?;
    let entry = Entry { action: "camera.delete", site_id, object: id, details: json!({ "version": version + 1 }) };
    audit::record(&transaction, &actor, entry).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}
