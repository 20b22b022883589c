use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};

use super::configured;
use crate::http::{Problem, Problems};
use crate::state::ApiState;
use crate::uploads::{Algorithm, tus};

/// What of tus this service speaks.
#[utoipa::path(
    options,
    path = "/api/v1/sites/{site_id}/uploads",
    tag = "uploads",
    params(("site_id" = String, Path)),
    responses(
        (
            status = 204,
            description = "In the headers",
            headers(
                ("tus-version" = String, description = "`1.0.0`"),
                ("tus-extension" = String, description = "The extensions"),
                ("tus-max-size" = i64, description = "The largest file"),
                ("tus-checksum-algorithm" = String, description = "`sha1,sha256`")
            )
        ),
        Problems
    )
)]
pub(super) async fn options(
    State(state): State<ApiState>,
) -> Result<(StatusCode, [(HeaderName, HeaderValue); 4]), Problem> {
    let max = configured(&state)?.config().max_bytes;
    let headers = [
        (tus::VERSIONS, HeaderValue::from_static(tus::VERSION)),
        (tus::EXTENSION, HeaderValue::from_static(tus::EXTENSIONS)),
        (tus::MAX_SIZE, HeaderValue::from(max)),
        (tus::ALGORITHMS, HeaderValue::from_static(Algorithm::NAMES)),
    ];
    Ok((StatusCode::NO_CONTENT, headers))
}
