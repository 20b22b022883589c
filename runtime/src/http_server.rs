//! An HTTP/1 server with bounds on its connections: how many there are, how long each may wait for a request, and how long its peer may
//! take nothing of an answer. `axum::serve` bounds none of them.

mod impatient;

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
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::tls::ServerTls;
use impatient::Impatient;

/// How long a peer may take to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The protocols that the server speaks inside TLS.
pub const ALPN: &[&[u8]] = &[b"http/1.1"];

/// The bounds of a server.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionBounds {
    /// Further connections wait until one ends.
    pub most: usize,
    /// How long a connection may take for the head of a request, and be without one. Its peer may take nothing of an answer for twice as
    /// long.
    pub idle: Duration,
}

/// Serves until the stop, and then until each open request is answered. A connection that became a WebSocket is not one of them any more.
/// With `tls`, only TLS is served. `name` is for the log. Handlers find the peer's address in `ConnectInfo<SocketAddr>`.
pub async fn serve(
    name: &'static str,
    listener: TcpListener,
    tls: Option<ServerTls>,
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
        // The certificate of this moment.
        let tls = tls.as_ref().map(|tls| TlsAcceptor::from(tls.current()));
        let (app, stop) = (app.clone(), stop.clone());
        connections.spawn(async move {
            connection(stream, peer, tls, app, bounds.idle, stop).await;
            drop(place);
        });
    }
    connections.close();
    connections.wait().await;
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    app: Router,
    idle: Duration,
    stop: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was lost");
        return;
    }
    let Some(tls) = tls else { return speak(stream, peer, app, idle, stop).await };
    let handshake = tokio::time::timeout(idle.min(HANDSHAKE), tls.accept(stream));
    match stop.run_until_cancelled(handshake).await {
        Some(Ok(Ok(stream))) => speak(stream, peer, app, idle, stop).await,
        Some(Ok(Err(error))) => tracing::debug!(%error, %peer, "a TLS handshake failed"),
        Some(Err(_)) => tracing::debug!(%peer, "a TLS handshake took too long"),
        None => {}
    }
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    peer: SocketAddr,
    app: Router,
    idle: Duration,
    stop: CancellationToken,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        app.clone().oneshot(request)
    });
    let mut http = http1::Builder::new();
    // It also ends a connection on which no further request begins.
    http.timer(TokioTimer::new()).header_read_timeout(idle);
    // Otherwise whoever asks and reads nothing keeps its place, and the answer in memory, for ever.
    let stream = Impatient::new(stream, 2 * idle);
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
    use crate::test_util::CertificateFiles;

    const DEADLINE: Duration = Duration::from_mins(1);
    /// More than the buffers of a connection take.
    const LARGE: usize = 64 * 1024 * 1024;

    async fn started(
        bounds: ConnectionBounds,
        tls: Option<ServerTls>,
    ) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let app =
            Router::new().route("/", get(|| async { "here" })).route("/large", get(|| async { vec![b'x'; LARGE] }));
        let server = tokio::spawn(serve("test", listener, tls, app, bounds, stop.clone()));
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
        let (address, stop, server) = started(bounds, None).await;
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

    #[tokio::test(flavor = "multi_thread")]
    async fn connections_that_take_nothing_of_an_answer_lose_their_place() {
        let bounds = ConnectionBounds { most: 2, idle: Duration::from_secs(3) };
        let (address, stop, server) = started(bounds, None).await;
        let asked = tokio::task::spawn_blocking(move || {
            let asks = |path: &str| {
                let mut stream = connect(address);
                write!(stream, "GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
                stream
            };
            let deaf = [asks("/large"), asks("/large")];
            // Waits for one of the two places.
            let answer = ask(connect(address));
            drop(deaf);
            // Whoever takes it gets all of it, however large it is.
            let mut large = Vec::new();
            let mut stream = asks("/large");
            stream.read_to_end(&mut large).unwrap();
            (answer, large.len())
        });
        let (answer, large) = asked.await.unwrap();
        assert!(answer.ends_with("here"));
        assert!(large > LARGE, "{large}");
        stop.cancel();
        tokio::time::timeout(DEADLINE, server).await.unwrap().unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn with_tls_nothing_else_is_served_and_who_does_not_agree_on_it_loses_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let files = CertificateFiles::create(folder.path(), "served");
        let tls =
            ServerTls::start("http-test", &files.certificate, &files.key, ALPN, CancellationToken::new()).unwrap();
        let bounds = ConnectionBounds { most: 2, idle: Duration::from_millis(300) };
        let (address, stop, server) = started(bounds, Some(tls)).await;
        let asked = tokio::task::spawn_blocking(move || {
            let (mut silent, mut plain) = (connect(address), connect(address));
            plain.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
            // Waits for one of the two places.
            let output = std::process::Command::new("curl")
                .args(["--silent", "--show-error", "--fail", "--max-time", "60", "--cacert"])
                .arg(&files.certificate)
                .arg(format!("https://localhost:{}/", address.port()))
                .output()
                .unwrap();
            let mut rest = Vec::new();
            silent.read_to_end(&mut rest).ok();
            plain.read_to_end(&mut rest).ok();
            (output, rest)
        });
        let (output, rest) = asked.await.unwrap();
        assert_eq!((&*output.stdout, &*output.stderr), (&b"here"[..], &b""[..]));
        assert!(!String::from_utf8_lossy(&rest).contains("here"), "{rest:?}");
        stop.cancel();
        tokio::time::timeout(DEADLINE, server).await.unwrap().unwrap();
    }
}
