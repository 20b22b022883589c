use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::data_jobs::{self, JobKind};
use vru_storage::postgres::DatabaseError;

use super::export::Export;
use crate::auth::{Permitted, actions::ExportData};
use crate::http::{JsonBody, Problem, Problems};
use crate::routes::data_range::{DataRange, check, configured};
use crate::routes::text::time;
use crate::state::ApiState;

/// Export what a camera has seen in a range of time, as one tar archive: each kind of rows as NDJSON, snapshots and clips, and
/// `manifest.json` with numbers and SHA-256. It expires after some days.
#[utoipa::path(
    post,
    path = "/api/v1/sites/{site_id}/cameras/{camera_id}/exports",
    tag = "data",
    security(("session" = [])),
    params(("site_id" = String, Path), ("camera_id" = String, Path)),
    request_body = DataRange,
    responses(
        (
            status = 202,
            description = "The export, which begins within seconds",
            body = Export,
            headers(("location" = String, description = "Its path"))
        ),
        Problems
    )
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    who: Permitted<ExportData>,
    JsonBody(range): JsonBody<DataRange>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Export>), Problem> {
    let jobs = configured(&state)?;
    let (site_id, camera_id) = (&who.site_id, &who.object_id);
    let range = range.checked()?;
    let mut client = state.database.get().await?;
    check(&client, (site_id, camera_id), JobKind::Export).await?;
    let failed = DatabaseError::statement("make an export");
    let transaction = client.transaction().await.map_err(failed)?;
    let job = data_jobs::create(&transaction, JobKind::Export, (site_id, camera_id), range).await?;
    let details = json!({ "job": job.id, "from": time(range.from), "to": time(range.to) });
    let entry = Entry { action: "camera.export_data", site_id, object: camera_id, details };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    jobs.wake();
    let path = format!("/api/v1/sites/{site_id}/exports/{}", job.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, path)], Json(job.into())))
}
