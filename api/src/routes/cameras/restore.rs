use axum::extract::State;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use vru_runtime::cameras::CameraSettings;
use vru_storage::audit::{self, Entry};
use vru_storage::cameras;
use vru_storage::postgres::DatabaseError;

use super::camera::{Camera, check_changeable, checked, find, in_version};
use crate::auth::{Permitted, actions::ConfigureCameras};
use crate::http::{Expected, JsonBody, Problem, Problems, Tagged};
use crate::state::ApiState;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Restoration {
    /// Whose settings become the newest version.
    version: i64,
}

/// Take changes back: the settings of an earlier version become the newest. The login stays as it is; a camera that was deleted has none.
#[utoipa::path(
    post,
    path = "/api/v1/sites/{site_id}/cameras/{camera_id}/restore",
    tag = "cameras",
    security(("session" = []), ("key" = [])),
    params(
        ("site_id" = String, Path),
        ("camera_id" = String, Path),
        ("if-match" = String, Header, description = "The ETag, or the number of the newest version in the history as one")
    ),
    request_body = Restoration,
    responses(
        (status = 200, description = "The camera as it is now", body = Camera, headers(("etag" = String, description = "Its version"))),
        Problems
    )
)]
pub(super) async fn restore(
    State(state): State<ApiState>,
    who: Permitted<ConfigureCameras>,
    Expected(version): Expected,
    JsonBody(Restoration { version: wanted }): JsonBody<Restoration>,
) -> Result<Tagged<Camera>, Problem> {
    check_changeable(&state)?;
    let (site_id, id) = (&who.site_id, &who.object_id);
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("restore a camera");
    let transaction = client.transaction().await.map_err(failed)?;
    let locked = cameras::lock(&transaction, site_id, id).await?;
    let (_, credentials) = in_version(locked, version)?;
    let unknown = || Problem::field("version", "is no version of the camera with settings");
    let next = wanted.checked_add(1).ok_or_else(unknown)?;
    let found = cameras::versions(&transaction, site_id, id, next, 1).await?;
    let earlier = found.into_iter().find(|found| found.version == wanted && !found.deleted).ok_or_else(unknown)?;
    let settings: CameraSettings = serde_json::from_value(earlier.settings)
        .map_err(|error| Problem::field("version", format!("cannot be used any more: {error}")))?;
    let stored = checked(id, &settings, credentials.as_ref())?;
    let actor = who.caller.actor();
    cameras::change(&transaction, &actor, id, &stored, false).await?;
    let details = json!({ "version": version + 1, "restored": wanted });
    let entry = Entry { action: "camera.restore", site_id, object: id, details };
    audit::record(&transaction, &actor, entry).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(find(&client, site_id, id).await?.into())
}
