use axum::extract::State;
use vru_storage::retention;

use super::site_retention::SiteRetention;
use crate::auth::{Permitted, actions::SeeSite};
use crate::http::{Problem, Problems, Tagged};
use crate::state::ApiState;

/// For how long the site keeps what.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/retention",
    tag = "data",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path)),
    responses(
        (status = 200, description = "The retention", body = SiteRetention, headers(("etag" = String, description = "Its version"))),
        Problems
    )
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    who: Permitted<SeeSite>,
) -> Result<Tagged<SiteRetention>, Problem> {
    let found = retention::find(&state.database.get().await?, &who.site_id).await?;
    Ok(Tagged { version: found.version, body: SiteRetention::new(&found, &state.config.retention) })
}
