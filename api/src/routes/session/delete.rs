use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use vru_auth::policy::Action;
use vru_storage::sessions;

use crate::auth::{LoggedIn, clear_cookie};
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
    who: LoggedIn,
) -> Result<(StatusCode, [(HeaderName, HeaderValue); 1]), Problem> {
    who.may(Action::UseOwnAccount)?;
    sessions::delete(&state.database.get().await?, &who.session_id).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, clear_cookie())]))
}
