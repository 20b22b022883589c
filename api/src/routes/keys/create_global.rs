use axum::extract::State;
use vru_storage::api_keys::Kind;

use super::key::{self, NewKey};
use super::made::{Made, MadeApiKey, made};
use crate::auth::{Permitted, actions::ManageGlobalKeys};
use crate::http::{JsonBody, Problem, Problems};
use crate::state::ApiState;

/// Make a key for all sites. The answer shows it, and nothing ever shows it again.
#[utoipa::path(
    post,
    path = "/api/v1/keys",
    tag = "keys",
    security(("session" = [])),
    request_body = NewKey,
    responses((status = 201, description = "The new key", body = MadeApiKey), Problems)
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    who: Permitted<ManageGlobalKeys>,
    JsonBody(new): JsonBody<NewKey>,
) -> Result<Made, Problem> {
    key::create(&state, &who.caller, Kind::ApiKey, None, new).await.map(made)
}
