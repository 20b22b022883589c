use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use vru_storage::sites;

use super::site::Site;
use crate::auth::{Permitted, actions::SeeSite};
use crate::http::{Problem, Problems, Tagged, is_current};
use crate::state::ApiState;

/// One site.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}",
    tag = "sites",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path)),
    responses(
        (status = 200, description = "The site", body = Site, headers(("etag" = String, description = "Its version"))),
        (status = 304, description = "Still the version of If-None-Match"),
        Problems
    )
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    who: Permitted<SeeSite>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let client = state.database.get().await?;
    let site = sites::find(&client, &who.site_id).await?.ok_or_else(|| Problem::not_found("site"))?;
    if is_current(&headers, site.version) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    Ok(Tagged { version: site.version, body: Site::from(site) }.into_response())
}
