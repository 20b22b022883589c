use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use vru_runtime::cameras::CameraSettings;
use vru_storage::cameras;

use crate::auth::{Permitted, actions::SeeCameras};
use crate::http::{Page, PageQuery, Problem, Problems};
use crate::routes::text::time;
use crate::state::ApiState;

/// One version of a camera.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CameraVersion {
    version: i64,
    #[schema(format = DateTime)]
    at: String,
    /// Who made it; absent for a program.
    #[serde(skip_serializing_if = "String::is_empty")]
    user_id: String,
    /// Which program's key.
    #[serde(skip_serializing_if = "String::is_empty")]
    key_id: String,
    #[schema(value_type = CameraSettings)]
    settings: Value,
    /// The camera was deleted.
    deleted: bool,
}

impl From<cameras::CameraVersion> for CameraVersion {
    fn from(version: cameras::CameraVersion) -> Self {
        let cameras::CameraVersion { version, at, user_id, key_id, settings, deleted } = version;
        Self { version, at: time(at), user_id, key_id, settings, deleted }
    }
}

/// The history of a camera, also of one that was deleted.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/cameras/{camera_id}/versions",
    tag = "cameras",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("camera_id" = String, Path), PageQuery),
    responses((status = 200, description = "One page, the newest first", body = Page<CameraVersion>), Problems)
)]
pub(super) async fn versions(
    State(state): State<ApiState>,
    who: Permitted<SeeCameras>,
    page: PageQuery,
) -> Result<Json<Page<CameraVersion>>, Problem> {
    let before = if page.after.is_empty() { i64::MAX } else { page.after_number()? };
    let client = state.database.get().await?;
    let found = cameras::versions(&client, &who.site_id, &who.object_id, before, page.read()).await?;
    if found.is_empty() && before == i64::MAX {
        return Err(Problem::not_found("camera"));
    }
    Ok(Json(page.page(found, |version| version.version.to_string()).map(CameraVersion::from)))
}
