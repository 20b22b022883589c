//! The peer: axum, a pool of connections, and the statements that the API runs for one track; for a request with a cookie also the one that
//! looks for the session. It runs as a second process of this program.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use vru_benches::peer::{ServerPeer, tell_address};
use vru_runtime::secret::Secret;
use vru_storage::postgres::{DatabaseConfig, Pool};
use vru_storage::sessions;
use vru_storage::tracks::{self, TrackDetails, TrackId};

/// The database's address. If this variable is set, the process is the server.
const DATABASE: &str = "VRU_BENCH_AXUM_DATABASE";

/// As the API's default.
const IDLE: Duration = Duration::from_hours(12);

/// The server's process.
pub fn start(database: &str) -> ServerPeer {
    ServerPeer::start(DATABASE, database)
}

/// Whether this process must be the server.
pub fn is_requested() -> bool {
    std::env::var_os(DATABASE).is_some()
}

/// What the API says of a track, without names for what is numbered.
#[derive(Serialize)]
struct Answer {
    id: String,
    site_id: Option<String>,
    camera_id: String,
    first_seen: String,
    last_seen: String,
    class: i16,
    class_share: f32,
    detections: i64,
    confirmed_detections: i64,
    best_score: f32,
    source_size: (i32, i32),
    best_box: [f32; 4],
    zones: Vec<(String, String, String, i64)>,
    path: Vec<(String, f32, f32)>,
    crossings: Vec<(String, String, i16)>,
}

/// Serves until it is killed.
pub fn serve() {
    let url = std::env::var(DATABASE).expect("this process is the server");
    let config = DatabaseConfig { url: Secret::new(url), ..DatabaseConfig::default() };
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let pool = Pool::new(&config, "bare axum", 10, Duration::from_secs(10)).expect("the address is right");
    let app = Router::new().route("/api/v1/sites/{site_id}/tracks/{track_id}", get(track)).with_state(pool);
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a loopback port is free");
    tell_address(&listener);
    runtime.block_on(async { axum::serve(listener, app).await }).expect("it serves");
}

async fn track(
    State(pool): State<Pool>,
    Path((site, track)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Answer>, StatusCode> {
    let id = TrackId::from_text(&track).ok_or(StatusCode::NOT_FOUND)?;
    let client = pool.get().await.map_err(failed)?;
    if let Some(token) = headers.get(header::COOKIE).and_then(|cookie| cookie.to_str().ok()?.split_once('=')) {
        let found = sessions::find(&client, &Sha256::digest(token.1), IDLE).await.map_err(failed)?;
        found.filter(|session| session.roles.iter().any(|(of, _)| *of == site)).ok_or(StatusCode::UNAUTHORIZED)?;
    }
    let found = tracks::find(&client, Some(&site), &id).await.map_err(failed)?;
    Ok(Json(answer(found.ok_or(StatusCode::NOT_FOUND)?)))
}

fn failed<E>(_: E) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}

fn answer(details: TrackDetails) -> Answer {
    let time = |at| Timestamp::try_from(at).map(|at| at.to_string()).unwrap_or_default();
    let TrackDetails { track, .. } = details;
    let inside = details.zone_first_inside.into_iter().zip(details.zone_last_inside).zip(details.zone_detections);
    let zones = track.zone_ids.into_iter().zip(inside);
    let points = details.path_at.into_iter().zip(details.path_x).zip(details.path_y);
    Answer {
        id: track.id.to_string(),
        site_id: track.site_id,
        camera_id: track.id.camera_id,
        first_seen: time(track.first_seen),
        last_seen: time(track.last_seen),
        class: track.class,
        class_share: track.class_share,
        detections: track.detections,
        confirmed_detections: track.confirmed_detections,
        best_score: track.best_score,
        source_size: details.source_size,
        best_box: details.best_box,
        zones: zones.map(|(zone, ((first, last), count))| (zone, time(first), time(last), count)).collect(),
        path: points.map(|((at, x), y)| (time(at), x, y)).collect(),
        crossings: details.crossings.into_iter().map(|one| (time(one.at), one.line_id, one.direction)).collect(),
    }
}
