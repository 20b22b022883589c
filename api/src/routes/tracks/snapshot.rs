use axum::extract::State;

use super::track::find;
use crate::auth::{Caller, Permitted, actions::SeeAllPictures, actions::SeePictures};
use crate::http::{Problem, Problems};
use crate::routes::picture::{PictureAddress, Shown, show};
use crate::state::ApiState;

/// The best picture of a track: an address that is good for some minutes. The audit log tells who asked.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/tracks/{track_id}/snapshot",
    tag = "tracks",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("track_id" = String, Path)),
    responses((status = 200, description = "Where it is", body = PictureAddress), Problems)
)]
pub(super) async fn snapshot(
    State(state): State<ApiState>,
    who: Permitted<SeePictures>,
) -> Result<PictureAddress, Problem> {
    address(&state, &who.caller, who.site(), &who.object_id).await
}

/// The best picture of a track, also of a camera that belongs to no site.
#[utoipa::path(
    get,
    path = "/api/v1/tracks/{track_id}/snapshot",
    tag = "tracks",
    security(("session" = []), ("key" = [])),
    params(("track_id" = String, Path)),
    responses((status = 200, description = "Where it is", body = PictureAddress), Problems)
)]
pub(super) async fn snapshot_of_any(
    State(state): State<ApiState>,
    who: Permitted<SeeAllPictures>,
) -> Result<PictureAddress, Problem> {
    address(&state, &who.caller, None, &who.object_id).await
}

async fn address(
    state: &ApiState,
    caller: &Caller,
    site_id: Option<&str>,
    track_id: &str,
) -> Result<PictureAddress, Problem> {
    let details = state.reads.run(|client| async move { find(&client, site_id, track_id).await }).await?;
    let track = details.track;
    let shown = Shown {
        action: "track.see_snapshot",
        site_id: track.site_id.as_deref(),
        camera_id: &track.id.camera_id,
        object: track_id,
        key: track.snapshot_key.as_deref().unwrap_or_default(),
    };
    show(state, caller, shown).await
}
