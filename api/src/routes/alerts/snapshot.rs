use axum::extract::State;

use super::picture_address::{Picture, address};
use crate::auth::{Permitted, actions::SeeAllPictures, actions::SeePictures};
use crate::http::{Problem, Problems};
use crate::routes::picture::PictureAddress;
use crate::state::ApiState;

/// The picture of an alert: an address that is good for some minutes. The audit log tells who asked.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/alerts/{alert_id}/snapshot",
    tag = "alerts",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("alert_id" = String, Path)),
    responses((status = 200, description = "Where it is", body = PictureAddress), Problems)
)]
pub(super) async fn snapshot(
    State(state): State<ApiState>,
    who: Permitted<SeePictures>,
) -> Result<PictureAddress, Problem> {
    address(&state, &who.caller, (who.site(), &who.object_id), Picture::Snapshot).await
}

/// The picture of an alert, also of a camera that belongs to no site.
#[utoipa::path(
    get,
    path = "/api/v1/alerts/{alert_id}/snapshot",
    tag = "alerts",
    security(("session" = []), ("key" = [])),
    params(("alert_id" = String, Path)),
    responses((status = 200, description = "Where it is", body = PictureAddress), Problems)
)]
pub(super) async fn snapshot_of_any(
    State(state): State<ApiState>,
    who: Permitted<SeeAllPictures>,
) -> Result<PictureAddress, Problem> {
    address(&state, &who.caller, (None, &who.object_id), Picture::Snapshot).await
}
