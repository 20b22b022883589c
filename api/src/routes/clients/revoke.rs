use axum::extract::State;
use axum::http::StatusCode;
use vru_storage::api_keys::Kind;

use crate::auth::{Permitted, actions::ManageKeys};
use crate::http::{Problem, Problems};
use crate::routes::keys::key;
use crate::state::ApiState;

/// Revoke a client of the site. It gets no token any more, and its tokens open nothing in the API. Other services accept them until they expire.
#[utoipa::path(
    delete,
    path = "/api/v1/sites/{site_id}/clients/{client_id}",
    tag = "tokens",
    security(("session" = [])),
    params(("site_id" = String, Path), ("client_id" = String, Path)),
    responses((status = 204, description = "Revoked"), Problems)
)]
pub(super) async fn revoke(State(state): State<ApiState>, who: Permitted<ManageKeys>) -> Result<StatusCode, Problem> {
    key::revoke(&state, &who.caller, Kind::Client, Some(&who.site_id), &who.object_id).await
}
