use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use vru_auth::policy::Action;
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::DatabaseError;
use vru_storage::reviews;

use super::alert::find;
use crate::auth::{Caller, Permitted, actions::ReviewAlerts, actions::ReviewAllAlerts};
use crate::http::{Problem, Problems};
use crate::state::ApiState;

/// Delete a comment: one's own, or as an admin of the site anybody's.
#[utoipa::path(
    delete,
    path = "/api/v1/sites/{site_id}/alerts/{alert_id}/comments/{comment_id}",
    tag = "alerts",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("alert_id" = String, Path), ("comment_id" = String, Path)),
    responses((status = 204, description = "Deleted"), Problems)
)]
pub(super) async fn delete(State(state): State<ApiState>, who: Permitted<ReviewAlerts>) -> Result<StatusCode, Problem> {
    remove(&state, &who.caller, who.site(), &who.object_id, &who.part_id).await
}

/// Delete a comment on an alert, also of a camera that belongs to no site.
#[utoipa::path(
    delete,
    path = "/api/v1/alerts/{alert_id}/comments/{comment_id}",
    tag = "alerts",
    security(("session" = []), ("key" = [])),
    params(("alert_id" = String, Path), ("comment_id" = String, Path)),
    responses((status = 204, description = "Deleted"), Problems)
)]
pub(super) async fn delete_from_any(
    State(state): State<ApiState>,
    who: Permitted<ReviewAllAlerts>,
) -> Result<StatusCode, Problem> {
    remove(&state, &who.caller, None, &who.object_id, &who.part_id).await
}

async fn remove(
    state: &ApiState,
    caller: &Caller,
    site_id: Option<&str>,
    alert_id: &str,
    comment_id: &str,
) -> Result<StatusCode, Problem> {
    let missing = || Problem::not_found("comment");
    let id: i64 = comment_id.parse().map_err(|_| missing())?;
    let mut client = state.database.get().await?;
    let alert = find(&client, caller, site_id, alert_id).await?;
    let failed = DatabaseError::statement("delete a comment");
    let transaction = client.transaction().await.map_err(failed)?;
    let comment = reviews::lock_comment(&transaction, alert_id, id).await?.ok_or_else(missing)?;
    let actor = caller.actor();
    let own = comment.author.user_id == actor.user_id && comment.author.key_id == actor.key_id;
    if !own {
        match site_id {
            Some(site_id) => caller.may_at(Action::DeleteComments, site_id)?,
            None => caller.may(Action::DeleteAllComments)?,
        }
    }
    reviews::delete_comment(&transaction, id).await?;
    let details = json!({ "comment_id": comment_id, "camera_id": alert.camera_id, "own": own });
    let site_id = alert.site_id.as_deref().unwrap_or_default();
    let entry = Entry { action: "alert.delete_comment", site_id, object: alert_id, details };
    audit::record(&transaction, &actor, entry).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}
