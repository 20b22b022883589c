//! Listens for connections and gives each its own task.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use vru_runtime::report::chain;
use vru_runtime::shutdown::Shutdown;
use vru_runtime::tls::{ServerTls, TlsError};

use super::admission::Slot;
use super::connection::{self, ConnectionEnd};
use super::door::Door;
use super::path_registry::PathRegistry;
use super::refusal::Reason;
use super::response::Response;
use crate::config::PushConfig;
use crate::metrics;

/// Refused connections that get a response at the same time.
const REFUSED_AT_ONCE: usize = 32;

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {address}; check that push.listen and push.tls_listen are free")]
    Listen {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("cannot use push.tls_certificate with push.tls_key")]
    Tls(#[from] TlsError),
    #[error("push.plaintext is false and push.tls_listen is not set, so the server has no address")]
    NoAddress,
}

/// Starts to listen on every configured address, and returns the addresses, that of TLS last. It listens until `shutdown.soft` is
/// cancelled.
pub async fn serve(
    config: &PushConfig,
    paths: Arc<PathRegistry>,
    shutdown: &Shutdown,
) -> Result<Vec<SocketAddr>, ServeError> {
    let server = Arc::new(Server {
        door: Door::new(config.clone(), paths),
        refused: Semaphore::new(REFUSED_AT_ONCE),
        stop: shutdown.soft.clone(),
    });
    let mut listeners = Vec::new();
    if config.plaintext {
        listeners.push((bind(config.listen).await?, None));
    }
    if let Some(address) = config.tls_listen {
        let (certificate, key): (&Path, &Path) = (&config.tls_certificate, &config.tls_key);
        let tls = ServerTls::start("rtsp", certificate, key, &[], shutdown.soft.clone())?;
        listeners.push((bind(address).await?, Some(tls)));
    }
    if listeners.is_empty() {
        return Err(ServeError::NoAddress);
    }
    let mut bound = Vec::new();
    for ((listener, address), tls) in listeners {
        bound.push(address);
        shutdown.tracker.spawn(accept(server.clone(), listener, tls, shutdown.clone()));
    }
    Ok(bound)
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let fail = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(fail)?;
    let bound = listener.local_addr().map_err(fail)?;
    Ok((listener, bound))
}

struct Server {
    door: Arc<Door>,
    /// Bounds the refused connections that get a response.
    refused: Semaphore,
    stop: CancellationToken,
}

async fn accept(server: Arc<Server>, listener: TcpListener, tls: Option<ServerTls>, shutdown: Shutdown) {
    loop {
        let accepted = tokio::select! {
            () = server.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Here and not in the task, so that the first connections get the places.
                let admitted = server.door.admission.admit(peer.ip());
                let (server, tls) = (server.clone(), tls.clone());
                match admitted {
                    Ok(slot) => drop(shutdown.tracker.spawn(handle_peer(server, slot, stream, peer, tls))),
                    Err(reason) => {
                        server.door.refusals.count(reason, peer, None);
                        drop(shutdown.tracker.spawn(refuse(server, stream, tls.is_some())));
                    }
                }
            }
            Err(error) => {
                // Usually the process has no file descriptors left. Retrying at once would keep a core busy.
                tracing::warn!(%error, "cannot accept a connection, trying again");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

/// Says why, unless that would need a TLS handshake or too many peers are told at the same time.
async fn refuse(server: Arc<Server>, mut stream: TcpStream, tls: bool) {
    if !tls && let Ok(_permit) = server.refused.try_acquire() {
        let refusal = Response::new(503, "Service Unavailable", "too many connections").closing().to_bytes(None);
        connection::send_last_response(&mut stream, &refusal).await;
    }
}

async fn handle_peer(server: Arc<Server>, slot: Slot, stream: TcpStream, peer: SocketAddr, tls: Option<ServerTls>) {
    let set_up_by = Instant::now() + server.door.config.setup_timeout;
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "cannot disable Nagle's algorithm");
    }
    let Some(tls) = tls else {
        return serve_connection(&server, slot, stream, peer, set_up_by, "tcp").await;
    };
    let handshake = TlsAcceptor::from(tls.current()).accept(stream);
    let reason = tokio::select! {
        () = server.stop.cancelled() => return,
        () = slot.displaced().cancelled() => Reason::Displaced,
        done = timeout_at(set_up_by, handshake) => match done {
            Ok(Ok(stream)) => return serve_connection(&server, slot, stream, peer, set_up_by, "tls").await,
            Ok(Err(error)) => {
                tracing::debug!(%peer, %error, "TLS handshake failed");
                Reason::TlsHandshake
            }
            Err(_) => Reason::SetupTimeout,
        },
    };
    server.door.refusals.count(reason, peer, None);
}

async fn serve_connection<S: AsyncRead + AsyncWrite + Unpin>(
    server: &Server,
    slot: Slot,
    stream: S,
    peer: SocketAddr,
    set_up_by: Instant,
    transport: &str,
) {
    let open = metrics::PUSH_CONNECTIONS.with_label_values(&[transport]);
    open.inc();
    let end = connection::serve(stream, peer, &server.door, slot, set_up_by, &server.stop).await;
    open.dec();
    match end {
        // Refusals are logged where they are counted.
        ConnectionEnd::PipelineClosed | ConnectionEnd::Io(_) => {
            tracing::info!(%peer, error = %chain(&end), "push connection ended");
        }
        end => tracing::debug!(%peer, reason = %end, "push connection closed"),
    }
}
