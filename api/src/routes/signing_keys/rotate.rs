use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::key::{self, SigningKeys};
use crate::auth::{Permitted, actions::ManageGlobalKeys};
use crate::http::{Code, JsonBody, Problem, Problems};
use crate::state::ApiState;
use crate::tokens::Wanted;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotation {
    /// The new key signs at once, and all others are withdrawn with the tokens that they signed: for when a key is in wrong hands. Else it
    /// signs when every verifier knows it, and nothing is refused.
    at_once: bool,
}

/// Make a key that signs tokens. Without this call, it happens by a schedule.
#[utoipa::path(
    post,
    path = "/api/v1/signing-keys",
    tag = "tokens",
    security(("session" = [])),
    request_body = Rotation,
    responses((status = 201, description = "All that are published now", body = SigningKeys), Problems)
)]
pub(super) async fn rotate(
    State(state): State<ApiState>,
    who: Permitted<ManageGlobalKeys>,
    JsonBody(Rotation { at_once }): JsonBody<Rotation>,
) -> Result<(StatusCode, Json<SigningKeys>), Problem> {
    let mut client = state.database.get().await?;
    let wanted = if at_once { Wanted::AtOnce } else { Wanted::Next };
    if state.tokens.rotate(&mut client, wanted, &who.caller.actor()).await?.is_none() {
        let detail = "the next key is published already, and signs soon";
        return Err(Problem::conflict(Code::RotationPending, "", detail));
    }
    Ok((StatusCode::CREATED, key::list(&client).await?))
}
