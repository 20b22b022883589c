//! Connects to a camera, with TLS if its URL says so.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use vru_proto::camera_url::CameraUrl;
use vru_proto::v1::CameraTls;
use vru_runtime::cameras::References;
use vru_runtime::networks::AllowedNetworks;

use super::{LinkError, tls};
use crate::source::{Facts, Phase};

/// How many addresses of a host are tried.
const MAX_ADDRESSES: usize = 4;

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// How to connect.
#[derive(Debug, Clone)]
pub(in crate::source::pull) struct Dial {
    pub(in crate::source::pull) tls: Option<CameraTls>,
    pub(in crate::source::pull) references: References,
    /// Where the camera may be; `None`: anywhere.
    pub(in crate::source::pull) networks: Option<AllowedNetworks>,
    pub(in crate::source::pull) facts: Arc<Facts>,
    /// For the connection and the TLS handshake together.
    pub(in crate::source::pull) timeout: Duration,
}

impl Dial {
    pub(super) async fn connect(&self, url: &CameraUrl<'_>) -> Result<(Box<dyn Stream>, SocketAddr), LinkError> {
        let connected = tokio::time::timeout(self.timeout, self.connect_now(url));
        connected.await.unwrap_or(Err(LinkError::TimedOut))
    }

    async fn connect_now(&self, url: &CameraUrl<'_>) -> Result<(Box<dyn Stream>, SocketAddr), LinkError> {
        let config = if url.tls { Some(self.tls_config().await?) } else { None };
        self.facts.reach(Phase::Lookup);
        let addresses = self.addresses(url).await?;
        self.facts.reach(Phase::Connect);
        // Requests are small, and each waits for a response.
        let connected = first_of(&addresses).await.and_then(|(stream, address)| {
            stream.set_nodelay(true)?;
            Ok((stream, address))
        });
        let (stream, address) = connected.map_err(LinkError::Connect)?;
        let Some(config) = config else { return Ok((Box::new(stream), address)) };
        self.facts.reach(Phase::Tls);
        let name = ServerName::try_from(url.host.to_owned());
        let name = name.map_err(|_| LinkError::Tls("its host name cannot be in a certificate".to_owned()))?;
        let stream = TlsConnector::from(config).connect(name, stream).await;
        let stream = stream.map_err(|error| LinkError::Tls(tls::problem(&error)))?;
        Ok((Box::new(stream), address))
    }

    /// The addresses of the host that may be connected to. What is connected to is what was checked: a name that leads elsewhere a moment
    /// later leads nowhere.
    async fn addresses(&self, url: &CameraUrl<'_>) -> Result<Vec<SocketAddr>, LinkError> {
        let found: Vec<SocketAddr> = lookup_host((url.host, url.port)).await.map_err(LinkError::Lookup)?.collect();
        let Some(networks) = &self.networks else { return Ok(found) };
        let check = |address: &SocketAddr| networks.check(address.ip());
        match found.first().map(|first| (first.ip(), check(first))) {
            Some((address, Err(kind))) if found.iter().all(|other| check(other).is_err()) => {
                Err(LinkError::Forbidden(address, kind))
            }
            _ => Ok(found.into_iter().filter(|address| check(address).is_ok()).collect()),
        }
    }

    async fn tls_config(&self) -> Result<Arc<ClientConfig>, LinkError> {
        let (tls, references) = (self.tls.clone(), self.references.clone());
        let config = tokio::task::spawn_blocking(move || tls::client_config(tls.as_ref(), &references));
        // The task cannot be cancelled, and does not panic.
        let config = config.await.map_err(|error| LinkError::TlsSettings(error.to_string()))?;
        config.map_err(LinkError::TlsSettings)
    }
}

/// The first address that accepts a connection; otherwise the last error.
async fn first_of(addresses: &[SocketAddr]) -> io::Result<(TcpStream, SocketAddr)> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in addresses.iter().take(MAX_ADDRESSES) {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok((stream, *address)),
            Err(error) => last = error,
        }
    }
    Err(last)
}
