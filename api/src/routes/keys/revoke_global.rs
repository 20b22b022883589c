use axum::extract::State;
use axum::http::StatusCode;
use vru_storage::api_keys::Kind;

use super::key;
use crate::auth::{Permitted, actions::ManageGlobalKeys};
use crate::http::{Problem, Problems};
use crate::state::ApiState;

/// Revoke a key for all sites. It opens nothing from now on.
#[utoipa::path(
    delete,
    path = "/api/v1/keys/{key_id}",
    tag = "keys",
    security(("session" = [])),
    params(("key_id" = String, Path)),
    responses((status = 204, description = "Revoked"), Problems)
)]
pub(super) async fn revoke(
    State(state): State<ApiState>,
    who: Permitted<ManageGlobalKeys>,
) -> Result<StatusCode, Problem> {
    key::revoke(&state, &who.caller, Kind::ApiKey, None, &who.object_id).await
}
