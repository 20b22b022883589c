use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::DatabaseError;
use vru_storage::reviews;

use super::alert::find;
use super::comment::{Comment, NewComment};
use crate::auth::{Caller, Permitted, actions::ReviewAlerts, actions::ReviewAllAlerts};
use crate::http::{Code, JsonBody, Problem, Problems};
use crate::state::ApiState;

/// On one alert.
const MOST: i64 = 200;

/// Comment on an alert. It has 200 comments at most.
#[utoipa::path(
    post,
    path = "/api/v1/sites/{site_id}/alerts/{alert_id}/comments",
    tag = "alerts",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("alert_id" = String, Path)),
    request_body = NewComment,
    responses((status = 201, description = "The new comment", body = Comment), Problems)
)]
pub(super) async fn add(
    State(state): State<ApiState>,
    who: Permitted<ReviewAlerts>,
    JsonBody(new): JsonBody<NewComment>,
) -> Result<(StatusCode, Json<Comment>), Problem> {
    write(&state, &who.caller, who.site(), &who.object_id, &new).await
}

/// Comment on an alert, also of a camera that belongs to no site. It has 200 comments at most.
#[utoipa::path(
    post,
    path = "/api/v1/alerts/{alert_id}/comments",
    tag = "alerts",
    security(("session" = []), ("key" = [])),
    params(("alert_id" = String, Path)),
    request_body = NewComment,
    responses((status = 201, description = "The new comment", body = Comment), Problems)
)]
pub(super) async fn add_to_any(
    State(state): State<ApiState>,
    who: Permitted<ReviewAllAlerts>,
    JsonBody(new): JsonBody<NewComment>,
) -> Result<(StatusCode, Json<Comment>), Problem> {
    write(&state, &who.caller, None, &who.object_id, &new).await
}

async fn write(
    state: &ApiState,
    caller: &Caller,
    site_id: Option<&str>,
    alert_id: &str,
    new: &NewComment,
) -> Result<(StatusCode, Json<Comment>), Problem> {
    let text = new.checked()?;
    let mut client = state.database.get().await?;
    let alert = find(&client, caller, site_id, alert_id).await?;
    let failed = DatabaseError::statement("add a comment");
    let transaction = client.transaction().await.map_err(failed)?;
    let actor = caller.actor();
    let comment = reviews::add_comment(&transaction, &actor, alert_id, text, MOST).await?.ok_or_else(|| {
        Problem::conflict(Code::TooManyComments, "", format!("the alert has {MOST} comments already, or is gone"))
    })?;
    // Not the text: who deletes a comment means it.
    let details = json!({ "comment_id": comment.id.to_string(), "camera_id": alert.camera_id });
    let site_id = alert.site_id.as_deref().unwrap_or_default();
    audit::record(&transaction, &actor, Entry { action: "alert.comment", site_id, object: alert_id, details }).await?;
    transaction.commit().await.map_err(failed)?;
    Ok((StatusCode::CREATED, Json(comment.into())))
}
