use axum::Json;
use axum::extract::State;
use vru_storage::uploads;

use super::upload::Upload;
use crate::auth::{Permitted, actions::SeeUploads};
use crate::http::{Page, PageQuery, Problem, Problems};
use crate::state::ApiState;

/// The uploads of the site.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/uploads",
    tag = "uploads",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), PageQuery),
    responses((status = 200, description = "One page, in the order of ids", body = Page<Upload>), Problems)
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    who: Permitted<SeeUploads>,
    page: PageQuery,
) -> Result<Json<Page<Upload>>, Problem> {
    let client = state.database.get().await?;
    let found = uploads::list(&client, &who.site_id, &page.after, page.read()).await?;
    Ok(Json(page.page(found, |upload| upload.id.clone()).map(Upload::from)))
}
