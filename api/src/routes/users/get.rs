use axum::extract::State;

use super::user::{User, find};
use crate::auth::{Permitted, actions::ManageUsers};
use crate::http::{Problem, Problems, Tagged};
use crate::state::ApiState;

/// One user.
#[utoipa::path(
    get,
    path = "/api/v1/users/{user_id}",
    tag = "users",
    security(("session" = [])),
    params(("user_id" = String, Path)),
    responses(
        (status = 200, description = "The user", body = User, headers(("etag" = String, description = "Its version"))),
        Problems
    )
)]
pub(super) async fn get(State(state): State<ApiState>, who: Permitted<ManageUsers>) -> Result<Tagged<User>, Problem> {
    let user = find(&state.database.get().await?, &who.object_id).await?;
    Ok(Tagged { version: user.version, body: User::from(user) })
}
