use axum::extract::State;
use vru_storage::data_jobs::JobKind;

use super::deletion::Deletion;
use crate::auth::{Permitted, actions::DeleteData};
use crate::http::{JsonBody, Problem, Problems};
use crate::routes::data_range::{Accepted, DataRange, create_job};
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
) -> Result<Accepted<Deletion>, Problem> {
    create_job(&state, &who, &range, JobKind::Deletion).await
}
