use axum::Json;
use axum::extract::State;
use vru_storage::api_keys::Kind;

use crate::auth::{Permitted, actions::ManageKeys};
use crate::http::{Page, PageQuery, Problem, Problems};
use crate::routes::keys::key::{self, ApiKey};
use crate::state::ApiState;

/// The clients of the site.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/clients",
    tag = "tokens",
    security(("session" = [])),
    params(("site_id" = String, Path), PageQuery),
    responses((status = 200, description = "One page, in the order of ids", body = Page<ApiKey>), Problems)
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    who: Permitted<ManageKeys>,
    page: PageQuery,
) -> Result<Json<Page<ApiKey>>, Problem> {
    key::list(&state, Kind::Client, Some(&who.site_id), &page).await
}
