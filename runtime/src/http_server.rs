//! An HTTP/1 server with bounds on its connections: how many there are, and how long each may wait for a request. `axum::serve` bounds
//! neither.

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

/// The bounds of a server.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionBounds {
    /// Further connections wait until one ends.
    pub most: usize,
    /// How long a connection may take for the head of a request, and be without one.
    pub idle: Duration,
}

/// Serves until the stop, and then until each open request is answered. A connection that became a WebSocket is not one of them any more. `name` is for the log. Handlers find the peer's address in
/// `ConnectInfo<SocketAddr>`.
pub async fn serve(
    name: &'static str,
    listener: TcpListener,
    app: Router,
    bounds: ConnectionBounds,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(bounds.most));
    let connections = TaskTracker::new();
    let next = async || {
        let place = places.clone().acquire_owned().await.ok()?;
        match listener.accept().await {
            Ok((stream, peer)) => Some((place, stream, peer)),
            Err(error) => {
                // Most likely out of file handles: this passes when connections end.
                tracing::warn!(%error, server = name, "a connection cannot be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                None
            }
        }
    };
    while let Some(accepted) = stop.run_until_cancelled(next()).await {
        let Some((place, stream, peer)) = accepted else { continue };
        let (app, stop) = (app.clone(), stop.clone());
        connections.spawn(async move {
            connection(stream, peer, app, bounds.idle, stop).await;
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
    let mut serving = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service).with_upgrades());
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

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream as StdStream;

    use axum::routing::get;

    use super::*;

    const DEADLINE: Duration = Duration::from_mins(1);

    async fn started(bounds: ConnectionBounds) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let app = Router::new().route("/", get(|| async { "here" }));
        let server = tokio::spawn(serve("test", listener, app, bounds, stop.clone()));
        (address, stop, server)
    }

    fn connect(address: SocketAddr) -> StdStream {
        let stream = StdStream::connect(address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream
    }

    /// The answer to a request on this connection, which the server then closes.
    fn ask(mut stream: StdStream) -> String {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn connections_that_send_no_whole_request_lose_their_place() {
        let bounds = ConnectionBounds { most: 2, idle: Duration::from_millis(300) };
        let (address, stop, server) = started(bounds).await;
        let asked = tokio::task::spawn_blocking(move || {
            let silent = connect(address);
            let mut slow = connect(address);
            slow.write_all(b"GET / HTTP/1.1\r\nhost: ").unwrap();
            // Waits for one of the two places.
            let answer = ask(connect(address));
            for mut ended in [silent, slow] {
                let mut rest = Vec::new();
                ended.read_to_end(&mut rest).ok();
            }
            answer
        });
        assert!(asked.await.unwrap().ends_with("here"));
        stop.cancel();
        tokio::time::timeout(DEADLINE, server).await.unwrap().unwrap();
    }
}
