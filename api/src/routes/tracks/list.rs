use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use vru_storage::postgres::PooledClient;
use vru_storage::tracks::{self, TrackId, TrackPlace};

use super::export::export;
use super::query::{Format, FormatQuery, TrackList, TrackQuery};
use super::track::Track;
use crate::auth::{Caller, Permitted, actions::SeeAllTracks, actions::SeeTracks};
use crate::http::{Filtered, Page, PageQuery, Problem, Problems, accepts_parquet, columns_key, foreign_cursor};
use crate::routes::text::{from_micros, micros};
use crate::state::ApiState;

/// Search the tracks of the site's cameras, also of those that were deleted.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/tracks",
    tag = "tracks",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), TrackQuery, FormatQuery, PageQuery),
    responses((status = 200, description = "One page, those that began last first", content((Page<Track> = "application/json"), (String = "application/vnd.apache.parquet"))), Problems)
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    who: Permitted<SeeTracks>,
    headers: HeaderMap,
    wanted: Filtered<TrackList>,
) -> Result<Response, Problem> {
    find(&state, &who.caller, who.site(), &headers, wanted).await
}

/// Search the tracks of all cameras, also of those that belong to no site because a file or another program configures them.
#[utoipa::path(
    get,
    path = "/api/v1/tracks",
    tag = "tracks",
    security(("session" = []), ("key" = [])),
    params(TrackQuery, FormatQuery, PageQuery),
    responses((status = 200, description = "One page, those that began last first", content((Page<Track> = "application/json"), (String = "application/vnd.apache.parquet"))), Problems)
)]
pub(super) async fn list_all(
    State(state): State<ApiState>,
    who: Permitted<SeeAllTracks>,
    headers: HeaderMap,
    wanted: Filtered<TrackList>,
) -> Result<Response, Problem> {
    find(&state, &who.caller, None, &headers, wanted).await
}

async fn find(
    state: &ApiState,
    caller: &Caller,
    site_id: Option<&str>,
    headers: &HeaderMap,
    wanted: Filtered<TrackList>,
) -> Result<Response, Problem> {
    let Filtered { filter: TrackList { tracks, format }, page } = wanted;
    let parquet = format.map_or_else(|| accepts_parquet(headers), |format| format == Format::Parquet);
    let filter = tracks.checked(site_id)?;
    if parquet {
        return export(state, caller, site_id, &filter).await;
    }
    let after = place(&page)?;
    let (filter, after, page) = (&filter, after.as_ref(), &page);
    let search = |client: PooledClient| async move { Ok(tracks::list(&client, filter, after, page.read()).await?) };
    let found = state.reads.run(search).await?;
    let key = |track: &tracks::Track| columns_key(LIST, &[micros(track.first_seen).to_string(), track.id.to_string()]);
    Ok(Json(page.page(found, key).map(Track::from)).into_response())
}

const LIST: &str = "tracks";

fn place(page: &PageQuery) -> Result<Option<TrackPlace>, Problem> {
    let Some([first_seen, id]) = page.after_columns(LIST)? else { return Ok(None) };
    let first_seen: SystemTime = from_micros(first_seen).ok_or_else(foreign_cursor)?;
    let id = TrackId::from_text(id).ok_or_else(foreign_cursor)?;
    Ok(Some(TrackPlace { first_seen, id }))
}
