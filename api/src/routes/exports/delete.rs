use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::data_jobs::{JobKind, export};
use vru_storage::postgres::DatabaseError;

use crate::auth::{Permitted, actions::ExportData};
use crate::http::{Problem, Problems};
use crate::routes::data_range::configured;
use crate::state::ApiState;

/// Stop an export, or remove its archive before it expires. It stays in the list.
#[utoipa::path(
    delete,
    path = "/api/v1/sites/{site_id}/exports/{export_id}",
    tag = "data",
    security(("session" = [])),
    params(("site_id" = String, Path), ("export_id" = String, Path)),
    responses((status = 204, description = "The archive is removed within seconds"), Problems)
)]
pub(super) async fn delete(State(state): State<ApiState>, who: Permitted<ExportData>) -> Result<StatusCode, Problem> {
    let jobs = configured(&state)?;
    let (site_id, id) = (&who.site_id, &who.object_id);
    let failed = DatabaseError::statement("remove an export");
    let mut client = state.database.get().await?;
    let transaction = client.transaction().await.map_err(failed)?;
    let job = export::expire(&transaction, site_id, id).await?.ok_or_else(|| Problem::not_found("export"))?;
    let details = json!({ "job": id, "state": job.state.word() });
    let entry = Entry { action: "camera.delete_export", site_id, object: &job.camera_id, details };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    jobs.wake(JobKind::Export);
    Ok(StatusCode::NO_CONTENT)
}
