//! One request to a target: looked up once, connected to an address that was checked, bounded in time and in what is read.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use futures::future::BoxFuture;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use vru_runtime::report::chain;
use vru_runtime::tls::roots;

use super::config::WebhooksConfig;
use super::networks::Network;
use super::signature::Signed;
use super::target::Target;

/// Of the head of an answer. The rest of it is not read: the status says all.
const MOST_HEAD: usize = 32 * 1024;
/// How many addresses of a host are tried.
const MOST_ADDRESSES: usize = 4;
const USER_AGENT: &str = concat!("vru-webhooks/", env!("CARGO_PKG_VERSION"));

type Lookup = dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync;

/// Makes requests. Cloning it shares it.
#[derive(Clone)]
pub(crate) struct Outbound {
    tls: TlsConnector,
    allowed: Arc<[Network]>,
    timeout: Duration,
    lookup: Arc<Lookup>,
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outbound({:?}, {:?})", self.allowed, self.timeout)
    }
}

/// Why the target did not accept a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// For use as a metric label: `metrics.rs` lists them.
    pub(crate) reason: &'static str,
    /// For people.
    pub(crate) text: String,
    pub(crate) status: Option<u16>,
    /// How long the target asks us to wait.
    pub(crate) retry_after: Option<Duration>,
}

impl Failure {
    fn new(reason: &'static str, text: impl Into<String>) -> Self {
        Self { reason, text: text.into(), status: None, retry_after: None }
    }
}

impl Outbound {
    pub(super) fn new(config: &WebhooksConfig) -> anyhow::Result<Self> {
        let lookup = |host: String, port| -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
            Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
        };
        Self::with_lookup(config, Arc::new(lookup))
    }

    fn with_lookup(config: &WebhooksConfig, lookup: Arc<Lookup>) -> anyhow::Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots(&config.ca)?)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let tls = TlsConnector::from(Arc::new(tls));
        Ok(Self { tls, allowed: config.allowed_networks.clone().into(), timeout: config.timeout, lookup })
    }

    /// The address of a webhook, if it has no clear mistake; else the problem.
    pub(crate) fn target(&self, text: &str) -> Result<Target, String> {
        Target::parse(text, &self.allowed)
    }

    /// The status with which the target accepted the request: 2xx.
    pub(crate) async fn post(&self, url: &str, signed: &Signed, body: String) -> Result<u16, Failure> {
        // What is allowed may have changed since the webhook was stored.
        let target = self.target(url).map_err(|problem| Failure::new("target", format!("the address {problem}")))?;
        self.post_to(&target, signed, body).await
    }

    async fn post_to(&self, target: &Target, signed: &Signed, body: String) -> Result<u16, Failure> {
        let deadline = Instant::now() + self.timeout;
        let late = |what: &str| Failure::new("timeout", format!("{what} within {:?}", self.timeout));
        let addresses = timeout_at(deadline, self.addresses(target));
        let addresses = addresses.await.map_err(|_| late("the host was not looked up"))??;
        let stream = self.connect(&addresses, deadline).await?;
        if !target.secure() {
            let sent = timeout_at(deadline, send(stream, target, signed, body));
            return sent.await.map_err(|_| late("no complete answer"))?;
        }
        let name = target.literal().map_or_else(
            || ServerName::try_from(target.host().trim_end_matches('.').to_owned()),
            |address| Ok(ServerName::from(address)),
        );
        let name = name.map_err(|_| Failure::new("target", "the host cannot be in a certificate"))?;
        let handshake = timeout_at(deadline, self.tls.connect(name, stream));
        let stream = handshake
            .await
            .map_err(|_| late("no TLS connection"))?
            .map_err(|error| Failure::new("tls", format!("no TLS connection: {}", chain(&error))))?;
        timeout_at(deadline, send(stream, target, signed, body)).await.map_err(|_| late("no complete answer"))?
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
                .check(address.ip(), &self.allowed)
                .map_err(|problem| Failure::new("forbidden", format!("the address {problem}")))?;
        }
        if found.is_empty() { Err(Failure::new("lookup", "the host has no address")) } else { Ok(found) }
    }

    async fn connect(&self, addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, Failure> {
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
}

async fn send<S>(stream: S, target: &Target, signed: &Signed, body: String) -> Result<u16, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let lost = |error: hyper::Error| Failure::new("answer", format!("no complete answer: {}", chain(&error)));
    let mut request = Request::post(target.path())
        .header(header::HOST, target.authority())
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONNECTION, "close");
    for (name, value) in signed.headers() {
        request = request.header(name, value);
    }
    let request = request
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| Failure::new("target", format!("no request can be made: {error}")))?;
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(MOST_HEAD).handshake(TokioIo::new(stream)).await.map_err(lost)?;
    let connection = tokio::spawn(connection);
    // It ends with this call, whatever the target goes on sending.
    let _end = AbortOnDrop(connection.abort_handle());
    let answer = sender.send_request(request).await.map_err(lost)?;
    let status = answer.status();
    if status.is_success() {
        return Ok(status.as_u16());
    }
    let retry_after = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let text = if status.is_redirection() {
        format!("it answered {status}: redirects are not followed, set the address that it leads to")
    } else {
        format!("it answered {status}")
    };
    Err(Failure {
        status: Some(status.as_u16()),
        retry_after: retry_after.map(Duration::from_secs),
        ..Failure::new(if status == StatusCode::REQUEST_TIMEOUT { "timeout" } else { "status" }, text)
    })
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// Counts the connections that it gets, and accepts every request.
    async fn listener() -> (SocketAddr, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, connections) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let counted = connections.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let mut bytes = [0; 4096];
                drop(stream.read(&mut bytes).await);
                drop(stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await);
            }
        });
        (address, connections)
    }

    /// Answers the look-ups one after the other, and the last one for ever.
    fn lookups(answers: Vec<Vec<SocketAddr>>) -> (Arc<Lookup>, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = asked.clone();
        let lookup = move |_, _| -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
            let number = counted.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
            let answer = answers[number].clone();
            Box::pin(async move { Ok(answer) })
        };
        (Arc::new(lookup), asked)
    }

    fn outbound(allowed: &str, lookup: Arc<Lookup>) -> Outbound {
        let allowed_networks = allowed.split_whitespace().map(|network| network.parse().unwrap()).collect();
        let config = WebhooksConfig { allowed_networks, timeout: Duration::from_secs(5), ..WebhooksConfig::default() };
        Outbound::with_lookup(&config, lookup).unwrap()
    }

    #[tokio::test]
    async fn a_host_is_looked_up_once_and_no_name_leads_to_a_forbidden_address() {
        let (address, connections) = listener().await;
        let public = SocketAddr::from(([192, 0, 2, 1], address.port()));
        let signed = Signed::new("e", "alert.raised", 1, &[], "");
        // The name moves between two look-ups, as the names of an attacker do.
        for answers in [vec![vec![address]], vec![vec![public, address]], vec![vec![address, public]]] {
            let (lookup, asked) = lookups(answers);
            let outbound = outbound("192.0.2.0/24", lookup);
            let url = "https://rebinding.example.org/";
            let failure = outbound.post(url, &signed, String::new()).await.unwrap_err();
            assert_eq!(failure.reason, "forbidden", "{failure:?}");
            assert!(failure.text.contains("127.0.0.1, which is loopback"), "{failure:?}");
            assert_eq!((asked.load(Ordering::SeqCst), connections.load(Ordering::SeqCst)), (1, 0));
        }
        // What was checked is what is connected to: a second look-up would lead elsewhere.
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        let (lookup, asked) = lookups(vec![vec![address], vec![nowhere]]);
        let outbound = outbound("127.0.0.0/8", lookup);
        let url = format!("http://localhost:{}/", address.port());
        assert_eq!(outbound.post(&url, &signed, String::new()).await, Ok(204));
        assert_eq!((asked.load(Ordering::SeqCst), connections.load(Ordering::SeqCst)), (1, 1));
    }
}
