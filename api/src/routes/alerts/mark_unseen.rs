use axum::extract::State;
use axum::http::StatusCode;
use vru_storage::alerts;

use super::alert::find;
use crate::auth::{Caller, Permitted, actions::MarkAllSeen, actions::MarkSeen};
use crate::http::{Problem, Problems};
use crate::state::ApiState;

/// Mark an alert as not seen by the person who asks.
#[utoipa::path(
    delete,
    path = "/api/v1/sites/{site_id}/alerts/{alert_id}/seen",
    tag = "alerts",
    security(("session" = [])),
    params(("site_id" = String, Path), ("alert_id" = String, Path)),
    responses((status = 204, description = "Marked"), Problems)
)]
pub(super) async fn unmark(State(state): State<ApiState>, who: Permitted<MarkSeen>) -> Result<StatusCode, Problem> {
    write(&state, &who.caller, who.site(), &who.object_id).await
}

/// Mark an alert as not seen by the person who asks, also one of a camera that belongs to no site.
#[utoipa::path(
    delete,
    path = "/api/v1/alerts/{alert_id}/seen",
    tag = "alerts",
    security(("session" = [])),
    params(("alert_id" = String, Path)),
    responses((status = 204, description = "Marked"), Problems)
)]
pub(super) async fn unmark_any(
    State(state): State<ApiState>,
    who: Permitted<MarkAllSeen>,
) -> Result<StatusCode, Problem> {
    write(&state, &who.caller, None, &who.object_id).await
}

async fn write(
    state: &ApiState,
    caller: &Caller,
    site_id: Option<&str>,
    alert_id: &str,
) -> Result<StatusCode, Problem> {
    let client = state.database.get().await?;
    find(&client, caller, site_id, alert_id).await?;
    alerts::unsee(&client, alert_id, &caller.person()?.user.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
