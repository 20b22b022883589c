//! The cookie of a session. Its name makes browsers refuse it unless it is sent over TLS (or from this machine), for this host only.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

const NAME: &str = "__Host-vru_session";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

pub(crate) fn set_cookie(token: &str, lifetime: Duration) -> Option<HeaderValue> {
    let seconds = lifetime.as_secs();
    HeaderValue::try_from(format!("{NAME}={token}; Max-Age={seconds}; {ATTRIBUTES}")).ok()
}

pub(crate) fn clear_cookie() -> HeaderValue {
    HeaderValue::from_static("__Host-vru_session=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict")
}

/// The session tokens of a request. A browser sends one.
pub(crate) fn session_tokens(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    cookies_named(headers, NAME)
}

/// The values of the cookies with that name.
pub(crate) fn cookies_named<'a>(headers: &'a HeaderMap, wanted: &'a str) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .filter_map(move |(name, value)| (name == wanted).then_some(value))
}
