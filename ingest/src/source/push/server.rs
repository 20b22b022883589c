//! Listens, and bounds how many connections there are.

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
use super::hub::Hub;
use super::response::Response;
use crate::config::PushConfig;
use crate::metrics;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is not to be had.
    #[error("listen on {address}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Certificate or key cannot be read.
    #[error("read {path}")]
    Pem {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// Certificate and key do not go together.
    #[error("set up TLS")]
    Tls(#[from] rustls::Error),
}

/// Listens until `shutdown.soft`, on every configured address; returns the addresses.
pub async fn serve(config: &PushConfig, hub: Arc<Hub>, shutdown: &Shutdown) -> Result<Vec<SocketAddr>, ServeError> {
    let server = Arc::new(Server {
        hub,
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
    hub: Arc<Hub>,
    config: PushConfig,
    slots: Arc<Semaphore>,
    /// How many may be told at a time that there are too many.
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
                // Here and not in the task: who came first is served first.
                let slot = server.slots.clone().try_acquire_owned().ok();
                shutdown.tracker.spawn(peer_task(server.clone(), slot, stream, peer, tls.clone()));
            }
            Err(error) => {
                // Usually no file handles are left; trying at once would burn a core.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

async fn peer_task(
    server: Arc<Server>,
    slot: Option<OwnedSemaphorePermit>,
    mut stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
) {
    let Some(_slot) = slot else {
        tracing::warn!(%peer, "too many connections, refused");
        if tls.is_none()
            && let Ok(_courtesy) = server.refusals.clone().try_acquire_owned()
        {
            let refusal = Response::new(503, "Service Unavailable", "too many connections").closing().write(None);
            connection::dismiss(&mut stream, &refusal).await;
        }
        return;
    };
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "cannot switch off Nagle's algorithm");
    }
    match tls {
        None => converse(&server, stream, peer, "tcp").await,
        Some(acceptor) => match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => converse(&server, stream, peer, "tls").await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
        },
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(server: &Server, stream: S, peer: SocketAddr, transport: &str) {
    let open = metrics::PUSH_CONNECTIONS.with_label_values(&[transport]);
    open.inc();
    let ended = connection::serve(stream, peer, server.hub.clone(), &server.config, &server.stop).await;
    open.dec();
    match ended {
        Ok(()) | Err(ConnectionEnd::Closed) => tracing::debug!(%peer, "publisher left"),
        Err(error) => tracing::info!(%peer, error = %chain(&error), "connection ended"),
    }
}
