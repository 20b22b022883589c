//! Why no token is issued, in the form of RFC 6749, section 5.2.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use vru_storage::postgres::DatabaseError;

use crate::http::Problem;

/// No token was issued.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OAuthError)]
pub(super) struct RefusalDocument {
    error: ErrorCode,
    /// For people.
    error_description: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OAuthErrorCode)]
pub(super) enum ErrorCode {
    InvalidRequest,
    InvalidClient,
    UnsupportedGrantType,
    InvalidScope,
}

#[derive(Debug)]
pub(super) enum Refusal {
    Request {
        code: ErrorCode,
        why: &'static str,
    },
    /// The client is unknown. `basic`: it came in the header, and is asked for there.
    Client {
        basic: bool,
    },
    /// The service cannot serve it, whatever the request says.
    Problem(Problem),
}

impl Refusal {
    pub(super) fn request(why: &'static str) -> Self {
        Self::Request { code: ErrorCode::InvalidRequest, why }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<DatabaseError> for Refusal {
    fn from(error: DatabaseError) -> Self {
        Self::Problem(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, why, basic) = match self {
            Self::Problem(problem) => return problem.into_response(),
            Self::Request { code, why } => (StatusCode::BAD_REQUEST, code, why, false),
            Self::Client { basic } => {
                let why = "the client is unknown, revoked or expired, or its secret is wrong";
                (StatusCode::UNAUTHORIZED, ErrorCode::InvalidClient, why, basic)
            }
        };
        let mut response = (status, Json(RefusalDocument { error: code, error_description: why })).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if basic {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"vru\""));
        }
        response
    }
}
