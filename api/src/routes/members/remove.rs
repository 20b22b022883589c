use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::members;
use vru_storage::postgres::DatabaseError;

use crate::auth::{Permitted, actions::ManageMembers};
use crate::http::{Problem, Problems};
use crate::state::ApiState;

/// Remove a member from the site. They stay a user.
#[utoipa::path(
    delete,
    path = "/api/v1/sites/{site_id}/members/{user_id}",
    tag = "members",
    security(("session" = [])),
    params(("site_id" = String, Path), ("user_id" = String, Path)),
    responses((status = 204, description = "Removed"), Problems)
)]
pub(super) async fn remove(
    State(state): State<ApiState>,
    who: Permitted<ManageMembers>,
) -> Result<StatusCode, Problem> {
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("remove a member");
    let transaction = client.transaction().await.map_err(failed)?;
    if !members::remove(&transaction, &who.site_id, &who.object_id).await? {
        return Err(Problem::not_found("member"));
    }
    let entry = Entry { action: "member.remove", site_id: &who.site_id, object: &who.object_id, details: json!({}) };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}
