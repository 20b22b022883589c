use axum::Json;
use axum::extract::State;

use super::camera_test::{CameraTest, find};
use crate::auth::{Permitted, actions::TestCameras};
use crate::http::{Problem, Problems};
use crate::state::ApiState;

/// What came of trying a camera. It ends in any case, and is kept for an hour.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/camera-tests/{test_id}",
    tag = "cameras",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("test_id" = String, Path)),
    responses((status = 200, description = "The test", body = CameraTest), Problems)
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    who: Permitted<TestCameras>,
) -> Result<Json<CameraTest>, Problem> {
    Ok(Json(find(&state.database.get().await?, &who.site_id, &who.object_id).await?))
}
