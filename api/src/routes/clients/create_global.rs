use axum::extract::State;
use vru_storage::api_keys::Kind;

use super::made::{Made, MadeClient, made};
use crate::auth::{Permitted, actions::ManageGlobalKeys};
use crate::http::{JsonBody, Problem, Problems};
use crate::routes::keys::key::{self, NewKey};
use crate::state::ApiState;

/// Make a client for all sites. The answer shows its secret, and nothing ever shows it again.
#[utoipa::path(
    post,
    path = "/api/v1/clients",
    tag = "tokens",
    security(("session" = [])),
    request_body = NewKey,
    responses((status = 201, description = "The new client", body = MadeClient), Problems)
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    who: Permitted<ManageGlobalKeys>,
    JsonBody(new): JsonBody<NewKey>,
) -> Result<Made, Problem> {
    state.tokens.check()?;
    key::create(&state, &who.caller, Kind::Client, None, new).await.map(made)
}
