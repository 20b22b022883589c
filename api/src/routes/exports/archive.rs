use axum::extract::State;
use vru_storage::data_jobs::JobState;

use super::export::find;
use crate::auth::{Permitted, actions::ExportData};
use crate::http::{Code, Problem, Problems};
use crate::routes::data_range::configured;
use crate::routes::picture::{PictureAddress, Shown, show};
use crate::state::ApiState;

/// The archive of an export: an address that is good for some minutes. The audit log tells who asked.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/exports/{export_id}/archive",
    tag = "data",
    security(("session" = [])),
    params(("site_id" = String, Path), ("export_id" = String, Path)),
    responses((status = 200, description = "Where it is", body = PictureAddress), Problems)
)]
pub(super) async fn archive(
    State(state): State<ApiState>,
    who: Permitted<ExportData>,
) -> Result<PictureAddress, Problem> {
    configured(&state)?;
    let client = state.database.get().await?;
    let job = find(&client, &who.site_id, &who.object_id).await?;
    drop(client);
    if job.state != JobState::Done {
        let detail = format!("the export is {}: it has no archive", job.state.word());
        return Err(Problem::conflict(Code::NoArchive, "", detail));
    }
    let shown = Shown {
        action: "camera.download_export",
        site_id: Some(&who.site_id),
        camera_id: &job.camera_id,
        object: &job.id,
        key: job.object_key.as_deref().unwrap_or_default(),
    };
    show(&state, &who.caller, shown).await
}
