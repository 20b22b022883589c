//! Where the pictures of an alert are.

use super::alert::find;
use crate::auth::Caller;
use crate::http::Problem;
use crate::routes::picture::{PictureAddress, Shown, show};
use crate::state::ApiState;

#[derive(Debug, Clone, Copy)]
pub(super) enum Picture {
    Snapshot,
    Clip,
}

pub(super) async fn address(
    state: &ApiState,
    caller: &Caller,
    (site_id, alert_id): (Option<&str>, &str),
    picture: Picture,
) -> Result<PictureAddress, Problem> {
    let alert = find(&state.database.get().await?, caller, site_id, alert_id).await?;
    let (action, key) = match picture {
        Picture::Snapshot => ("alert.see_snapshot", &alert.snapshot_key),
        Picture::Clip => ("alert.see_clip", &alert.clip_key),
    };
    let shown = Shown { action, site_id: alert.site_id.as_deref(), camera_id: &alert.camera_id, object: alert_id, key };
    show(state, caller, shown).await
}
