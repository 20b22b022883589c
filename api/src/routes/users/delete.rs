use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::DatabaseError;
use vru_storage::users;

use super::user::check_last_admin;
use crate::auth::{Permitted, actions::ManageUsers};
use crate::http::{Problem, Problems};
use crate::state::ApiState;

/// Delete a user, with their sessions and memberships. What they did stays in the audit log.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{user_id}",
    tag = "users",
    security(("session" = [])),
    params(("user_id" = String, Path)),
    responses((status = 204, description = "Deleted"), Problems)
)]
pub(super) async fn delete(State(state): State<ApiState>, who: Permitted<ManageUsers>) -> Result<StatusCode, Problem> {
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("delete a user");
    let transaction = client.transaction().await.map_err(failed)?;
    let admins = users::lock_admins(&transaction).await?;
    let Some(user) = users::find(&transaction, &who.object_id).await? else { return Err(Problem::not_found("user")) };
    check_last_admin(&admins, &who.object_id)?;
    users::delete(&transaction, &who.object_id).await?;
    let entry =
        Entry { action: "user.delete", site_id: "", object: &who.object_id, details: json!({ "name": user.name }) };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}
