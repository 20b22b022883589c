use axum::Json;
use axum::extract::State;
use vru_storage::{identities, users};

use super::identity::Identity;
use crate::auth::{Permitted, actions::ManageUsers};
use crate::http::{Page, PageQuery, Problem, Problems};
use crate::state::ApiState;

/// The accounts with which a user signs in.
#[utoipa::path(
    get,
    path = "/api/v1/users/{user_id}/identities",
    tag = "users",
    security(("session" = [])),
    params(("user_id" = String, Path), PageQuery),
    responses((status = 200, description = "One page, in the order of ids", body = Page<Identity>), Problems)
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    who: Permitted<ManageUsers>,
    page: PageQuery,
) -> Result<Json<Page<Identity>>, Problem> {
    let client = state.database.get().await?;
    users::find(&client, &who.object_id).await?.ok_or_else(|| Problem::not_found("user"))?;
    let found = identities::list(&client, &who.object_id, &page.after, page.read()).await?;
    let page = page.page(found, |identity| identity.id.clone());
    Ok(Json(page.map(|identity| Identity::new(identity, &state.sign_in))))
}
