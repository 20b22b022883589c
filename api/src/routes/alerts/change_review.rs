use axum::extract::State;
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::DatabaseError;
use vru_storage::{reviews, webhooks};

use super::alert::find;
use super::review::{Review, ReviewState, WantedReview};
use crate::auth::{Caller, Permitted, actions::ReviewAlerts, actions::ReviewAllAlerts};
use crate::http::{Expected, JsonBody, Problem, Problems, Tagged};
use crate::state::ApiState;
use crate::webhooks::acknowledged;

/// Acknowledge an alert, dismiss it as false, or reopen it.
#[utoipa::path(
    put,
    path = "/api/v1/sites/{site_id}/alerts/{alert_id}/review",
    tag = "alerts",
    security(("session" = []), ("key" = [])),
    params(
        ("site_id" = String, Path),
        ("alert_id" = String, Path),
        ("if-match" = String, Header, description = "The version of the review that is changed, as an ETag: `\"0\"` before the first")
    ),
    request_body = WantedReview,
    responses(
        (status = 200, description = "The review as it is now", body = Review, headers(("etag" = String, description = "Its version"))),
        Problems
    )
)]
pub(super) async fn change(
    State(state): State<ApiState>,
    who: Permitted<ReviewAlerts>,
    Expected(version): Expected,
    JsonBody(wanted): JsonBody<WantedReview>,
) -> Result<Tagged<Review>, Problem> {
    write(&state, &who.caller, who.site(), &who.object_id, version, &wanted).await
}

/// Acknowledge an alert, dismiss it as false, or reopen it, also one of a camera that belongs to no site.
#[utoipa::path(
    put,
    path = "/api/v1/alerts/{alert_id}/review",
    tag = "alerts",
    security(("session" = []), ("key" = [])),
    params(
        ("alert_id" = String, Path),
        ("if-match" = String, Header, description = "The version of the review that is changed, as an ETag: `\"0\"` before the first")
    ),
    request_body = WantedReview,
    responses(
        (status = 200, description = "The review as it is now", body = Review, headers(("etag" = String, description = "Its version"))),
        Problems
    )
)]
pub(super) async fn change_of_any(
    State(state): State<ApiState>,
    who: Permitted<ReviewAllAlerts>,
    Expected(version): Expected,
    JsonBody(wanted): JsonBody<WantedReview>,
) -> Result<Tagged<Review>, Problem> {
    write(&state, &who.caller, None, &who.object_id, version, &wanted).await
}

async fn write(
    state: &ApiState,
    caller: &Caller,
    site_id: Option<&str>,
    alert_id: &str,
    version: i64,
    wanted: &WantedReview,
) -> Result<Tagged<Review>, Problem> {
    let new = wanted.checked()?;
    let mut client = state.database.get().await?;
    let alert = find(&client, caller, site_id, alert_id).await?;
    let failed = DatabaseError::statement("change a review");
    let transaction = client.transaction().await.map_err(failed)?;
    let actor = caller.actor();
    if !reviews::change(&transaction, &actor, alert_id, version, new).await? {
        return Err(Problem::changed_meanwhile());
    }
    let action = match wanted.state {
        ReviewState::New => "alert.reopen",
        ReviewState::Acknowledged => "alert.acknowledge",
        ReviewState::Dismissed => "alert.dismiss",
    };
    let review = reviews::find(&transaction, alert_id).await?.ok_or_else(|| Problem::not_found("alert"))?;
    let details = json!({ "version": review.version, "camera_id": alert.camera_id, "reason": Review::reason(&review) });
    let site_id = alert.site_id.as_deref().unwrap_or_default();
    audit::record(&transaction, &actor, Entry { action, site_id, object: alert_id, details }).await?;
    if wanted.state == ReviewState::Acknowledged {
        let event = acknowledged(&alert).map_err(|_| Problem::internal())?;
        webhooks::queue(&transaction, &[event], state.config.webhooks.retention).await?;
    }
    transaction.commit().await.map_err(failed)?;
    Ok(review.into())
}
