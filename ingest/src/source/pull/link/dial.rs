//! Connects to a camera, with TLS if its URL says so.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use vru_proto::camera_url::CameraUrl;
use vru_proto::v1::CameraTls;
use vru_runtime::cameras::References;

use super::{LinkError, tls};

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// How to connect.
#[derive(Debug, Clone)]
pub(in crate::source::pull) struct Dial {
    pub(in crate::source::pull) tls: Option<CameraTls>,
    pub(in crate::source::pull) references: References,
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
        let connect = async {
            let stream = TcpStream::connect((url.host, url.port)).await?;
            // Requests are small, and each waits for a response.
            stream.set_nodelay(true)?;
            let address = stream.peer_addr()?;
            Ok((stream, address))
        };
        let (stream, address) = connect.await.map_err(|error: std::io::Error| LinkError::Connect(error.to_string()))?;
        let Some(config) = config else { return Ok((Box::new(stream), address)) };
        let name = ServerName::try_from(url.host.to_owned());
        let name = name.map_err(|_| LinkError::Tls("its host name cannot be in a certificate".to_owned()))?;
        let stream = TlsConnector::from(config).connect(name, stream).await;
        let stream = stream.map_err(|error| LinkError::Tls(tls::problem(&error)))?;
        Ok((Box::new(stream), address))
    }

    async fn tls_config(&self) -> Result<Arc<ClientConfig>, LinkError> {
        let (tls, references) = (self.tls.clone(), self.references.clone());
        let config = tokio::task::spawn_blocking(move || tls::client_config(tls.as_ref(), &references));
        // The task cannot be cancelled, and does not panic.
        let config = config.await.map_err(|error| LinkError::TlsSettings(error.to_string()))?;
        config.map_err(LinkError::TlsSettings)
    }
}
