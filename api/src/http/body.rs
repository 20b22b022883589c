//! Bodies of requests: JSON, with the place of a mistake.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::{Code, Problem};

/// The body, read as JSON.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        // A form of another site cannot send this type without asking first.
        if !kind.is_some_and(is_json) {
            let detail = "the body must be JSON: send content-type: application/json";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::NotJson, detail));
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| unreadable(&rejection))?;
        read_json(&body).map(Self)
    }
}

pub(crate) fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let reader = &mut serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut *reader).map_err(|error| {
        let field = error.path().to_string();
        let inner = error.into_inner();
        // A number in place of a word is an error of syntax to the library.
        let is_json = inner.is_data() || serde_json::from_slice::<IgnoredAny>(body).is_ok();
        match is_json {
            true if field != "." => Problem::field(field, strip_place(&inner)),
            true => Problem::field("", strip_place(&inner)),
            false => Problem::new(StatusCode::BAD_REQUEST, Code::MalformedJson, inner.to_string()),
        }
    })?;
    reader.end().map_err(|error| Problem::new(StatusCode::BAD_REQUEST, Code::MalformedJson, error.to_string()))?;
    Ok(value)
}

fn is_json(kind: &str) -> bool {
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

pub(crate) fn unreadable(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            Code::BodyTooLarge,
            "the body is larger than `http.max_body_bytes`",
        ),
        _ => Problem::new(StatusCode::BAD_REQUEST, Code::BodyIncomplete, "the body ended early"),
    }
}

/// Without line and column, which mean nothing to who sent it as one line.
fn strip_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}
