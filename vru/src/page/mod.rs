//! A plain page with the annotated live pictures, the counts and the latest alerts. The web app (`web/`) shows more; this page stays until nothing needs it.
//!
//! - `/`: the page, which loads nothing from other servers;
//! - `/state`: everything on it that changes, as JSON ([`state`]);
//! - `/live/CAMERA.mjpeg`, `/live/CAMERA.jpg`: the live picture, as a stream and as one picture. [`pictures`] reads frames and
//!   detections from Kafka while a picture has viewers, [`join`] pairs them, [`renderer`] draws, [`channels`] holds the newest picture;
//! - `/login`, `/logout`: everything is behind a log-in when the configuration has a token ([`guard`], [`sessions`]);
//! - `/alerts/ID.jpg`, `/alerts/ID.mp4`: snapshot and clip of one of the latest alerts, from the object store.

mod channels;
mod config;
mod guard;
mod join;
mod pictures;
mod renderer;
mod sessions;
mod state;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use bytes::Bytes;
use futures::StreamExt as _;
use tokio::net::TcpListener;
use tokio_stream::wrappers::WatchStream;
use tokio_util::sync::CancellationToken;
use vru_runtime::http_server::{self, ConnectionBounds};
use vru_runtime::report::chain;
use vru_runtime::shutdown::Shutdown;
use vru_storage::s3::Bucket;

use crate::status::RunStatus;
pub use config::PageConfig;
use guard::{Guard, Visitor};
pub use pictures::LivePictures;
use state::PageState;

const PAGE: &str = include_str!("index.html");
const BOUNDARY: &str = "vru-picture";
/// A form holds a token.
const MAX_FORM_BYTES: usize = 4 * 1024;
/// How long a form may take to arrive and to be answered.
const FORM_DEADLINE: Duration = Duration::from_secs(15);
/// Each open picture is a connection.
const BOUNDS: ConnectionBounds = ConnectionBounds { most: 512, idle: Duration::from_secs(30) };
/// How long a request for one picture may wait: the readers may have to start first.
const PICTURE_DEADLINE: Duration = Duration::from_secs(5);

/// What the page shows.
#[derive(Debug, Clone)]
pub struct Page {
    pub pictures: LivePictures,
    pub status: Arc<RunStatus>,
    /// Snapshots and clips of alerts.
    pub bucket: Bucket,
}

/// Serves the page until the soft stop, which also ends open picture streams. The port is bound when this returns.
pub async fn serve(config: &PageConfig, page: Page, shutdown: &Shutdown) -> anyhow::Result<SocketAddr> {
    let (listen, stop) = (config.listen, shutdown.soft.clone());
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("serve the page on {listen}: choose another address with page.listen or --port"))?;
    let bound = listener.local_addr().context("read the page's address")?;
    let guard = Arc::new(Guard::new(config));
    let log_in = Router::new()
        .route("/login", post(guard::log_in))
        .route("/logout", post(guard::log_out))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .layer(middleware::from_fn(form_deadline))
        .with_state(guard.clone());
    let app = Router::new()
        .route("/", get(|| async { Html(PAGE) }))
        .route("/state", get(state))
        .route("/live/{file}", get(picture))
        .route("/alerts/{file}", get(alert_file))
        .with_state(AppState { page, stop: stop.clone() })
        .merge(log_in)
        .layer(middleware::from_fn_with_state(guard, guard::check));
    let served = http_server::serve("the page", listener, app, BOUNDS, stop);
    shutdown.spawn_essential("the page's HTTP server", served);
    Ok(bound)
}

async fn form_deadline(request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(FORM_DEADLINE, next.run(request)).await;
    answer.unwrap_or_else(|_| (StatusCode::REQUEST_TIMEOUT, "the form did not arrive in time").into_response())
}

#[derive(Debug, Clone)]
struct AppState {
    page: Page,
    stop: CancellationToken,
}

async fn state(
    State(AppState { page, .. }): State<AppState>,
    Extension(visitor): Extension<Visitor>,
) -> Json<PageState> {
    Json(PageState::new(&page.status, &page.pictures.cameras(), visitor.0.is_some()))
}

async fn picture(
    State(AppState { page, stop }): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    Path(file): Path<String>,
) -> Response {
    let Some((name, ending)) = file.rsplit_once('.') else { return StatusCode::NOT_FOUND.into_response() };
    let Some(pictures) = name.parse().ok().and_then(|id| page.pictures.view(&id)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let pictures = WatchStream::new(pictures).filter_map(|picture| async move { picture });
    match ending {
        "mjpeg" => {
            let parts = pictures.map(|picture| Ok::<_, Infallible>(part(&picture)));
            let ended = async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = visitor.gone() => {}
                }
            };
            let body = Body::from_stream(parts.take_until(ended));
            let kind = format!("multipart/x-mixed-replace; boundary={BOUNDARY}");
            ([(header::CONTENT_TYPE, kind.as_str()), (header::CACHE_CONTROL, "no-store")], body).into_response()
        }
        "jpg" => {
            let mut pictures = std::pin::pin!(pictures);
            match tokio::time::timeout(PICTURE_DEADLINE, pictures.next()).await {
                Ok(Some(picture)) => file_response("image/jpeg", "no-store", picture),
                _ => (StatusCode::SERVICE_UNAVAILABLE, "this camera sends no picture at the moment").into_response(),
            }
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn alert_file(State(AppState { page, .. }): State<AppState>, Path(file): Path<String>) -> Response {
    let found = file.rsplit_once('.').and_then(|(id, ending)| {
        let alert = page.status.received().latest().into_iter().find(|alert| alert.id == id)?;
        match ending {
            "jpg" => Some((alert.snapshot_key, "image/jpeg")),
            "mp4" => Some((alert.clip_key, "video/mp4")),
            _ => None,
        }
    });
    let Some((key, kind)) = found else { return StatusCode::NOT_FOUND.into_response() };
    let object = page.bucket.get(&key).await.unwrap_or_else(|error| {
        tracing::debug!(error = %chain(&error), "cannot read the object of an alert");
        None
    });
    match object {
        Some(object) => file_response(kind, "private, max-age=3600", object),
        // The sink writes it a moment after the alert; the page tries again.
        None => (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-store")]).into_response(),
    }
}

fn file_response(kind: &'static str, cache: &'static str, body: Bytes) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, cache)], body).into_response()
}

/// One picture of a multipart stream.
fn part(picture: &Bytes) -> Bytes {
    let head = format!("--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", picture.len());
    [head.as_bytes(), picture, b"\r\n"].concat().into()
}
