use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::ToSchema;
use vru_runtime::secret::Secret;
use vru_storage::{members, users};

use super::get::Session;
use crate::auth::{Attempt, begin_session};
use crate::http::{ClientAddress, Code, JsonBody, Problem, Problems};
use crate::state::ApiState;

const LONGEST_NAME: usize = 400;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LogIn {
    name: String,
    password: String,
}

/// Log in. The answer sets the cookie of the session.
///
/// A wrong name and a wrong password are not told apart. After some failures the name or the address is blocked for a while.
#[utoipa::path(
    post,
    path = "/api/v1/session",
    tag = "session",
    request_body = LogIn,
    responses(
        (status = 200, description = "Logged in", body = Session, headers(("set-cookie" = String, description = "`__Host-vru_session`"))),
        Problems
    )
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    JsonBody(LogIn { name, password }): JsonBody<LogIn>,
) -> Result<Response, Problem> {
    state.limits.log_in(address).await?;
    let wrong = || Problem::new(StatusCode::UNAUTHORIZED, Code::LogInFailed, "the name or the password is wrong");
    // PostgreSQL refuses texts with a zero byte.
    if name.len() > LONGEST_NAME || name.contains('\0') {
        return Err(wrong());
    }
    let attempt = Attempt::new(&name, address);
    let mut client = state.database.get().await?;
    attempt.begin(&mut client, &state.config.log_in).await?;
    let account = users::account(&client, &name).await?;
    // The check takes long; the connection serves others in the meantime.
    drop(client);
    let hash = account.as_ref().and_then(|account| account.password_hash.clone());
    let right = state.passwords.verify(Secret::new(password), hash).await;
    let Some(account) = account.filter(|account| right && !account.user.disabled) else {
        tracing::info!(%address, "a log-in failed");
        return Err(wrong());
    };
    let client = state.database.get().await?;
    attempt.succeeded(&client).await?;
    let cookie = begin_session(&client, &state.config.sessions, &account.user, address, &headers).await?;
    let roles = members::of_user(&client, &account.user.id).await?;
    let mut response = Json(Session::new(&account.user, &roles)).into_response();
    response.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
