//! Connections: how many there are, and how long each may wait for a request. `axum::serve` bounds neither.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::config::HttpConfig;

/// Serves until the stop, and then until each open request is answered.
pub(crate) async fn serve(listener: TcpListener, app: Router, config: &HttpConfig, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(config.max_connections));
    let connections = TaskTracker::new();
    let next = async || {
        let place = places.clone().acquire_owned().await.ok()?;
        match listener.accept().await {
            Ok((stream, peer)) => Some((place, stream, peer)),
            Err(error) => {
                // Most likely out of file handles: this passes when connections end.
                tracing::warn!(%error, "the API cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                None
            }
        }
    };
    while let Some(accepted) = stop.run_until_cancelled(next()).await {
        let Some((place, stream, peer)) = accepted else { continue };
        let (app, idle, stop) = (app.clone(), config.idle, stop.clone());
        connections.spawn(async move {
            connection(stream, peer, app, idle, stop).await;
            drop(place);
        });
    }
    connections.close();
    connections.wait().await;
}

async fn connection(stream: TcpStream, peer: SocketAddr, app: Router, idle: Duration, stop: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was lost");
        return;
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        app.clone().oneshot(request)
    });
    let mut http = http1::Builder::new();
    // It also ends a connection on which no further request begins.
    http.timer(TokioTimer::new()).header_read_timeout(idle);
    let mut serving = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
    let served = tokio::select! {
        served = serving.as_mut() => served,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection failed");
    }
}
