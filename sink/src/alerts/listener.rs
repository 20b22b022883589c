//! Accepts connections, bounds their number, and opens TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;
use vru_runtime::tls::ServerTls;

use super::connection::{self, Application};
use crate::metrics::{CONNECTIONS, REFUSED_CONNECTIONS};

/// How long a TLS handshake may take.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);
/// Usually the process has no file descriptors left. Retrying at once would keep a core busy.
const ACCEPT_RETRY: Duration = Duration::from_millis(200);

const NO_LABELS: &[&str] = &[];

pub(crate) struct Listener {
    socket: TcpListener,
    /// None: without TLS.
    tls: Option<ServerTls>,
    slots: Arc<Semaphore>,
}

impl Listener {
    /// Binds the address. `max_connections`: more are closed at once.
    pub(crate) async fn bind(
        address: SocketAddr,
        tls: Option<ServerTls>,
        max_connections: usize,
    ) -> anyhow::Result<Self> {
        let bound = TcpListener::bind(address).await;
        let socket = bound.with_context(|| format!("listen on {address} for gRPC"))?;
        Ok(Self { socket, tls, slots: Arc::new(Semaphore::new(max_connections)) })
    }

    /// Serves connections until the application stops, and then until the last one has ended.
    pub(crate) async fn serve(&self, application: Arc<Application>) {
        let connections = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                () = application.stop.cancelled() => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let Ok(slot) = self.slots.clone().try_acquire_owned() else {
                        REFUSED_CONNECTIONS.with_label_values(&["too many"]).inc();
                        continue;
                    };
                    let (tls, application) = (self.tls.clone(), application.clone());
                    connections.spawn(async move {
                        CONNECTIONS.with_label_values(NO_LABELS).inc();
                        handle(stream, peer, tls, application).await;
                        CONNECTIONS.with_label_values(NO_LABELS).dec();
                        drop(slot);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection, trying again");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
            }
        }
        connections.close();
        connections.wait().await;
    }
}

async fn handle(stream: TcpStream, peer: SocketAddr, tls: Option<ServerTls>, application: Arc<Application>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "cannot disable Nagle's algorithm");
    }
    let Some(tls) = tls else { return connection::serve(stream, application).await };
    let accepting = TlsAcceptor::from(tls.current()).accept(stream);
    match tokio::time::timeout(HANDSHAKE_DEADLINE, accepting).await {
        Ok(Ok(stream)) => connection::serve(stream, application).await,
        Ok(Err(error)) => {
            REFUSED_CONNECTIONS.with_label_values(&["tls"]).inc();
            tracing::debug!(%peer, %error, "TLS handshake failed");
        }
        Err(_) => {
            REFUSED_CONNECTIONS.with_label_values(&["tls"]).inc();
            tracing::debug!(%peer, "TLS handshake not finished in time");
        }
    }
}
