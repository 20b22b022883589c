use axum::extract::State;
use vru_storage::cameras;
use vru_storage::uploads::State as UploadState;

use super::upload::find;
use crate::auth::{Permitted, actions::SeePictures};
use crate::http::{Code, Problem, Problems};
use crate::routes::picture::{PictureAddress, Shown, show};
use crate::state::ApiState;

/// The file of an upload: an address that is good for some minutes, and serves ranges. The audit log tells who asked. Of an upload whose
/// pictures are blurred (`privacy.blur`) there is none: the file shows everybody.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/uploads/{upload_id}/video",
    tag = "uploads",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("upload_id" = String, Path)),
    responses((status = 200, description = "Where it is", body = PictureAddress), Problems)
)]
pub(super) async fn video(
    State(state): State<ApiState>,
    who: Permitted<SeePictures>,
) -> Result<PictureAddress, Problem> {
    let client = state.database.get().await?;
    let upload = find(&client, &who.site_id, &who.object_id).await?;
    let complete = !matches!(upload.state, UploadState::Receiving | UploadState::Checking | UploadState::Deleting);
    let Some(camera_id) = upload.camera_id.as_deref().filter(|_| complete && upload.stored) else {
        return Err(Problem::conflict(
            Code::NoVideo,
            "",
            "the service does not have the whole file, or it is no video",
        ));
    };
    // What the camera's settings say now, and what they said when the frames were analysed.
    let now = cameras::newest(&client, camera_id).await?.is_none_or(|(camera, _)| blurs(&camera.settings));
    if now || blurs(&upload.settings) {
        let detail = "its pictures are blurred, and the file is not: only what was found in it is shown";
        return Err(Problem::conflict(Code::VideoHidden, "", detail));
    }
    drop(client);
    let shown = Shown {
        action: "upload.see_video",
        site_id: Some(&upload.site_id),
        camera_id,
        object: &upload.id,
        key: &upload.object_key,
    };
    show(&state, &who.caller, shown).await
}

/// Also if it cannot be read.
fn blurs(settings: &serde_json::Value) -> bool {
    let blur = &settings["privacy"]["blur"];
    !(blur.is_null() || blur == false)
}
