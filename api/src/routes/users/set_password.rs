use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use vru_runtime::secret::Secret;
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::DatabaseError;
use vru_storage::{sessions, users};

use crate::auth::{Permitted, actions::ManageUsers};
use crate::http::{JsonBody, Problem, Problems};
use crate::state::ApiState;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    /// 12 characters at least, 256 bytes at most.
    #[schema(min_length = 12)]
    password: String,
}

/// Set somebody's password. Their sessions end.
#[utoipa::path(
    put,
    path = "/api/v1/users/{user_id}/password",
    tag = "users",
    security(("session" = [])),
    params(("user_id" = String, Path)),
    request_body = NewPassword,
    responses((status = 204, description = "Set"), Problems)
)]
pub(super) async fn set_password(
    State(state): State<ApiState>,
    who: Permitted<ManageUsers>,
    JsonBody(NewPassword { password }): JsonBody<NewPassword>,
) -> Result<StatusCode, Problem> {
    let hash = state.passwords.hash_aside(Secret::new(password)).await.map_err(|error| error.at("password"))?;
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("set a password");
    let transaction = client.transaction().await.map_err(failed)?;
    if !users::set_password(&transaction, &who.object_id, &hash).await? {
        return Err(Problem::not_found("user"));
    }
    sessions::delete_of_user(&transaction, &who.object_id, "").await?;
    let entry = Entry { action: "user.set_password", site_id: "", object: &who.object_id, details: json!({}) };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}
