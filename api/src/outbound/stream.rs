//! A connection: its host is looked up once, and an address that was checked is connected to.

use std::net::SocketAddr;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use vru_runtime::report::chain;

use super::client::{Failure, Outbound};
use super::target::Target;

/// How many addresses of a host are tried.
const MOST_ADDRESSES: usize = 4;

pub(crate) trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Connection for T {}

/// With TLS, or without for a target that may be reached so.
pub(crate) type Stream = Box<dyn Connection>;

impl Outbound {
    /// A connection for another protocol than HTTP.
    pub(crate) async fn connect(&self, target: &Target, deadline: Instant) -> Result<Stream, Failure> {
        self.open(target, &self.tls, deadline).await
    }

    pub(super) async fn open(&self, target: &Target, tls: &TlsConnector, deadline: Instant) -> Result<Stream, Failure> {
        let addresses = timeout_at(deadline, self.addresses(target));
        let addresses = addresses.await.map_err(|_| self.late("the host was not looked up"))??;
        let stream = connect(&addresses, deadline).await?;
        if !target.secure() {
            return Ok(Box::new(stream));
        }
        let name = target.literal().map_or_else(
            || ServerName::try_from(target.host().trim_end_matches('.').to_owned()),
            |address| Ok(ServerName::from(address)),
        );
        let name = name.map_err(|_| Failure::new("target", "the host cannot be in a certificate"))?;
        let handshake = timeout_at(deadline, tls.connect(name, stream));
        let stream = handshake
            .await
            .map_err(|_| self.late("no TLS connection"))?
            .map_err(|error| Failure::new("tls", format!("no TLS connection: {}", chain(&error))))?;
        Ok(Box::new(stream))
    }

    /// Where the host is now, all of it allowed. Nothing is looked up again after this.
    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, Failure> {
        let found = match target.literal() {
            Some(address) => vec![SocketAddr::new(address, target.port())],
            None => (self.lookup)(target.host().to_owned(), target.port())
                .await
                .map_err(|error| Failure::new("lookup", format!("the host cannot be looked up: {error}")))?,
        };
        for address in &found {
            target
                .check(address.ip(), &self.reach)
                .map_err(|problem| Failure::new("forbidden", format!("the address {problem}")))?;
        }
        if found.is_empty() { Err(Failure::new("lookup", "the host has no address")) } else { Ok(found) }
    }
}

async fn connect(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, Failure> {
    let tried = &addresses[..addresses.len().min(MOST_ADDRESSES)];
    let mut failure = Failure::new("connect", "the host has no address");
    for (number, address) in tried.iter().enumerate() {
        // An address that does not answer leaves time for the others.
        let left = deadline.saturating_duration_since(Instant::now()) / (tried.len() - number) as u32;
        let until = Instant::now() + if number + 1 == tried.len() { left.mul_f64(0.8) } else { left / 2 };
        failure = match timeout_at(until, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // What is sent is small, and all there is.
                stream.set_nodelay(true).ok();
                return Ok(stream);
            }
            Ok(Err(error)) => Failure::new("connect", format!("no connection to {address}: {error}")),
            Err(_) => Failure::new("timeout", format!("no connection to {address} in time")),
        };
    }
    Err(failure)
}
