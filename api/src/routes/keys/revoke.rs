use axum::extract::State;
use axum::http::StatusCode;
use vru_storage::api_keys::Kind;

use super::key;
use crate::auth::{Permitted, actions::ManageKeys};
use crate::http::{Problem, Problems};
use crate::state::ApiState;

/// Revoke a key of the site. It opens nothing from now on.
#[utoipa::path(
    delete,
    path = "/api/v1/sites/{site_id}/keys/{key_id}",
    tag = "keys",
    security(("session" = [])),
    params(("site_id" = String, Path), ("key_id" = String, Path)),
    responses((status = 204, description = "Revoked"), Problems)
)]
pub(super) async fn revoke(State(state): State<ApiState>, who: Permitted<ManageKeys>) -> Result<StatusCode, Problem> {
    key::revoke(&state, &who.caller, Kind::ApiKey, Some(&who.site_id), &who.object_id).await
}
