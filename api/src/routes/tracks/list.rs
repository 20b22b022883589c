use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use vru_storage::postgres::PooledClient;
use vru_storage::tracks::{self, TrackId, TrackPlace};

use super::query::TrackQuery;
use super::track::Track;
use crate::auth::{Permitted, actions::SeeAllTracks, actions::SeeTracks};
use crate::http::{Filtered, Page, PageQuery, Problem, Problems, columns_key, foreign_cursor};
use crate::routes::text::{from_micros, micros};
use crate::state::ApiState;

/// Search the tracks of the site's cameras, also of those that were deleted.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/tracks",
    tag = "tracks",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), TrackQuery, PageQuery),
    responses((status = 200, description = "One page, those that began last first", body = Page<Track>), Problems)
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    who: Permitted<SeeTracks>,
    wanted: Filtered<TrackQuery>,
) -> Result<Json<Page<Track>>, Problem> {
    find(&state, who.site(), wanted).await
}

/// Search the tracks of all cameras, also of those that belong to no site because a file or another program configures them.
#[utoipa::path(
    get,
    path = "/api/v1/tracks",
    tag = "tracks",
    security(("session" = []), ("key" = [])),
    params(TrackQuery, PageQuery),
    responses((status = 200, description = "One page, those that began last first", body = Page<Track>), Problems)
)]
pub(super) async fn list_all(
    State(state): State<ApiState>,
    _: Permitted<SeeAllTracks>,
    wanted: Filtered<TrackQuery>,
) -> Result<Json<Page<Track>>, Problem> {
    find(&state, None, wanted).await
}

async fn find(
    state: &ApiState,
    site_id: Option<&str>,
    wanted: Filtered<TrackQuery>,
) -> Result<Json<Page<Track>>, Problem> {
    let Filtered { filter, page } = wanted;
    let filter = filter.checked(site_id)?;
    let after = place(&page)?;
    let (filter, after, page) = (&filter, after.as_ref(), &page);
    let search = |client: PooledClient| async move { Ok(tracks::list(&client, filter, after, page.read()).await?) };
    let found = state.reads.run(search).await?;
    let key = |track: &tracks::Track| columns_key(LIST, &[micros(track.first_seen).to_string(), track.id.to_string()]);
    Ok(Json(page.page(found, key).map(Track::from)))
}

const LIST: &str = "tracks";

fn place(page: &PageQuery) -> Result<Option<TrackPlace>, Problem> {
    let Some([first_seen, id]) = page.after_columns(LIST)? else { return Ok(None) };
    let first_seen: SystemTime = from_micros(first_seen).ok_or_else(foreign_cursor)?;
    let id = TrackId::from_text(id).ok_or_else(foreign_cursor)?;
    Ok(Some(TrackPlace { first_seen, id }))
}
