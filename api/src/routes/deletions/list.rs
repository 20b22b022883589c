use axum::Json;
use axum::extract::State;
use vru_storage::data_jobs::{self, JobKind};

use super::deletion::Deletion;
use crate::auth::{Permitted, actions::DeleteData};
use crate::http::{Page, PageQuery, Problem, Problems};
use crate::state::ApiState;

/// The deletions of the site. They stay, because nothing is stored that was captured in their ranges.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/deletions",
    tag = "data",
    security(("session" = [])),
    params(("site_id" = String, Path), PageQuery),
    responses((status = 200, description = "One page, in the order of ids", body = Page<Deletion>), Problems)
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    who: Permitted<DeleteData>,
    page: PageQuery,
) -> Result<Json<Page<Deletion>>, Problem> {
    let client = state.database.get().await?;
    let found = data_jobs::list(&client, &who.site_id, JobKind::Deletion, &page.after, page.read()).await?;
    Ok(Json(page.page(found, |job| job.id.clone()).map(Deletion::from)))
}
