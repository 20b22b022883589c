//! Tracks as a table: all that a search finds, instead of a page.

use axum::response::Response;
use serde_json::json;
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::PooledClient;
use vru_storage::tracks::{self, Track, TrackFilter, TrackPlace};

use crate::auth::Caller;
use crate::http::{Column, Problem, parquet_answer};
use crate::routes::text::micros;
use crate::state::ApiState;
use crate::words::{RoadUserClass, Word as _};

const MOST: usize = 100_000;
const STEP: i64 = 5_000;

pub(super) async fn export(
    state: &ApiState,
    caller: &Caller,
    site_id: Option<&str>,
    filter: &TrackFilter,
) -> Result<Response, Problem> {
    let large = state.large_answers.begin(caller.subject())?;
    let found = state.reads.run(|client| async move { all(&client, filter).await }).await?;
    let entry = Entry {
        action: "track.export",
        site_id: site_id.unwrap_or_default(),
        object: site_id.unwrap_or_default(),
        details: json!({ "tracks": found.len() }),
    };
    audit::record(&state.database.get().await?, &caller.actor(), entry).await?;
    large.send(parquet_answer("tracks", table(&found))?).await
}

async fn all(client: &PooledClient, filter: &TrackFilter) -> Result<Vec<Track>, Problem> {
    let mut all: Vec<Track> = Vec::new();
    loop {
        let after = all.last().map(|last| TrackPlace { first_seen: last.first_seen, id: last.id.clone() });
        let found = tracks::list(client, filter, after.as_ref(), STEP).await?;
        let last = (found.len() as i64) < STEP;
        all.extend(found);
        if all.len() > MOST {
            let detail =
                format!("leaves more than {MOST} tracks, which is as many as one answer has: ask for a shorter time");
            return Err(Problem::parameter("from", detail));
        }
        if last {
            return Ok(all);
        }
    }
}

fn table(tracks: &[Track]) -> Vec<(&'static str, Column)> {
    let text = |value: &dyn Fn(&Track) -> Option<String>| Column::Text(tracks.iter().map(value).collect());
    let real = |value: &dyn Fn(&Track) -> Option<f64>| Column::Real(tracks.iter().map(value).collect());
    let class = |track: &Track| RoadUserClass::word(track.class).map(|class| class.text().to_owned());
    let seconds = |track: &Track| track.last_seen.duration_since(track.first_seen).unwrap_or_default().as_secs_f64();
    vec![
        ("id", text(&|track| Some(track.id.to_string()))),
        ("camera_id", text(&|track| Some(track.id.camera_id.clone()))),
        ("site_id", text(&|track| track.site_id.clone())),
        ("first_seen", Column::Time(tracks.iter().map(|track| Some(micros(track.first_seen))).collect())),
        ("last_seen", Column::Time(tracks.iter().map(|track| Some(micros(track.last_seen))).collect())),
        ("duration_s", real(&|track| Some(seconds(track)))),
        ("class", text(&class)),
        ("class_share", real(&|track| Some(f64::from(track.class_share)))),
        ("detections", Column::Number(tracks.iter().map(|track| Some(track.detections)).collect())),
        ("confirmed", Column::Truth(tracks.iter().map(|track| Some(track.confirmed_detections > 0)).collect())),
        ("best_score", real(&|track| Some(f64::from(track.best_score)))),
        // With spaces between: an id has none.
        ("zones", text(&|track| Some(track.zone_ids.join(" ")))),
        ("mean_speed_px_s", real(&|track| track.mean_speed_px_s)),
        ("top_speed_px_s", real(&|track| track.top_speed_px_s)),
    ]
}
