use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use vru_runtime::secret::Secret;
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::DatabaseError;
use vru_storage::{sessions, users};

use crate::auth::{Attempt, Permitted, actions::UseOwnAccount};
use crate::http::{ClientAddress, JsonBody, Problem, Problems};
use crate::state::ApiState;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordChange {
    current: String,
    /// 12 characters at least, 256 bytes at most.
    #[schema(min_length = 12)]
    new: String,
}

/// Change your own password. Your other sessions end.
///
/// A wrong current password counts as a failed log-in.
#[utoipa::path(
    put,
    path = "/api/v1/session/password",
    tag = "session",
    security(("session" = [])),
    request_body = PasswordChange,
    responses((status = 204, description = "Changed"), Problems)
)]
pub(super) async fn set_password(
    State(state): State<ApiState>,
    who: Permitted<UseOwnAccount>,
    ClientAddress(address): ClientAddress,
    JsonBody(PasswordChange { current, new }): JsonBody<PasswordChange>,
) -> Result<StatusCode, Problem> {
    let person = who.caller.person()?;
    let hash = state.passwords.hash_aside(Secret::new(new)).await.map_err(|error| error.at("new"))?;
    let attempt = Attempt::new(&person.user.name, address);
    let mut client = state.database.get().await?;
    attempt.begin(&mut client, &state.config.log_in).await?;
    let account = users::account(&client, &person.user.name).await?;
    drop(client);
    let stored = account.and_then(|account| account.password_hash);
    if !state.passwords.verify(Secret::new(current), stored).await {
        return Err(Problem::field("current", "is not your password"));
    }
    let mut client = state.database.get().await?;
    attempt.succeeded(&client).await?;
    let failed = DatabaseError::statement("change a password");
    let transaction = client.transaction().await.map_err(failed)?;
    let id = &person.user.id;
    if !users::set_password(&transaction, id, &hash).await? {
        return Err(Problem::not_found("user"));
    }
    sessions::delete_of_user(&transaction, id, &person.session_id).await?;
    let entry = Entry { action: "user.set_password", site_id: "", object: id, details: json!({}) };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}
