use axum::extract::State;
use vru_storage::data_jobs::JobKind;

use super::export::Export;
use crate::auth::{Permitted, actions::ExportData};
use crate::http::{JsonBody, Problem, Problems};
use crate::routes::data_range::{Accepted, DataRange, create_job};
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
) -> Result<Accepted<Export>, Problem> {
    create_job(&state, &who, &range, JobKind::Export).await
}
