use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::camera_tests;

use crate::auth::{Permitted, actions::SeePictures};
use crate::http::{Code, Problem, Problems};
use crate::state::ApiState;

/// A picture of the camera that was tried: a JPEG of at most 1280 × 1280 pixels and 512 KiB, blurred unless it need not be. The audit log
/// tells who asked.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/camera-tests/{test_id}/snapshot",
    tag = "cameras",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("test_id" = String, Path)),
    responses((status = 200, description = "The picture", body = String, content_type = "image/jpeg"), Problems)
)]
pub(super) async fn snapshot(
    State(state): State<ApiState>,
    who: Permitted<SeePictures>,
) -> Result<([(HeaderName, &'static str); 2], Vec<u8>), Problem> {
    let (site_id, id) = (&who.site_id, &who.object_id);
    let client = state.database.get().await?;
    let test = camera_tests::find(&client, site_id, id).await?.ok_or_else(|| Problem::not_found("test"))?;
    let Some(jpeg) = camera_tests::snapshot(&client, site_id, id).await? else {
        let detail = "the test has no picture: it has not finished, it failed, or the picture could not be blurred";
        return Err(Problem::new(StatusCode::NOT_FOUND, Code::NoPicture, detail));
    };
    let details = json!({ "camera_id": test.camera_id });
    let entry = Entry { action: "camera_test.see_snapshot", site_id, object: id, details };
    audit::record(&client, &who.caller.actor(), entry).await?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "no-store")], jpeg))
}
