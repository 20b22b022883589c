//! Listens for connections and bounds their number.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_util::sync::CancellationToken;
use vru_runtime::report::chain;
use vru_runtime::shutdown::Shutdown;

use super::connection::{self, ConnectionEnd};
use super::path_registry::PathRegistry;
use super::response::Response;
use crate::config::PushConfig;
use crate::metrics;

/// How long a TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {address}; check that push.listen and push.tls_listen are free")]
    Listen {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    /// The certificate or the key cannot be read.
    #[error("cannot read PEM file {path}")]
    Pem {
        path: String,
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    #[error("cannot use push.tls_certificate with push.tls_key")]
    Tls(#[from] rustls::Error),
}

/// Starts to listen on every configured address, and returns the addresses. It listens until `shutdown.soft` is cancelled.
pub async fn serve(
    config: &PushConfig,
    paths: Arc<PathRegistry>,
    shutdown: &Shutdown,
) -> Result<Vec<SocketAddr>, ServeError> {
    let server = Arc::new(Server {
        paths,
        config: config.clone(),
        slots: Arc::new(Semaphore::new(config.max_connections)),
        refusals: Arc::new(Semaphore::new(32)),
        stop: shutdown.soft.clone(),
    });
    let mut listeners = vec![(bind(config.listen).await?, None)];
    if let Some(address) = config.tls_listen {
        listeners.push((bind(address).await?, Some(acceptor(config)?)));
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

fn acceptor(config: &PushConfig) -> Result<TlsAcceptor, ServeError> {
    let fail = |path: &std::path::Path| {
        let path = path.display().to_string();
        move |source| ServeError::Pem { path, source }
    };
    let certificates = CertificateDer::pem_file_iter(&config.tls_certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(fail(&config.tls_certificate))?;
    let key = PrivateKeyDer::from_pem_file(&config.tls_key).map_err(fail(&config.tls_key))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, key)?;
    Ok(TlsAcceptor::from(Arc::new(server)))
}

struct Server {
    paths: Arc<PathRegistry>,
    config: PushConfig,
    slots: Arc<Semaphore>,
    /// Bounds the refused connections that get a response.
    refusals: Arc<Semaphore>,
    stop: CancellationToken,
}

async fn accept(server: Arc<Server>, listener: TcpListener, tls: Option<TlsAcceptor>, shutdown: Shutdown) {
    loop {
        let accepted = tokio::select! {
            () = server.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Taken here and not in the task, so that the first connections get the slots.
                let slot = server.slots.clone().try_acquire_owned().ok();
                shutdown.tracker.spawn(handle_peer(server.clone(), slot, stream, peer, tls.clone()));
            }
            Err(error) => {
                // Usually the process has no file descriptors left. Retrying at once would keep a core busy.
                tracing::warn!(%error, "cannot accept a connection, trying again");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

async fn handle_peer(
    server: Arc<Server>,
    slot: Option<OwnedSemaphorePermit>,
    mut stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
) {
    let Some(_slot) = slot else {
        tracing::warn!(%peer, limit = server.config.max_connections, "connection refused, push.max_connections are open");
        if tls.is_none()
            && let Ok(_permit) = server.refusals.clone().try_acquire_owned()
        {
            let refusal = Response::new(503, "Service Unavailable", "too many connections").closing().to_bytes(None);
            connection::send_last_response(&mut stream, &refusal).await;
        }
        return;
    };
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "cannot disable Nagle's algorithm");
    }
    match tls {
        None => serve_connection(&server, stream, peer, "tcp").await,
        Some(acceptor) => match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => serve_connection(&server, stream, peer, "tls").await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "TLS handshake timed out"),
        },
    }
}

async fn serve_connection<S: AsyncRead + AsyncWrite + Unpin>(
    server: &Server,
    stream: S,
    peer: SocketAddr,
    transport: &str,
) {
    let open = metrics::PUSH_CONNECTIONS.with_label_values(&[transport]);
    open.inc();
    let ended = connection::serve(stream, peer, server.paths.clone(), &server.config, &server.stop).await;
    open.dec();
    match ended {
        Ok(()) | Err(ConnectionEnd::Closed) => tracing::debug!(%peer, "push connection closed"),
        Err(error) => tracing::info!(%peer, error = %chain(&error), "push connection ended"),
    }
}
