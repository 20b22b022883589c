use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use vru_storage::counts::{self, Span, Watch};
use vru_storage::postgres::PooledClient;
use vru_storage::track_counts;
use vru_storage::tracks::TrackFilter;

use super::query::{BinQuery, TrackBins, TrackQuery};
use crate::auth::{Permitted, actions::SeeTracks};
use crate::http::{Parameters, Problem, Problems};
use crate::routes::bins::{BinLength, check_stored, edges, local, site_and_zone, times};
use crate::state::ApiState;

pub(super) const MOST_BINS: usize = 1_000;
/// The most tracks that are counted: more take seconds.
const MOST_TRACKS: i64 = 500_000;

/// How many tracks began when.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TrackCounts {
    bin: BinLength,
    /// IANA name, of the site.
    time_zone: String,
    /// All bins of the range.
    bins: Vec<TrackBin>,
}

/// The tracks that began in one bin.
#[derive(Debug, Serialize, ToSchema)]
struct TrackBin {
    /// With the offset of the site's time zone.
    #[schema(format = DateTime)]
    from: String,
    #[schema(format = DateTime)]
    to: String,
    /// How long the bin is.
    seconds: i64,
    /// For how many seconds of the bin one of the cameras was watched for the classes, the line and the zone that are asked for: the one that
    /// was watched for the longest.
    watched_seconds: f64,
    /// `null`: nobody looked, so it is not known; 0: somebody looked, and nobody came.
    count: Option<i64>,
}

/// How many tracks of a search began in each bin, for a time line. Of at most 1000 bins and 500,000 tracks.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/track-counts",
    tag = "tracks",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), TrackQuery, BinQuery),
    responses((status = 200, description = "All bins; `from` and `to` must be given, and be edges of bins", body = TrackCounts), Problems)
)]
pub(super) async fn counts(
    State(state): State<ApiState>,
    who: Permitted<SeeTracks>,
    Parameters(asked): Parameters<TrackBins>,
) -> Result<Json<TrackCounts>, Problem> {
    let (site_id, range) = (who.site_id.as_str(), asked.tracks.range()?);
    let filter = asked.tracks.checked(Some(site_id))?;
    let (bin, filter) = (asked.bin, &filter);
    let count = |client: PooledClient| async move { read(&client, site_id, bin, range, filter).await };
    Ok(Json(state.reads.run(count).await?))
}

async fn read(
    client: &PooledClient,
    site_id: &str,
    bin: BinLength,
    range: (jiff::Timestamp, jiff::Timestamp),
    filter: &TrackFilter,
) -> Result<TrackCounts, Problem> {
    let (site, zone) = site_and_zone(client, site_id).await?;
    let edges = edges(bin, range, &zone, MOST_BINS)?;
    let times = times(&edges)?;
    let cameras = counts::cameras(client, site_id).await?;
    let asked = |id: &str| filter.cameras.ids.is_empty() || filter.cameras.ids.iter().any(|asked| asked == id);
    let ids: Vec<&str> = cameras.iter().map(|camera| camera.id.as_str()).filter(|id| asked(id)).collect();
    check_stored(bin, range, (ids.len(), "cameras"))?;
    let watched = watched(client, &ids, (bin, &times), filter).await?;
    let found = track_counts::in_bins(client, filter, &times, MOST_TRACKS).await?;
    if found.iter().map(|(_, count)| count).sum::<i64>() >= MOST_TRACKS {
        let problem = format!("leaves {MOST_TRACKS} tracks or more: ask for less time, or for fewer cameras");
        return Err(Problem::parameter("to", problem));
    }
    let found: HashMap<usize, i64> = found.into_iter().collect();
    let texts: Vec<String> = edges.iter().map(|&edge| local(edge, &zone)).collect();
    let one = |(at, pair): (usize, &[String])| {
        let (count, watched) = (found.get(&at).copied().unwrap_or(0), watched.get(&at).copied().unwrap_or(0));
        let seconds = edges[at + 1].duration_since(edges[at]).as_secs();
        TrackBin {
            from: pair[0].clone(),
            to: pair[1].clone(),
            seconds,
            watched_seconds: (watched as f64 / 1e6).min(seconds as f64),
            // Whoever was seen is counted, whatever else is known.
            count: (watched > 0 || count > 0).then_some(count),
        }
    };
    Ok(TrackCounts { bin, time_zone: site.settings.time_zone, bins: texts.windows(2).enumerate().map(one).collect() })
}

/// By the number of the bin: microseconds of the camera that was watched for the longest, live or as a file.
async fn watched(
    client: &PooledClient,
    ids: &[&str],
    (bin, times): (BinLength, &[std::time::SystemTime]),
    filter: &TrackFilter,
) -> Result<HashMap<usize, i64>, Problem> {
    let watches = counts::watches(client, ids).await?;
    let fitting: HashMap<(&str, i64), bool> =
        watches.iter().map(|watch| ((watch.camera_id.as_str(), watch.id), fits(watch, filter))).collect();
    let mut of_camera: HashMap<(String, usize), i64> = HashMap::new();
    for files in [false, true] {
        let span = Span { edges: times, stored: bin.stored(), files };
        for found in counts::watched(client, ids, span).await? {
            if fitting.get(&(found.camera_id.as_str(), found.watch_id)).copied().unwrap_or(false) {
                *of_camera.entry((found.camera_id, found.bin)).or_default() += found.watched_us;
            }
        }
    }
    let mut longest: HashMap<usize, i64> = HashMap::new();
    for ((_, at), watched_us) in of_camera {
        let known = longest.entry(at).or_default();
        *known = watched_us.max(*known);
    }
    Ok(longest)
}

/// Whether such tracks can be found by who looked so.
fn fits(watch: &Watch, filter: &TrackFilter) -> bool {
    let has = |ids: &[String], id: &Option<String>| id.as_ref().is_none_or(|id| ids.contains(id));
    filter.classes.iter().all(|class| watch.classes.contains(class))
        && has(&watch.line_ids, &filter.line_id)
        && has(&watch.zone_ids, &filter.zone_id)
}
