use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::http::Problem;
use crate::state::ApiState;

/// Of the path.
pub(super) struct ProviderId(pub(super) String);

impl FromRequestParts<ApiState> for ProviderId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        // A path that is not UTF-8 names none.
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(id)| Self(id)).map_err(|_| Problem::not_found("identity provider"))
    }
}
