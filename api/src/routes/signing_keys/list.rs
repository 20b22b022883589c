use axum::Json;
use axum::extract::State;

use super::key::{self, SigningKeys};
use crate::auth::{Permitted, actions::ManageGlobalKeys};
use crate::http::{Problem, Problems};
use crate::state::ApiState;

/// The keys that sign tokens.
#[utoipa::path(
    get,
    path = "/api/v1/signing-keys",
    tag = "tokens",
    security(("session" = [])),
    responses((status = 200, description = "All that are published", body = SigningKeys), Problems)
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    _: Permitted<ManageGlobalKeys>,
) -> Result<Json<SigningKeys>, Problem> {
    key::list(&state.database.get().await?).await
}
