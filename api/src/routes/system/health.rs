use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use crate::auth::{Permitted, actions::SeeSystemHealth};
use crate::http::{Problem, Problems};
use crate::state::ApiState;
use crate::system::Health;

/// How the system is: servers, how far consumers are behind, workers, the newest frames. What cannot be known says why. The answer is at most
/// some seconds old.
#[utoipa::path(
    get,
    path = "/api/v1/system/health",
    tag = "system",
    security(("session" = []), ("key" = [])),
    responses((status = 200, description = "How it is, also if something fails", body = Health), Problems)
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    _: Permitted<SeeSystemHealth>,
) -> Result<Json<Arc<Health>>, Problem> {
    Ok(Json(state.system.health().await))
}
