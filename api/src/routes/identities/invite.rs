use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::DatabaseError;
use vru_storage::{identities, users};

use crate::auth::{Permitted, Token, actions::ManageUsers};
use crate::http::{JsonBody, Problem, Problems};
use crate::routes::text::time;
use crate::state::ApiState;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewInvitation {
    /// The id of an identity provider.
    provider: String,
}

/// A link for one person.
#[derive(Serialize, ToSchema)]
pub(super) struct Invitation {
    /// Whoever opens it first and signs in at the provider is this user from then on: send it to them alone. It is not shown again.
    link: String,
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Invite somebody to sign in with their account at an identity provider.
#[utoipa::path(
    post,
    path = "/api/v1/users/{user_id}/invitation",
    tag = "users",
    security(("session" = [])),
    params(("user_id" = String, Path)),
    request_body = NewInvitation,
    responses((status = 201, description = "The link", body = Invitation), Problems)
)]
pub(super) async fn invite(
    State(state): State<ApiState>,
    who: Permitted<ManageUsers>,
    JsonBody(NewInvitation { provider }): JsonBody<NewInvitation>,
) -> Result<(StatusCode, [(HeaderName, &'static str); 1], Json<Invitation>), Problem> {
    let issuer = state.sign_in.issuer(&provider).map_err(|_| Problem::field("provider", "is not configured"))?;
    let token = Token::invitation();
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("invite somebody");
    let transaction = client.transaction().await.map_err(failed)?;
    users::find(&transaction, &who.object_id).await?.ok_or_else(|| Problem::not_found("user"))?;
    let lifetime = state.config.sign_in.invitation;
    let expires_at = identities::invite(&transaction, &token.hash(), &who.object_id, issuer, lifetime).await?;
    let details = json!({ "issuer": issuer, "expires_at": time(expires_at) });
    let entry = Entry { action: "user.invite", site_id: "", object: &who.object_id, details };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    let address = state.config.http.address();
    let link = format!("{address}/api/v1/sign-in/{provider}?invitation={}", token.text());
    let invitation = Invitation { link, expires_at: time(expires_at) };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(invitation)))
}
