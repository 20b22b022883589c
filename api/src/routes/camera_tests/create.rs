use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use vru_proto::v1::camera_config::Source;
use vru_runtime::cameras::CameraSettings;
use vru_storage::audit::{self, Entry};
use vru_storage::cameras::SealedCredentials;
use vru_storage::postgres::{DatabaseError, PooledClient};
use vru_storage::{camera_tests, cameras};

use super::camera_test::{CameraTest, find};
use crate::auth::{Permitted, actions::TestCameras};
use crate::cameras::CameraMessages;
use crate::http::{Code, JsonBody, Problem, Problems};
use crate::routes::cameras::{Credentials, checked};
use crate::state::ApiState;

/// Which camera to try: either one of the site, or settings that are not saved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedTest {
    /// A camera of the site, with the login that it has.
    #[serde(default)]
    camera_id: Option<String>,
    /// As for a new camera, with `pull`. Heads and plates are blurred in the picture, unless `privacy.blur` is `false`.
    #[serde(default)]
    settings: Option<CameraSettings>,
    /// The login for `settings`. It is not kept.
    #[serde(default)]
    credentials: Option<Credentials>,
}

/// Try a camera: ingest connects to it, and says what it sends or why it cannot be seen. Ask for the result at the address in `location`
/// every second or so. The picture of a camera that may see a public street is blurred by inference before anybody sees it.
#[utoipa::path(
    post,
    path = "/api/v1/sites/{site_id}/camera-tests",
    tag = "cameras",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path)),
    request_body = WantedTest,
    responses(
        (
            status = 202,
            description = "The test, which is `pending`",
            body = CameraTest,
            headers(("location" = String, description = "Its path"))
        ),
        Problems
    )
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    who: Permitted<TestCameras>,
    JsonBody(wanted): JsonBody<WantedTest>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<CameraTest>), Problem> {
    let site_id = &who.site_id;
    let id = camera_tests::new_test_id();
    let mut client = state.database.get().await?;
    let (camera_id, settings, credentials) = chosen(&state, &client, site_id, &id, wanted).await?;
    let unblurred = unblurred(&settings, camera_id.is_some());
    let camera = CameraMessages::message(&id, &settings, credentials.as_ref())?;
    let Some(Source::Pull(pull)) = &camera.source else {
        let field = if camera_id.is_some() { "camera_id" } else { "settings" };
        let detail =
            "has no `pull`: a camera that connects to the service cannot be tried, it is seen when it publishes";
        return Err(Problem::field(field, detail));
    };
    let url = vru_proto::camera_url::shown(&pull.url);
    let config = &state.config.camera_tests;
    let failed = DatabaseError::statement("add a test of a camera");
    let transaction = client.transaction().await.map_err(failed)?;
    if camera_tests::unfinished(&transaction, site_id).await? >= i64::from(config.per_site) {
        let detail = format!("{} tests of the site have not finished; wait for one", config.per_site);
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, Code::TooManyTests, detail);
        return Err(problem.retry_after(config.timeout));
    }
    camera_tests::create(&transaction, &id, site_id, camera_id.as_deref(), unblurred, config.wait()).await?;
    let object = camera_id.as_deref().unwrap_or(&id);
    let details = json!({ "test": id, "url": url, "credentials": credentials.is_some(), "blurred": !unblurred });
    audit::record(&transaction, &who.caller.actor(), Entry { action: "camera.test", site_id, object, details }).await?;
    transaction.commit().await.map_err(failed)?;
    state.camera_tests.ask(camera, unblurred);
    let test = find(&client, site_id, &id).await?;
    let path = format!("/api/v1/sites/{site_id}/camera-tests/{id}");
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, path)], Json(test)))
}

/// Whether people may see the picture as the camera sends it: pictures of a saved camera are seen as its settings say. Of one that is not saved
/// nobody knows where it looks, unless the settings say it.
fn unblurred(settings: &Value, saved: bool) -> bool {
    let blur = settings.get("privacy").and_then(|privacy| privacy.get("blur")).and_then(Value::as_bool);
    !blur.unwrap_or(!saved)
}

/// The camera's id, its settings as they are stored, and its login.
async fn chosen(
    state: &ApiState,
    client: &PooledClient,
    site_id: &str,
    test_id: &str,
    wanted: WantedTest,
) -> Result<(Option<String>, Value, Option<SealedCredentials>), Problem> {
    match (wanted.camera_id, wanted.settings, wanted.credentials) {
        (Some(camera_id), None, None) => {
            // What no id has does not reach the database, which refuses some texts.
            let is_id = camera_id.parse::<vru_proto::CameraId>().is_ok();
            let found = if is_id { cameras::newest(client, &camera_id).await? } else { None };
            let found = found.filter(|(camera, _)| camera.site_id == site_id && !camera.deleted);
            let (camera, credentials) = found.ok_or_else(|| Problem::field("camera_id", "is no camera of the site"))?;
            Ok((Some(camera_id), camera.settings, credentials))
        }
        (None, Some(settings), credentials) => {
            let sealed = credentials.map(|credentials| credentials.sealed(state)).transpose()?;
            let stored = checked(test_id, &settings, sealed.as_ref())?;
            Ok((None, stored, sealed))
        }
        (Some(_), _, _) => Err(Problem::field(
            "camera_id",
            "is given together with `settings` or `credentials`: give one or the other",
        )),
        (None, None, _) => Err(Problem::field("settings", "is missing: give a camera's `camera_id`, or `settings`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_blurred_unless_it_is_known_that_it_need_not_be() {
        let (blur, show, none) =
            (json!({ "privacy": { "blur": true } }), json!({ "privacy": { "blur": false } }), json!({}));
        for saved in [false, true] {
            assert!(!unblurred(&blur, saved));
            assert!(unblurred(&show, saved));
        }
        assert!(!unblurred(&none, false), "nobody knows where it looks");
        assert!(unblurred(&none, true), "its live pictures are not blurred");
    }
}
