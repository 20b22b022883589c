use axum::Json;
use axum::extract::State;
use vru_storage::api_keys::Kind;

use super::key::{self, ApiKey};
use crate::auth::{Permitted, actions::ManageKeys};
use crate::http::{Page, PageQuery, Problem, Problems};
use crate::state::ApiState;

/// The keys of the site.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/keys",
    tag = "keys",
    security(("session" = [])),
    params(("site_id" = String, Path), PageQuery),
    responses((status = 200, description = "One page, in the order of ids", body = Page<ApiKey>), Problems)
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    who: Permitted<ManageKeys>,
    page: PageQuery,
) -> Result<Json<Page<ApiKey>>, Problem> {
    key::list(&state, Kind::ApiKey, Some(&who.site_id), &page).await
}
