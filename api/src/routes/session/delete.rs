use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use vru_storage::sessions;

use crate::auth::{Permitted, actions::UseOwnAccount, clear_cookie};
use crate::http::{Problem, Problems};
use crate::state::ApiState;

/// Log out. The cookie opens nothing from now on.
#[utoipa::path(
    delete,
    path = "/api/v1/session",
    tag = "session",
    security(("session" = [])),
    responses((status = 204, description = "Logged out"), Problems)
)]
pub(super) async fn delete(
    State(state): State<ApiState>,
    who: Permitted<UseOwnAccount>,
) -> Result<(StatusCode, [(HeaderName, HeaderValue); 1]), Problem> {
    sessions::delete(&state.database.get().await?, &who.caller.person()?.session_id).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, clear_cookie())]))
}
