use axum::extract::State;
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::cameras;
use vru_storage::postgres::DatabaseError;

use super::camera::{Camera, WantedCamera, WantedCredentials, check_changeable, checked, find, in_version};
use crate::auth::{Permitted, actions::ConfigureCameras};
use crate::http::{Expected, JsonBody, Problem, Problems, Tagged};
use crate::state::ApiState;

/// Change a camera: all its settings are replaced. The change is in effect within seconds.
#[utoipa::path(
    put,
    path = "/api/v1/sites/{site_id}/cameras/{camera_id}",
    tag = "cameras",
    security(("session" = []), ("key" = [])),
    params(
        ("site_id" = String, Path),
        ("camera_id" = String, Path),
        ("if-match" = String, Header, description = "The ETag of the version that is changed")
    ),
    request_body = WantedCamera,
    responses(
        (status = 200, description = "The camera as it is now", body = Camera, headers(("etag" = String, description = "Its version"))),
        Problems
    )
)]
pub(super) async fn change(
    State(state): State<ApiState>,
    who: Permitted<ConfigureCameras>,
    Expected(version): Expected,
    JsonBody(WantedCamera { settings, credentials }): JsonBody<WantedCamera>,
) -> Result<Tagged<Camera>, Problem> {
    check_changeable(&state)?;
    let (site_id, id) = (&who.site_id, &who.object_id);
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("change a camera");
    let transaction = client.transaction().await.map_err(failed)?;
    let locked = cameras::lock(&transaction, site_id, id).await?.filter(|(camera, _)| !camera.deleted);
    let (_, kept) = in_version(locked, version)?;
    let (new, credentials) = match credentials {
        WantedCredentials::AsBefore => (false, kept),
        WantedCredentials::None => (true, None),
        WantedCredentials::New(credentials) => (true, Some(credentials.sealed(&state)?)),
    };
    let stored = checked(id, &settings, credentials.as_ref())?;
    if new {
        cameras::set_credentials(&transaction, id, credentials.as_ref()).await?;
    }
    let actor = who.caller.actor();
    cameras::change(&transaction, &actor, id, &stored, false).await?;
    let details = json!({ "version": version + 1, "name": settings.name, "credentials": new });
    let entry = Entry { action: "camera.change", site_id, object: id, details };
    audit::record(&transaction, &actor, entry).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(find(&client, site_id, id).await?.into())
}
