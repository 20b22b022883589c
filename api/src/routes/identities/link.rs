use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::DatabaseError;
use vru_storage::{identities, users};

use super::identity::Identity;
use crate::auth::{Permitted, actions::ManageUsers};
use crate::http::{Code, JsonBody, Problem, Problems};
use crate::state::ApiState;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewIdentity {
    /// The id of an identity provider.
    provider: String,
    /// The account, as the provider says it in `sub`: no name, and no e-mail address.
    #[schema(min_length = 1, max_length = 255)]
    subject: String,
}

/// Link an account at an identity provider: it opens this user from now on.
///
/// Who does not know the `sub` of an account invites the person instead.
#[utoipa::path(
    post,
    path = "/api/v1/users/{user_id}/identities",
    tag = "users",
    security(("session" = [])),
    params(("user_id" = String, Path)),
    request_body = NewIdentity,
    responses((status = 201, description = "Linked", body = Identity), Problems)
)]
pub(super) async fn link(
    State(state): State<ApiState>,
    who: Permitted<ManageUsers>,
    JsonBody(NewIdentity { provider, subject }): JsonBody<NewIdentity>,
) -> Result<(StatusCode, Json<Identity>), Problem> {
    let issuer = state.sign_in.issuer(&provider).map_err(|_| Problem::field("provider", "is not configured"))?;
    if !(1..=255).contains(&subject.len()) || subject.chars().any(char::is_control) {
        return Err(Problem::field("subject", "is not 1 to 255 characters without control characters"));
    }
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("link an identity");
    let transaction = client.transaction().await.map_err(failed)?;
    users::find(&transaction, &who.object_id).await?.ok_or_else(|| Problem::not_found("user"))?;
    let linked = identities::link(&transaction, &who.object_id, issuer, &subject).await;
    let identity = linked.map_err(|error| {
        if error.is_duplicate() {
            Problem::conflict(Code::IdentityTaken, "subject", "this account is already that of a user")
        } else {
            error.into()
        }
    })?;
    let details = json!({ "issuer": issuer, "subject": subject, "by": "admin" });
    let entry = Entry { action: "identity.link", site_id: "", object: &who.object_id, details };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    Ok((StatusCode::CREATED, Json(Identity::new(identity, &state.sign_in))))
}
