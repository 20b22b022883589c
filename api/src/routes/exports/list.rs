use axum::Json;
use axum::extract::State;
use vru_storage::data_jobs::{self, JobKind};

use super::export::Export;
use crate::auth::{Permitted, actions::ExportData};
use crate::http::{Page, PageQuery, Problem, Problems};
use crate::state::ApiState;

/// The exports of the site, also those that are expired.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/exports",
    tag = "data",
    security(("session" = [])),
    params(("site_id" = String, Path), PageQuery),
    responses((status = 200, description = "One page, in the order of ids", body = Page<Export>), Problems)
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    who: Permitted<ExportData>,
    page: PageQuery,
) -> Result<Json<Page<Export>>, Problem> {
    let client = state.database.get().await?;
    let found = data_jobs::list(&client, &who.site_id, JobKind::Export, &page.after, page.read()).await?;
    Ok(Json(page.page(found, |job| job.id.clone()).map(Export::from)))
}
