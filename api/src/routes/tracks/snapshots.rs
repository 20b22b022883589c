use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use vru_storage::audit::{self, Entry};
use vru_storage::track_pictures::{self, TrackPicture};
use vru_storage::tracks::TrackId;

use crate::auth::{Caller, Permitted, actions::SeeAllPictures, actions::SeePictures};
use crate::http::{Parameters, Problem, Problems};
use crate::pictures::Reader;
use crate::routes::picture::PictureBox;
use crate::routes::text::time;
use crate::state::ApiState;

/// The most tracks of one call.
const MOST: usize = 100;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct SnapshotsQuery {
    /// 1 to 100 of them.
    #[param(value_type = Vec<String>, required = true, min_items = 1, max_items = 100)]
    #[serde(default)]
    track_id: Vec<String>,
}

impl SnapshotsQuery {
    pub(super) fn checked(self) -> Result<Vec<String>, Problem> {
        let given = self.track_id.len();
        if (1..=MOST).contains(&given) {
            return Ok(self.track_id);
        }
        Err(Problem::parameter("track_id", format!("is given {given} times, not 1 to {MOST} times")))
    }
}

/// The best pictures of several tracks.
#[derive(Serialize, ToSchema)]
pub(super) struct TrackSnapshots {
    /// One for each track, in the order in which they were asked for.
    items: Vec<ShownTrack>,
}

/// The best picture of one track.
#[derive(Serialize, ToSchema)]
struct ShownTrack {
    track_id: String,
    state: SnapshotState,
    /// As that of one snapshot. Present if the state is `stored`; tracks of one frame have the same address.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// Until when it is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Where the track is in that picture; absent if that is not known.
    #[serde(rename = "box", skip_serializing_if = "Option::is_none")]
    bounds: Option<PictureBox>,
}

/// Whether there is a picture of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SnapshotState {
    Stored,
    /// No alert took one, or it was deleted.
    None,
    /// It is not stored: not yet, not any more, or it could not be made.
    Missing,
    /// There is no such track here.
    NotFound,
}

/// The best pictures of several tracks, for a list: addresses that are good for some minutes. The audit log has one entry, which names the
/// tracks whose pictures were given.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/track-snapshots",
    tag = "tracks",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), SnapshotsQuery),
    responses((status = 200, description = "Where they are", body = TrackSnapshots), Problems)
)]
pub(super) async fn snapshots(
    State(state): State<ApiState>,
    who: Permitted<SeePictures>,
    Parameters(query): Parameters<SnapshotsQuery>,
) -> Result<impl IntoResponse, Problem> {
    read(&state, &who.caller, who.site(), query).await
}

/// The best pictures of several tracks, also of cameras that belong to no site.
#[utoipa::path(
    get,
    path = "/api/v1/track-snapshots",
    tag = "tracks",
    security(("session" = []), ("key" = [])),
    params(SnapshotsQuery),
    responses((status = 200, description = "Where they are", body = TrackSnapshots), Problems)
)]
pub(super) async fn snapshots_of_any(
    State(state): State<ApiState>,
    who: Permitted<SeeAllPictures>,
    Parameters(query): Parameters<SnapshotsQuery>,
) -> Result<impl IntoResponse, Problem> {
    read(&state, &who.caller, None, query).await
}

async fn read(
    state: &ApiState,
    caller: &Caller,
    site_id: Option<&str>,
    query: SnapshotsQuery,
) -> Result<impl IntoResponse + use<>, Problem> {
    let asked = query.checked()?;
    let ids: Vec<TrackId> = asked.iter().filter_map(|id| TrackId::from_text(id)).collect();
    let ids = &ids;
    let find = |client: vru_storage::postgres::PooledClient| async move {
        Ok(track_pictures::of(&client, site_id, ids).await?)
    };
    let found = state.reads.run(find).await?;
    let given = give(state, caller, &found).await?;
    let known: BTreeMap<String, &TrackPicture> = found.iter().map(|track| (track.id.to_string(), track)).collect();
    let items = asked.into_iter().map(|id| shown(known.get(&id).copied(), id, &given)).collect();
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(TrackSnapshots { items })))
}

/// Addresses and their ends, by the key of the object.
type Given<'a> = BTreeMap<&'a str, (String, String)>;

/// Asks the store for each picture once. Every address that is given away is in the audit log. Call it without a connection to the database:
/// the store of pictures may keep it waiting.
async fn give<'a>(state: &ApiState, caller: &Caller, found: &'a [TrackPicture]) -> Result<Given<'a>, Problem> {
    let mut sites: BTreeMap<Option<&str>, BTreeSet<&str>> = BTreeMap::new();
    for track in found {
        sites.entry(track.site_id.as_deref()).or_default().extend(track.snapshot_key.as_deref());
    }
    let subject = caller.subject();
    let mut given = Given::new();
    for (&site_id, keys) in &sites {
        let keys: Vec<&str> = keys.iter().copied().collect();
        let (urls, expires_at) = state.pictures.addresses(Reader { site_id, subject: &subject }, &keys).await?;
        let stored = keys.iter().zip(urls).filter_map(|(key, url)| Some((*key, (url?, time(expires_at)))));
        given.extend(stored);
    }
    for site_id in sites.into_keys() {
        let tracks: Vec<String> = found
            .iter()
            .filter(|track| track.site_id.as_deref() == site_id)
            .filter(|track| track.snapshot_key.as_deref().is_some_and(|key| given.contains_key(key)))
            .map(|track| track.id.to_string())
            .collect();
        if tracks.is_empty() {
            continue;
        }
        let site_id = site_id.unwrap_or_default();
        let entry =
            Entry { action: "track.see_snapshots", site_id, object: site_id, details: json!({ "tracks": tracks }) };
        audit::record(&state.database.get().await?, &caller.actor(), entry).await?;
    }
    Ok(given)
}

fn shown(track: Option<&TrackPicture>, track_id: String, given: &Given<'_>) -> ShownTrack {
    let nothing = |track_id, state| ShownTrack { track_id, state, url: None, expires_at: None, bounds: None };
    let Some(track) = track else { return nothing(track_id, SnapshotState::NotFound) };
    let Some(key) = &track.snapshot_key else { return nothing(track_id, SnapshotState::None) };
    let Some((url, expires_at)) = given.get(key.as_str()) else { return nothing(track_id, SnapshotState::Missing) };
    ShownTrack {
        track_id,
        state: SnapshotState::Stored,
        url: Some(url.clone()),
        expires_at: Some(expires_at.clone()),
        bounds: track.bounds.map(|bounds| PictureBox::new(bounds, track.source_size)),
    }
}
