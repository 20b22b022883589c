use std::net::IpAddr;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use utoipa::IntoParams;

use super::person;
use super::provider_id::ProviderId;
use crate::auth::begin_session;
use crate::http::{ClientAddress, Problem, Problems, RequestId};
use crate::metrics::SIGN_INS;
use crate::sign_in::{ProviderAnswer, clear_cookie};
use crate::state::ApiState;

/// What a provider adds to the address.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "for the document: the query is read by hand, because a parameter that comes twice is an error"
)]
struct CallbackQuery {
    state: Option<String>,
    code: Option<String>,
    /// In place of `code`.
    error: Option<String>,
    /// The issuer (RFC 9207).
    iss: Option<String>,
}

/// The way back from an identity provider. Only providers lead here.
///
/// Who is linked, or has come by an invitation, has a session afterwards, as after a log-in with a password.
#[utoipa::path(
    get,
    path = "/api/v1/sign-in/{provider_id}/callback",
    tag = "session",
    params(("provider_id" = String, Path), CallbackQuery),
    responses(
        (
            status = 303,
            description = "Signed in; to `/`",
            headers(("location" = String, description = "`/`"), ("set-cookie" = String, description = "`__Host-vru_session`"))
        ),
        Problems
    )
)]
pub(super) async fn callback(
    State(state): State<ApiState>,
    ProviderId(provider): ProviderId,
    RawQuery(query): RawQuery,
    Extension(RequestId(request_id)): Extension<RequestId>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
) -> Response {
    let request = Finished { provider, query: query.unwrap_or_default(), request_id, address };
    let mut response = match session(&state, request, &headers).await {
        Ok(cookie) => {
            SIGN_INS.with_label_values(&["signed_in"]).inc();
            let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, "/")], Body::empty()).into_response();
            response.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
            response
        }
        Err(problem) => problem.into_response(),
    };
    // Whatever came of it, it cannot be tried again.
    response.headers_mut().append(header::SET_COOKIE, clear_cookie());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The code stands in the address.
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

struct Finished {
    provider: String,
    query: String,
    request_id: String,
    address: IpAddr,
}

/// The cookie of the session.
async fn session(state: &ApiState, request: Finished, headers: &HeaderMap) -> Result<Option<HeaderValue>, Problem> {
    let Finished { provider, query, request_id, address } = request;
    let signed_in = state.sign_in.finish(&provider, headers, read(&query)?).await?;
    let creates = state.sign_in.creates_users(&provider)?;
    let mut client = state.database.get().await?;
    let user = person::of(&mut client, &provider, signed_in, creates, &request_id).await?;
    Ok(begin_session(&client, &state.config.sessions, &user, address, headers).await?)
}

fn read(query: &str) -> Result<ProviderAnswer, Problem> {
    let mut answer = ProviderAnswer::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let place = match &*name {
            "state" => &mut answer.state,
            "code" => &mut answer.code,
            "error" => &mut answer.error,
            "iss" => &mut answer.issuer,
            _ => continue,
        };
        if place.replace(value.into_owned()).is_some() {
            return Err(Problem::parameter(&name, "comes twice"));
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_comes_twice_is_refused() {
        let answer = read("state=a%20b&code=c&more=1&more=2").unwrap();
        assert_eq!((answer.state.as_deref(), answer.code.as_deref(), answer.error), (Some("a b"), Some("c"), None));
        for name in ["state", "code", "error", "iss"] {
            assert_eq!(read(&format!("{name}=1&{name}=1")).unwrap_err().wrong_field(), Some(name));
        }
    }
}
