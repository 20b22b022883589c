use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::data_jobs::{self, JobKind};
use vru_storage::postgres::DatabaseError;

use super::deletion::Deletion;
use crate::auth::{Permitted, actions::DeleteData};
use crate::http::{JsonBody, Problem, Problems};
use crate::routes::data_range::{DataRange, check, configured};
use crate::routes::text::time;
use crate::state::ApiState;

/// Delete what a camera has seen in a range of time, for good: rows, snapshots, clips, and its rows of Parquet objects. A track that was seen
/// in the range at all is deleted, its detections before and after it stay. From now on nothing is stored that was captured in the range.
#[utoipa::path(
    post,
    path = "/api/v1/sites/{site_id}/cameras/{camera_id}/deletions",
    tag = "data",
    security(("session" = [])),
    params(("site_id" = String, Path), ("camera_id" = String, Path)),
    request_body = DataRange,
    responses(
        (
            status = 202,
            description = "The deletion, which begins within seconds",
            body = Deletion,
            headers(("location" = String, description = "Its path"))
        ),
        Problems
    )
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    who: Permitted<DeleteData>,
    JsonBody(range): JsonBody<DataRange>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Deletion>), Problem> {
    let jobs = configured(&state)?;
    let (site_id, camera_id) = (&who.site_id, &who.object_id);
    let range = range.checked()?;
    let mut client = state.database.get().await?;
    check(&client, (site_id, camera_id), JobKind::Deletion).await?;
    let failed = DatabaseError::statement("make a deletion");
    let transaction = client.transaction().await.map_err(failed)?;
    let job = data_jobs::create(&transaction, JobKind::Deletion, (site_id, camera_id), range).await?;
    let details = json!({ "job": job.id, "from": time(range.from), "to": time(range.to) });
    let entry = Entry { action: "camera.delete_data", site_id, object: camera_id, details };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    jobs.wake();
    let path = format!("/api/v1/sites/{site_id}/deletions/{}", job.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, path)], Json(job.into())))
}
