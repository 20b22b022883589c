use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use vru_auth::policy::Action;
use vru_storage::sites;

use super::site::Site;
use crate::auth::LoggedIn;
use crate::http::{Problem, Problems, Tagged, is_current};
use crate::state::ApiState;

/// One site.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}",
    tag = "sites",
    security(("session" = [])),
    params(("site_id" = String, Path)),
    responses(
        (status = 200, description = "The site", body = Site, headers(("etag" = String, description = "Its version"))),
        (status = 304, description = "Still the version of If-None-Match"),
        Problems
    )
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    who: LoggedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    who.may_at(Action::SeeSite, &id)?;
    let client = state.database.get().await?;
    let site = sites::find(&client, &id).await?.ok_or_else(|| Problem::not_found("site"))?;
    if is_current(&headers, site.version) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    Ok(Tagged { version: site.version, body: Site::from(site) }.into_response())
}
