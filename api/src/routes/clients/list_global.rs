use axum::Json;
use axum::extract::State;
use vru_storage::api_keys::Kind;

use crate::auth::{Permitted, actions::ManageGlobalKeys};
use crate::http::{Page, PageQuery, Problem, Problems};
use crate::routes::keys::key::{self, ApiKey};
use crate::state::ApiState;

/// The clients for all sites.
#[utoipa::path(
    get,
    path = "/api/v1/clients",
    tag = "tokens",
    security(("session" = [])),
    params(PageQuery),
    responses((status = 200, description = "One page, in the order of ids", body = Page<ApiKey>), Problems)
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    _: Permitted<ManageGlobalKeys>,
    page: PageQuery,
) -> Result<Json<Page<ApiKey>>, Problem> {
    key::list(&state, Kind::Client, None, &page).await
}
