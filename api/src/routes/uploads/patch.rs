use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

use super::configured;
use super::upload::{find, http_date};
use crate::auth::{Permitted, actions::ManageUploads};
use crate::http::{Problem, Problems};
use crate::state::ApiState;
use crate::uploads::{Part, tus};

/// Send bytes of an upload (tus: core, checksum). What comes before the connection is lost is kept, unless `Upload-Checksum` is sent: then all
/// bytes of the body are kept or none. One request at a time may send bytes of an upload: another one is answered with 423. A replica that
/// stops answers with 204 and where the upload goes on, at another replica; with `Upload-Checksum`, while bytes of the body are missing, with
/// 503 and `Retry-After`.
#[utoipa::path(
    patch,
    path = "/api/v1/sites/{site_id}/uploads/{upload_id}",
    tag = "uploads",
    security(("session" = []), ("key" = [])),
    params(
        ("site_id" = String, Path),
        ("upload_id" = String, Path),
        ("tus-resumable" = String, Header, description = "`1.0.0`"),
        ("upload-offset" = i64, Header, description = "As HEAD tells it"),
        ("upload-checksum" = Option<String>, Header, description = "`sha1` or `sha256`, a space, and the Base64 of the digest of the body")
    ),
    request_body(content = String, content_type = "application/offset+octet-stream"),
    responses(
        (
            status = 204,
            description = "The bytes before `upload-offset` are kept: all of the body, unless this replica stops",
            headers(
                ("upload-offset" = i64, description = "Where the next `PATCH` goes on"),
                ("upload-expires" = String, description = "While bytes are missing: until when they must come")
            )
        ),
        Problems
    )
)]
pub(super) async fn patch(
    State(state): State<ApiState>,
    who: Permitted<ManageUploads>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, HeaderMap), Problem> {
    let uploads = configured(&state)?;
    tus::check_version(&headers)?;
    tus::check_media_type(&headers)?;
    let part = Part {
        site_id: who.site_id.clone(),
        id: who.object_id.clone(),
        offset: tus::offset(&headers)?,
        length: tus::body_length(&headers),
        checksum: tus::checksum(&headers)?,
        body,
    };
    let received = uploads.receive(part).await?;
    let mut headers = HeaderMap::new();
    headers.insert(tus::OFFSET, tus::value(received.offset));
    if !received.complete {
        let upload = find(&state.database.get().await?, &who.site_id, &who.object_id).await?;
        headers.insert(tus::EXPIRES, http_date(upload.expires_at));
    }
    Ok((StatusCode::NO_CONTENT, headers))
}
