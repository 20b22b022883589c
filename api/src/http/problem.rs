//! Every error of the API: `application/problem+json` (RFC 9457) with a code that programs can rely on.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::{Content, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};
use vru_runtime::report::chain;
use vru_storage::postgres::DatabaseError;

use super::code::{self, Code};

const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request has no result.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    status: StatusCode,
    code: Code,
    detail: String,
    field: Option<String>,
    retry_after: Option<Duration>,
    /// What failed here, for the log.
    cause: Option<String>,
}

/// An error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDocument {
    /// The meaning of the status code.
    #[schema(example = "Not Found")]
    title: &'static str,
    /// The status code.
    #[schema(example = 404)]
    status: u16,
    #[schema(schema_with = code::schema)]
    code: &'static str,
    /// What went wrong, for people.
    #[schema(example = "there is no such site")]
    detail: String,
    /// The field of the body, or the parameter, that is wrong: `location.latitude`.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: Code, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), field: None, retry_after: None, cause: None }
    }

    /// A field of the body, or a parameter, is wrong.
    pub(crate) fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidField, detail) }
    }

    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self { field: Some(name.to_owned()), ..Self::new(StatusCode::BAD_REQUEST, Code::InvalidParameter, detail) }
    }

    /// What the request wants and what there is exclude each other.
    pub(crate) fn conflict(code: Code, field: &str, detail: impl Into<String>) -> Self {
        let field = (!field.is_empty()).then(|| field.to_owned());
        Self { field, ..Self::new(StatusCode::CONFLICT, code, detail) }
    }

    /// Also where something exists that the person may not know of.
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, Code::NotFound, format!("there is no such {what}"))
    }

    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, Code::Forbidden, "your role does not allow this")
    }

    /// The log says what happened.
    pub(crate) fn internal() -> Self {
        let detail = "the request failed; the log has the reason under its request id";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, detail)
    }

    /// Whether the request is good, and the service failed.
    pub(crate) fn is_ours(&self) -> bool {
        self.status.is_server_error()
    }

    /// For the log.
    pub(crate) fn reason(&self) -> &str {
        self.cause.as_deref().unwrap_or(&self.detail)
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn code(&self) -> &'static str {
        self.code.as_str()
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// The field of the body, or the parameter.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn wrong_field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// Names the field of the body, the parameter or the header that it is about.
    #[must_use]
    pub(crate) fn at(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    #[must_use]
    pub(crate) fn retry_after(mut self, time: Duration) -> Self {
        self.retry_after = Some(time);
        self
    }
}

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        let cause = format!("{}{}", chain(&error), error.advice());
        let problem = match error {
            DatabaseError::Repeated => {
                let detail = "the same request is served at this moment; send it again for its answer";
                let problem = Self::conflict(Code::ServedNow, "idempotency-key", detail);
                return problem.retry_after(Duration::from_secs(1));
            }
            DatabaseError::Connect { .. } | DatabaseError::Timeout { .. } => {
                let detail = "the database does not answer; try again";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::DatabaseUnavailable, detail)
                    .retry_after(Duration::from_secs(1))
            }
            _ if error.is_lost_connection() => {
                let detail = "the connection to the database was lost; whether a change took effect is not known";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::DatabaseUnavailable, detail)
                    .retry_after(Duration::from_secs(1))
            }
            _ if error.is_momentary() => {
                let detail = "the database gave up for now, and changed nothing; try again";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::DatabaseUnavailable, detail)
                    .retry_after(Duration::from_secs(1))
            }
            _ => Self::internal(),
        };
        Self { cause: Some(cause), ..problem }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { status, code, detail, field, retry_after, cause } = self;
        if let Some(cause) = cause {
            tracing::error!(cause, "a request failed");
        }
        let title = status.canonical_reason().unwrap_or("Error");
        let document = ProblemDocument { title, status: status.as_u16(), code: code.as_str(), detail, field };
        let mut response = (status, Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(time) = retry_after {
            // Rounded up: who comes back earlier is refused again.
            headers.insert(header::RETRY_AFTER, HeaderValue::from(time.as_millis().div_ceil(1000) as u64));
        }
        response
    }
}

/// The errors that any route may answer with, for the OpenAPI document.
pub(crate) struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::response::Response>> {
        let response = |description: &str| {
            let reference = utoipa::openapi::Ref::from_schema_name("Problem");
            let content = Content::new(Some(RefOr::<utoipa::openapi::Schema>::Ref(reference)));
            RefOr::T(ResponseBuilder::new().description(description).content(MEDIA_TYPE, content).build())
        };
        BTreeMap::from([
            ("4XX".to_owned(), response("The request cannot be served; `code` and `field` tell why.")),
            ("5XX".to_owned(), response("The service cannot serve the request now.")),
        ])
    }
}
