use axum::Json;
use axum::extract::State;

use super::entry::{self, AuditEntry};
use crate::auth::{Permitted, actions::SeeAudit};
use crate::http::{Page, PageQuery, Problem, Problems};
use crate::state::ApiState;

/// What was changed at the site.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/audit",
    tag = "audit",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), PageQuery),
    responses((status = 200, description = "One page, the newest first", body = Page<AuditEntry>), Problems)
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    who: Permitted<SeeAudit>,
    page: PageQuery,
) -> Result<Json<Page<AuditEntry>>, Problem> {
    entry::list(&state, Some(&who.site_id), &page).await
}
