use axum::extract::State;
use axum::http::StatusCode;
use vru_storage::api_keys::Kind;

use crate::auth::{Permitted, actions::ManageGlobalKeys};
use crate::http::{Problem, Problems};
use crate::routes::keys::key;
use crate::state::ApiState;

/// Revoke a client for all sites. It gets no token any more, and its tokens open nothing in the API. Other services accept them until they expire.
#[utoipa::path(
    delete,
    path = "/api/v1/clients/{client_id}",
    tag = "tokens",
    security(("session" = [])),
    params(("client_id" = String, Path)),
    responses((status = 204, description = "Revoked"), Problems)
)]
pub(super) async fn revoke(
    State(state): State<ApiState>,
    who: Permitted<ManageGlobalKeys>,
) -> Result<StatusCode, Problem> {
    key::revoke(&state, &who.caller, Kind::Client, None, &who.object_id).await
}
