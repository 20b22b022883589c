use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::DatabaseError;
use vru_storage::{members, users};

use super::member::Member;
use crate::auth::{Permitted, actions::ManageMembers, check_name};
use crate::http::{Code, JsonBody, Problem, Problems};
use crate::routes::role::RoleName;
use crate::state::ApiState;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMember {
    /// What they log in with. A system admin adds the user before.
    name: String,
    role: RoleName,
}

/// Add a user to the site.
#[utoipa::path(
    post,
    path = "/api/v1/sites/{site_id}/members",
    tag = "members",
    security(("session" = [])),
    params(("site_id" = String, Path)),
    request_body = NewMember,
    responses((status = 201, description = "The new member", body = Member), Problems)
)]
pub(super) async fn add(
    State(state): State<ApiState>,
    who: Permitted<ManageMembers>,
    JsonBody(NewMember { name, role }): JsonBody<NewMember>,
) -> Result<(StatusCode, Json<Member>), Problem> {
    let nobody = || Problem::field("name", "nobody logs in with this name");
    check_name(&name).map_err(|_| nobody())?;
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("add a member");
    let transaction = client.transaction().await.map_err(failed)?;
    let user = users::account(&transaction, &name).await?.ok_or_else(nobody)?.user;
    members::add(&transaction, &who.site_id, &user.id, role.into()).await.map_err(|error| {
        if error.is_duplicate() {
            Problem::conflict(Code::MemberAlready, "name", "they belong to the site already")
        } else {
            error.into()
        }
    })?;
    let details = json!({ "name": user.name, "role": role });
    let entry = Entry { action: "member.add", site_id: &who.site_id, object: &user.id, details };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    let users::User { id, name, display_name, .. } = user;
    Ok((StatusCode::CREATED, Json(Member { user_id: id, name, display_name, role })))
}
