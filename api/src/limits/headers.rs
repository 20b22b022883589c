//! The headers of an answer that tell its caller about the rate limit.

use axum::http::HeaderName;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder, Schema};

pub(super) const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
pub(super) const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
pub(super) const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// The name of the answer in the OpenAPI document.
pub(crate) const REFUSED: &str = "TooManyRequests";

/// The answer to a request that is refused.
pub(crate) fn refused() -> Response {
    let content = Content::new(Some(RefOr::<Schema>::Ref(Ref::from_schema_name("Problem"))));
    ResponseBuilder::new()
        .description(
            "Too many requests of this caller, or attempts to log in; they are served again after `retry-after`.",
        )
        .content("application/problem+json", content)
        .header("retry-after", number("Until a request is served again, in seconds."))
        .header(
            LIMIT.as_str(),
            number(
                "How many requests are served at once. Each answer to a request that was counted has these headers.",
            ),
        )
        .header(REMAINING.as_str(), number("How many of them are left."))
        .header(RESET.as_str(), number("Until all of them are left, in seconds."))
        .build()
}

/// Adds to an operation that it may be refused.
pub(crate) fn document(operation: &mut Operation) {
    operation.responses.responses.insert("429".to_owned(), RefOr::Ref(Ref::from_response_name(REFUSED)));
}

fn number(description: &str) -> Header {
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
    HeaderBuilder::new().schema(Some(number)).description(Some(description)).build()
}
