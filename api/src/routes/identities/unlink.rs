use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::identities;
use vru_storage::postgres::DatabaseError;

use crate::auth::{Permitted, actions::ManageUsers};
use crate::http::{Problem, Problems};
use crate::state::ApiState;

/// Unlink an account: it opens nothing from now on. Sessions that it began go on; disable the user to end them.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{user_id}/identities/{identity_id}",
    tag = "users",
    security(("session" = [])),
    params(("user_id" = String, Path), ("identity_id" = String, Path)),
    responses((status = 204, description = "Unlinked"), Problems)
)]
pub(super) async fn unlink(State(state): State<ApiState>, who: Permitted<ManageUsers>) -> Result<StatusCode, Problem> {
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("unlink an identity");
    let transaction = client.transaction().await.map_err(failed)?;
    if !identities::unlink(&transaction, &who.object_id, &who.part_id).await? {
        return Err(Problem::not_found("identity"));
    }
    let details = json!({ "identity": who.part_id });
    let entry = Entry { action: "identity.unlink", site_id: "", object: &who.object_id, details };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}
