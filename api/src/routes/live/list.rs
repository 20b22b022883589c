use axum::Json;
use axum::extract::State;
use vru_storage::cameras;

use super::camera::{Asked, LiveCamera, known, read};
use crate::auth::{Permitted, actions::SeeAllLive, actions::SeeLive};
use crate::http::{Page, PageQuery, Problem, Problems};
use crate::state::ApiState;

/// What the cameras of the site show now.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/live",
    tag = "live",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), PageQuery),
    responses((status = 200, description = "One page, in the order of ids", body = Page<LiveCamera>), Problems)
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    who: Permitted<SeeLive>,
    page: PageQuery,
) -> Result<Json<Page<LiveCamera>>, Problem> {
    let found = cameras::list(&state.database.get().await?, &who.site_id, &page.after, page.read()).await?;
    let cameras = found.into_iter().map(Asked::from).collect();
    answer(&state, &page, cameras).await
}

/// What all cameras show now of which a frame was analysed in the last ten minutes, also those that belong to no site.
#[utoipa::path(
    get,
    path = "/api/v1/live",
    tag = "live",
    security(("session" = []), ("key" = [])),
    params(PageQuery),
    responses((status = 200, description = "One page, in the order of ids", body = Page<LiveCamera>), Problems)
)]
pub(super) async fn list_all(
    State(state): State<ApiState>,
    _: Permitted<SeeAllLive>,
    page: PageQuery,
) -> Result<Json<Page<LiveCamera>>, Problem> {
    let cameras = known(&state, &page.after, page.read() as usize).await?;
    answer(&state, &page, cameras.into_iter().map(Asked::by_id).collect()).await
}

async fn answer(state: &ApiState, page: &PageQuery, cameras: Vec<Asked>) -> Result<Json<Page<LiveCamera>>, Problem> {
    let states = read(state, cameras).await?;
    Ok(Json(page.page(states, |camera| camera.camera_id().to_owned())))
}
