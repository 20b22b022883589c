use axum::Json;
use axum::extract::State;
use vru_storage::members;

use super::member::Member;
use crate::auth::{Permitted, actions::ManageMembers};
use crate::http::{Page, PageQuery, Problem, Problems};
use crate::state::ApiState;

/// Who belongs to the site.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/members",
    tag = "members",
    security(("session" = [])),
    params(("site_id" = String, Path), PageQuery),
    responses((status = 200, description = "One page, in the order of the users' ids", body = Page<Member>), Problems)
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    who: Permitted<ManageMembers>,
    page: PageQuery,
) -> Result<Json<Page<Member>>, Problem> {
    let client = state.database.get().await?;
    let found = members::of_site(&client, &who.site_id, &page.after, page.read()).await?;
    Ok(Json(page.page(found, |member| member.user_id.clone()).map(Member::from)))
}
