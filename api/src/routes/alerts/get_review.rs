use axum::extract::State;

use super::alert::find;
use super::review::Review;
use crate::auth::{Caller, Permitted, actions::SeeAlerts, actions::SeeAllAlerts};
use crate::http::{Problem, Problems, Tagged};
use crate::state::ApiState;

/// The state of an alert in the inbox.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/alerts/{alert_id}/review",
    tag = "alerts",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("alert_id" = String, Path)),
    responses(
        (status = 200, description = "The review", body = Review, headers(("etag" = String, description = "Its version"))),
        Problems
    )
)]
pub(super) async fn get(State(state): State<ApiState>, who: Permitted<SeeAlerts>) -> Result<Tagged<Review>, Problem> {
    read(&state, &who.caller, who.site(), &who.object_id).await
}

/// The state of an alert in the inbox, also of a camera that belongs to no site.
#[utoipa::path(
    get,
    path = "/api/v1/alerts/{alert_id}/review",
    tag = "alerts",
    security(("session" = []), ("key" = [])),
    params(("alert_id" = String, Path)),
    responses(
        (status = 200, description = "The review", body = Review, headers(("etag" = String, description = "Its version"))),
        Problems
    )
)]
pub(super) async fn get_of_any(
    State(state): State<ApiState>,
    who: Permitted<SeeAllAlerts>,
) -> Result<Tagged<Review>, Problem> {
    read(&state, &who.caller, None, &who.object_id).await
}

async fn read(
    state: &ApiState,
    caller: &Caller,
    site_id: Option<&str>,
    alert_id: &str,
) -> Result<Tagged<Review>, Problem> {
    let alert = find(&state.database.get().await?, caller, site_id, alert_id).await?;
    Ok(alert.review.into())
}
