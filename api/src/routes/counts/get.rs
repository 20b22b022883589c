use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::counts::{self, CountedCamera, Passages, Span};
use vru_storage::postgres::PooledClient;

use super::answer::Counts;
use super::csv::csv;
use super::geojson::{FeatureCollection, GEOJSON, Positions, features, geojson_answer};
use super::question::{CountQuery, Format, Question, Video};
use super::series::{Looks, MOST_BINS, places, retain_present, series, too_many};
use super::table::table;
use crate::auth::{Permitted, actions::SeeCounts};
use crate::http::{Parameters, Problem, Problems, accepts, accepts_parquet, parquet_answer};
use crate::routes::bins::{check_stored, edges, site_and_zone, times};
use crate::state::ApiState;
use crate::words::Word as _;

/// Bins of an answer that takes megabytes.
const LARGE: usize = 20_000;

/// Counts of lines and zones in bins.
///
/// A line counts crossings, a zone visits, of all road users whose track is confirmed, whether or not a rule names it. A visit lasts for 0.2 s
/// at least, and another one of the same track begins after 5 s outside.
///
/// A line that was added at noon was not watched before noon. Counts come some seconds after the video. At most 50,000 bins.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/counts",
    tag = "counts",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), CountQuery),
    responses(
        (
            status = 200,
            description = "All series that were asked for",
            content(
                (Counts = "application/json"),
                (String = "text/csv"),
                (String = "application/vnd.apache.parquet"),
                (FeatureCollection = "application/geo+json")
            )
        ),
        Problems
    )
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    who: Permitted<SeeCounts>,
    headers: HeaderMap,
    Parameters(query): Parameters<CountQuery>,
) -> Result<Response, Problem> {
    let mut question = query.checked()?;
    if !question.chosen_format && accepts_parquet(&headers) {
        question.format = Format::Parquet;
    } else if !question.chosen_format && accepts(&headers, GEOJSON) {
        question.format = Format::GeoJson;
    }
    let (site_id, asked) = (who.site_id.as_str(), &question);
    let (answer, positions) = state.reads.run(|client| async move { answer(&client, site_id, asked).await }).await?;
    let numbers: usize = answer.series.iter().map(|series| series.bins.len()).sum();
    let large = (numbers > LARGE).then(|| state.large_answers.begin(who.caller.subject())).transpose()?;
    let written = written(&state, &who, &question, &answer, &positions).await?;
    match large {
        Some(large) => large.send(written).await,
        None => Ok(written),
    }
}

async fn written(
    state: &ApiState,
    who: &Permitted<SeeCounts>,
    question: &Question,
    answer: &Counts,
    positions: &Positions,
) -> Result<Response, Problem> {
    if question.format == Format::Json {
        return Ok(Json(answer).into_response());
    }
    let details = json!({ "from": question.from.to_string(), "to": question.to.to_string(), "bin": question.bin, "series": answer.series.len() });
    let site_id = who.site_id.as_str();
    let entry = Entry { action: "counts.export", site_id, object: site_id, details };
    audit::record(&state.database.get().await?, &who.caller.actor(), entry).await?;
    match question.format {
        Format::Parquet => return parquet_answer("counts", table(answer)),
        Format::GeoJson => return geojson_answer(&features(answer, positions)),
        Format::Json | Format::Csv => {}
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"counts.csv\""),
    ];
    Ok((headers, csv(answer)).into_response())
}

async fn answer(client: &PooledClient, site_id: &str, question: &Question) -> Result<(Counts, Positions), Problem> {
    let (site, zone) = site_and_zone(client, site_id).await?;
    let edges = edges(question.bin, (question.from, question.to), &zone, MOST_BINS)?;
    let bins = edges.len() - 1;
    let times = times(&edges)?;
    let check = |places: usize| check_stored(question.bin, (question.from, question.to), (places, "lines and zones"));
    let cameras = chosen(counts::cameras(client, site_id).await?, question)?;
    let positions = Positions::of(site.settings.location, &cameras);
    let ids: Vec<&str> = cameras.iter().map(|camera| camera.id.as_str()).collect();
    let watches = counts::watches(client, &ids).await?;
    let mut places = places(question, &cameras, &watches)?;
    let mut ids: Vec<&str> = places.iter().map(|place| place.camera_id.as_str()).collect();
    ids.dedup();
    if ids.len().saturating_mul(bins) > MOST_BINS {
        return Err(too_many(ids.len(), bins));
    }
    let span = Span { edges: &times, stored: question.bin.stored(), files: question.video == Video::File };
    check(ids.len())?;
    let watched = counts::watched(client, &ids, span).await?;
    let looks = Looks::new(&watches, &watched);
    retain_present(&mut places, question, &cameras, &looks);
    let (directions, classes) = (question.directions(), question.wanted_classes());
    let passages = Passages {
        directions: &directions,
        classes: &classes.iter().map(|class| class.number()).collect::<Vec<_>>(),
        by_direction: question.by_direction,
        by_class: question.by_class,
    };
    let asked: Vec<_> = places.iter().cloned().collect();
    if asked.len().saturating_mul(bins) > MOST_BINS {
        return Err(too_many(asked.len(), bins));
    }
    check(asked.len())?;
    let counted = counts::counted(client, &asked, span, passages).await?;
    let series = series(question, &places, &looks, &counted, &edges, &zone)?;
    Ok((Counts { bin: question.bin, time_zone: site.settings.time_zone, series }, positions))
}

/// The cameras that are asked for.
fn chosen(all: Vec<CountedCamera>, question: &Question) -> Result<Vec<CountedCamera>, Problem> {
    if let Some(unknown) = question.cameras.iter().find(|id| !all.iter().any(|camera| camera.id == **id)) {
        return Err(Problem::parameter("camera_id", format!("the site has no camera {unknown:?}")));
    }
    let wanted = |camera: &CountedCamera| question.cameras.is_empty() || question.cameras.contains(&camera.id);
    Ok(all.into_iter().filter(wanted).collect())
}
