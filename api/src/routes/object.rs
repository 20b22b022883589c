use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{Permitted, actions::SeeAllPictures, actions::SeePictures};
use crate::http::{Parameters, Problem, Problems};
use crate::pictures::{Reader, RelayedAddress};
use crate::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(object)).routes(routes!(object_of_any))
}

/// A picture, a clip, a video or an archive itself, where the API passes them on (`s3.relay`). Its address is the answer of another call,
/// such as the snapshot of an alert, and is good for who made that call, for some minutes. One range of bytes can be asked for.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/object",
    tag = "pictures",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), RelayedAddress),
    responses(
        (status = 200, description = "The whole", body = String, content_type = "application/octet-stream"),
        (status = 206, description = "The range", body = String, content_type = "application/octet-stream"),
        Problems
    )
)]
async fn object(
    State(state): State<ApiState>,
    who: Permitted<SeePictures>,
    Parameters(address): Parameters<RelayedAddress>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let reader = Reader { site_id: who.site(), subject: &who.caller.subject() };
    state.pictures.relayed(reader, &address, &headers).await
}

/// The same for cameras that belong to no site.
#[utoipa::path(
    get,
    path = "/api/v1/object",
    tag = "pictures",
    security(("session" = []), ("key" = [])),
    params(RelayedAddress),
    responses(
        (status = 200, description = "The whole", body = String, content_type = "application/octet-stream"),
        (status = 206, description = "The range", body = String, content_type = "application/octet-stream"),
        Problems
    )
)]
async fn object_of_any(
    State(state): State<ApiState>,
    who: Permitted<SeeAllPictures>,
    Parameters(address): Parameters<RelayedAddress>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let reader = Reader { site_id: None, subject: &who.caller.subject() };
    state.pictures.relayed(reader, &address, &headers).await
}
