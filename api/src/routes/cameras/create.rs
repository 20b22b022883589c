use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::cameras;
use vru_storage::postgres::DatabaseError;

use super::camera::{Camera, WantedCamera, WantedCredentials, check_changeable, checked, find};
use crate::auth::{Permitted, actions::ConfigureCameras};
use crate::http::{JsonBody, Problem, Problems, Tagged};
use crate::state::ApiState;

/// Add a camera. It is watched within seconds.
#[utoipa::path(
    post,
    path = "/api/v1/sites/{site_id}/cameras",
    tag = "cameras",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path)),
    request_body = WantedCamera,
    responses(
        (
            status = 201,
            description = "The new camera",
            body = Camera,
            headers(("etag" = String, description = "Its version"), ("location" = String, description = "Its path"))
        ),
        Problems
    )
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    who: Permitted<ConfigureCameras>,
    JsonBody(WantedCamera { settings, credentials }): JsonBody<WantedCamera>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Tagged<Camera>), Problem> {
    check_changeable(&state)?;
    let credentials = match credentials {
        WantedCredentials::AsBefore | WantedCredentials::None => None,
        WantedCredentials::New(credentials) => Some(credentials.sealed(&state)?),
    };
    let id = cameras::new_camera_id();
    let stored = checked(&id, &settings, credentials.as_ref())?;
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("add a camera");
    let transaction = client.transaction().await.map_err(failed)?;
    let actor = who.caller.actor();
    cameras::create(&transaction, &actor, &who.site_id, &id, &stored).await?;
    if credentials.is_some() {
        cameras::set_credentials(&transaction, &id, credentials.as_ref()).await?;
    }
    let details = json!({ "version": 1, "name": settings.name, "credentials": credentials.is_some() });
    let entry = Entry { action: "camera.create", site_id: &who.site_id, object: &id, details };
    audit::record(&transaction, &actor, entry).await?;
    transaction.commit().await.map_err(failed)?;
    let camera = find(&client, &who.site_id, &id).await?;
    let path = format!("/api/v1/sites/{}/cameras/{id}", who.site_id);
    Ok((StatusCode::CREATED, [(header::LOCATION, path)], camera.into()))
}
