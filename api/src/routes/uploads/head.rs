use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::configured;
use super::upload::{find, http_date};
use crate::auth::{Permitted, actions::SeeUploads};
use crate::http::{Problem, Problems};
use crate::state::ApiState;
use crate::uploads::{check_receiving, tus};

/// How many bytes of an upload the service has (tus: core). They stay, whatever happens to the connection or to the service.
#[utoipa::path(
    head,
    path = "/api/v1/sites/{site_id}/uploads/{upload_id}",
    tag = "uploads",
    security(("session" = []), ("key" = [])),
    params(
        ("site_id" = String, Path),
        ("upload_id" = String, Path),
        ("tus-resumable" = String, Header, description = "`1.0.0`")
    ),
    responses(
        (
            status = 200,
            description = "In the headers",
            headers(
                ("upload-offset" = i64, description = "Where the next `PATCH` goes on"),
                ("upload-length" = i64, description = "Size of the file"),
                ("upload-metadata" = String, description = "As it was created with"),
                ("upload-expires" = String, description = "While bytes are missing: until when they must come")
            )
        ),
        Problems
    )
)]
pub(super) async fn head(
    State(state): State<ApiState>,
    who: Permitted<SeeUploads>,
    headers: HeaderMap,
) -> Result<(StatusCode, HeaderMap), Problem> {
    configured(&state)?;
    tus::check_version(&headers)?;
    let upload = find(&state.database.get().await?, &who.site_id, &who.object_id).await?;
    check_receiving(&upload)?;
    let mut headers = HeaderMap::new();
    headers.insert(tus::OFFSET, tus::value(upload.received));
    headers.insert(tus::LENGTH, tus::value(upload.length));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(metadata) = HeaderValue::try_from(&upload.metadata)
        && !upload.metadata.is_empty()
    {
        headers.insert(tus::METADATA, metadata);
    }
    if upload.received < upload.length {
        headers.insert(tus::EXPIRES, http_date(upload.expires_at));
    }
    Ok((StatusCode::OK, headers))
}
