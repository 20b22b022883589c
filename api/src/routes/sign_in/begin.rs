use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use utoipa::IntoParams;

use super::provider_id::ProviderId;
use crate::http::{Parameters, Problem, Problems};
use crate::state::ApiState;

/// Tokens are shorter.
const LONGEST_INVITATION: usize = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct BeginQuery {
    /// Of the link that an admin has sent.
    invitation: Option<String>,
}

/// Sign in with an identity provider. Leads the browser there.
///
/// The provider leads it back. A cookie, good for ten minutes, ties both ends together.
#[utoipa::path(
    get,
    path = "/api/v1/sign-in/{provider_id}",
    tag = "session",
    params(("provider_id" = String, Path), BeginQuery),
    responses(
        (
            status = 303,
            description = "To the provider",
            headers(("location" = String, description = "At the provider"), ("set-cookie" = String, description = "`__Host-vru_sign_in`"))
        ),
        Problems
    )
)]
pub(super) async fn begin(
    State(state): State<ApiState>,
    ProviderId(provider): ProviderId,
    Parameters(BeginQuery { invitation }): Parameters<BeginQuery>,
) -> Result<(StatusCode, HeaderMap), Problem> {
    if invitation.as_ref().is_some_and(|token| token.len() > LONGEST_INVITATION) {
        return Err(Problem::parameter("invitation", "is longer than those of our links"));
    }
    let (url, cookie) = state.sign_in.begin(&provider, invitation).await?;
    let location = HeaderValue::try_from(url.as_str()).map_err(|_| Problem::internal())?;
    let headers = [
        (header::LOCATION, location),
        (header::SET_COOKIE, cookie),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((StatusCode::SEE_OTHER, HeaderMap::from_iter(headers)))
}
