use axum::Json;
use axum::extract::State;
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::uploads::State as Stage;

use super::configured;
use super::upload::{Upload, find};
use crate::auth::{Permitted, actions::ManageUploads};
use crate::http::{Problem, Problems};
use crate::state::ApiState;
use crate::uploads::end_job;

/// Stop an upload or its analysis. What was found until then stays until the upload is deleted. One that has ended stays as it is.
#[utoipa::path(
    post,
    path = "/api/v1/sites/{site_id}/uploads/{upload_id}/cancel",
    tag = "uploads",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("upload_id" = String, Path)),
    responses((status = 200, description = "The upload as it is now", body = Upload), Problems)
)]
pub(super) async fn cancel(
    State(state): State<ApiState>,
    who: Permitted<ManageUploads>,
) -> Result<Json<Upload>, Problem> {
    configured(&state)?;
    let (site_id, id) = (&who.site_id, &who.object_id);
    let mut client = state.database.get().await?;
    let upload = find(&client, site_id, id).await?;
    let actor = who.caller.actor();
    if end_job(&mut client, &actor, &upload, Stage::Cancelled, None, None).await? {
        let entry = Entry { action: "upload.cancel", site_id, object: id, details: json!({ "name": upload.name }) };
        audit::record(&client, &actor, entry).await?;
    }
    Ok(Json(find(&client, site_id, id).await?.into()))
}
