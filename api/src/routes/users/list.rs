use axum::Json;
use axum::extract::State;
use vru_storage::users;

use super::user::User;
use crate::auth::{Permitted, actions::ManageUsers};
use crate::http::{Page, PageQuery, Problem, Problems};
use crate::state::ApiState;

/// Everybody who may log in.
#[utoipa::path(
    get,
    path = "/api/v1/users",
    tag = "users",
    security(("session" = [])),
    params(PageQuery),
    responses((status = 200, description = "One page, in the order of ids", body = Page<User>), Problems)
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    _: Permitted<ManageUsers>,
    page: PageQuery,
) -> Result<Json<Page<User>>, Problem> {
    let found = users::list(&state.database.get().await?, &page.after, page.read()).await?;
    Ok(Json(page.page(found, |user| user.id.clone()).map(User::from)))
}
