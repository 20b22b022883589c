//! Entity tags (RFC 9110): who changes something says which version they saw, so that nobody overwrites what they have not seen.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::{Code, Problem};

/// An answer with the version of what it shows.
pub(crate) struct Tagged<T> {
    pub(crate) version: i64,
    pub(crate) body: T,
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        response.headers_mut().insert(header::ETAG, tag(self.version));
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        response
    }
}

fn tag(version: i64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// Whether the client has this version already.
pub(crate) fn is_current(headers: &HeaderMap, version: i64) -> bool {
    let tags = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let current = format!("\"{version}\"");
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == current)
}

/// The version that a change is meant for, from `If-Match`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected(pub(crate) i64);

impl<S: Send + Sync> FromRequestParts<S> for Expected {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            let detail = "send the ETag of the version that you change as If-Match";
            return Err(Problem::new(StatusCode::PRECONDITION_REQUIRED, Code::IfMatchRequired, detail));
        };
        let version = value.to_str().ok().and_then(|tag| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok());
        // A tag of another form is of no version.
        version.map(Self).ok_or_else(Problem::changed_meanwhile)
    }
}

impl Problem {
    pub(crate) fn changed_meanwhile() -> Self {
        let detail = "it was changed meanwhile: read it again, and make your change to what it is now";
        Self::new(StatusCode::PRECONDITION_FAILED, Code::ChangedMeanwhile, detail)
    }
}
