use axum::Json;
use axum::extract::State;
use vru_storage::cameras;

use super::camera::Camera;
use crate::auth::{Permitted, actions::SeeCameras};
use crate::http::{Page, PageQuery, Problem, Problems};
use crate::state::ApiState;

/// The cameras of the site.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/cameras",
    tag = "cameras",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), PageQuery),
    responses((status = 200, description = "One page, in the order of ids", body = Page<Camera>), Problems)
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    who: Permitted<SeeCameras>,
    page: PageQuery,
) -> Result<Json<Page<Camera>>, Problem> {
    let client = state.database.get().await?;
    let found = cameras::list(&client, &who.site_id, &page.after, page.read()).await?;
    Ok(Json(page.page(found, |camera| camera.id.clone()).map(Camera::from)))
}
