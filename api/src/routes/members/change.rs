use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use vru_storage::audit::{self, Entry};
use vru_storage::members;
use vru_storage::postgres::DatabaseError;

use crate::auth::{Permitted, actions::ManageMembers};
use crate::http::{JsonBody, Problem, Problems};
use crate::routes::role::RoleName;
use crate::state::ApiState;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRole {
    role: RoleName,
}

/// Give a member another role.
#[utoipa::path(
    put,
    path = "/api/v1/sites/{site_id}/members/{user_id}",
    tag = "members",
    security(("session" = [])),
    params(("site_id" = String, Path), ("user_id" = String, Path)),
    request_body = NewRole,
    responses((status = 204, description = "Changed"), Problems)
)]
pub(super) async fn change(
    State(state): State<ApiState>,
    who: Permitted<ManageMembers>,
    JsonBody(NewRole { role }): JsonBody<NewRole>,
) -> Result<StatusCode, Problem> {
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("change a member");
    let transaction = client.transaction().await.map_err(failed)?;
    if !members::change(&transaction, &who.site_id, &who.object_id, role.into()).await? {
        return Err(Problem::not_found("member"));
    }
    let entry = Entry {
        action: "member.change",
        site_id: &who.site_id,
        object: &who.object_id,
        details: json!({ "role": role }),
    };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}
