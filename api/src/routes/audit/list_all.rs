use axum::Json;
use axum::extract::State;

use super::entry::{self, AuditEntry};
use crate::auth::{Permitted, actions::SeeWholeAudit};
use crate::http::{Page, PageQuery, Problem, Problems};
use crate::state::ApiState;

/// What was changed, at all sites and where no site is concerned.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    tag = "audit",
    security(("session" = []), ("key" = [])),
    params(PageQuery),
    responses((status = 200, description = "One page, the newest first", body = Page<AuditEntry>), Problems)
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    _: Permitted<SeeWholeAudit>,
    page: PageQuery,
) -> Result<Json<Page<AuditEntry>>, Problem> {
    entry::list(&state, None, &page).await
}
