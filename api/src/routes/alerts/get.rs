use axum::Json;
use axum::extract::State;

use super::alert::{Alert, find};
use crate::auth::{Permitted, actions::SeeAlerts, actions::SeeAllAlerts};
use crate::http::{Problem, Problems};
use crate::state::ApiState;

/// One alert. To see it this way does not mark it as seen.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/alerts/{alert_id}",
    tag = "alerts",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("alert_id" = String, Path)),
    responses((status = 200, description = "The alert", body = Alert), Problems)
)]
pub(super) async fn get(State(state): State<ApiState>, who: Permitted<SeeAlerts>) -> Result<Json<Alert>, Problem> {
    let alert = find(&state.database.get().await?, &who.caller, who.site(), &who.object_id).await?;
    Ok(Json(alert.into()))
}

/// One alert, also of a camera that belongs to no site.
#[utoipa::path(
    get,
    path = "/api/v1/alerts/{alert_id}",
    tag = "alerts",
    security(("session" = []), ("key" = [])),
    params(("alert_id" = String, Path)),
    responses((status = 200, description = "The alert", body = Alert), Problems)
)]
pub(super) async fn get_any(
    State(state): State<ApiState>,
    who: Permitted<SeeAllAlerts>,
) -> Result<Json<Alert>, Problem> {
    let alert = find(&state.database.get().await?, &who.caller, None, &who.object_id).await?;
    Ok(Json(alert.into()))
}
