//! One request: its host is looked up once, an address that was checked is connected to, and time and what is read are bounded.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, Response, header};
use futures::future::BoxFuture;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use vru_runtime::report::chain;
use vru_runtime::tls::roots;

use super::target::{Reach, Target};

/// Of the head of an answer.
const MOST_HEAD: usize = 32 * 1024;
/// How many addresses of a host are tried.
const MOST_ADDRESSES: usize = 4;

type Lookup = dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync;

/// Makes requests. Cloning it shares it.
#[derive(Clone)]
pub(crate) struct Outbound {
    tls: TlsConnector,
    reach: Reach,
    timeout: Duration,
    lookup: Arc<Lookup>,
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outbound({:?}, {:?})", self.reach, self.timeout)
    }
}

/// Why a request has no answer, or not the one that is wanted.
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

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Failure {}

impl Failure {
    pub(crate) fn new(reason: &'static str, text: impl Into<String>) -> Self {
        Self { reason, text: text.into(), status: None, retry_after: None }
    }
}

impl Outbound {
    /// `ca`: instead of the system's certificates; empty for those. `timeout`: for all of a request.
    pub(crate) fn new(ca: &Path, reach: Reach, timeout: Duration) -> anyhow::Result<Self> {
        let lookup = |host: String, port| -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
            Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
        };
        Self::with_lookup(ca, reach, timeout, Arc::new(lookup))
    }

    fn with_lookup(ca: &Path, reach: Reach, timeout: Duration, lookup: Arc<Lookup>) -> anyhow::Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots(ca)?)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { tls: TlsConnector::from(Arc::new(tls)), reach, timeout, lookup })
    }

    /// The address, if it has no clear mistake; else the problem.
    pub(crate) fn target(&self, text: &str) -> Result<Target, String> {
        Target::parse(text, &self.reach)
    }

    /// The answer, whatever its status. No redirect is followed. Of the body at most so many bytes are read, and `None` reads nothing of it.
    pub(crate) async fn exchange(
        &self,
        url: &str,
        method: Method,
        headers: &HeaderMap,
        body: impl Into<Bytes>,
        most: Option<usize>,
    ) -> Result<Response<Bytes>, Failure> {
        // What is allowed may have changed since the address was stored.
        let target = self.target(url).map_err(|problem| Failure::new("target", format!("the address {problem}")))?;
        let mut request = Request::builder().method(method).uri(target.path());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request
            .header(header::HOST, target.authority())
            .header(header::CONNECTION, "close")
            .body(Full::new(body.into()))
            .map_err(|error| Failure::new("target", format!("no request can be made: {error}")))?;
        self.send(&target, request, most).await
    }

    async fn send(
        &self,
        target: &Target,
        request: Request<Full<Bytes>>,
        most: Option<usize>,
    ) -> Result<Response<Bytes>, Failure> {
        let deadline = Instant::now() + self.timeout;
        let late = |what: &str| Failure::new("timeout", format!("{what} within {:?}", self.timeout));
        let addresses = timeout_at(deadline, self.addresses(target));
        let addresses = addresses.await.map_err(|_| late("the host was not looked up"))??;
        let stream = self.connect(&addresses, deadline).await?;
        if !target.secure() {
            let sent = timeout_at(deadline, send(stream, request, most));
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
        timeout_at(deadline, send(stream, request, most)).await.map_err(|_| late("no complete answer"))?
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

async fn send<S>(stream: S, request: Request<Full<Bytes>>, most: Option<usize>) -> Result<Response<Bytes>, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let lost = |error: &(dyn Error + 'static)| Failure::new("answer", format!("no complete answer: {}", chain(error)));
    let handshake = http1::Builder::new().max_buf_size(MOST_HEAD).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| lost(&error))?;
    let connection = tokio::spawn(connection);
    // It ends with this call, whatever the host goes on sending.
    let _end = AbortOnDrop(connection.abort_handle());
    let (head, body) = sender.send_request(request).await.map_err(|error| lost(&error))?.into_parts();
    let body = match most {
        None => Bytes::new(),
        Some(most) => Limited::new(body, most).collect().await.map_err(|error| lost(&*error))?.to_bytes(),
    };
    Ok(Response::from_parts(head, body))
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

    use vru_runtime::networks::Network;

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
        let allowed: Vec<Network> = allowed.split_whitespace().map(|network| network.parse().unwrap()).collect();
        let reach = Reach::new(&allowed, "webhooks.allowed_networks");
        Outbound::with_lookup(Path::new(""), reach, Duration::from_secs(5), lookup).unwrap()
    }

    #[tokio::test]
    async fn a_host_is_looked_up_once_and_no_name_leads_to_a_forbidden_address() {
        let (address, connections) = listener().await;
        let public = SocketAddr::from(([192, 0, 2, 1], address.port()));
        let get = async |outbound: &Outbound, url: &str| {
            let answer = outbound.exchange(url, Method::GET, &HeaderMap::new(), "", Some(1024)).await;
            answer.map(|answer| answer.status().as_u16())
        };
        // The name moves between two look-ups, as the names of an attacker do.
        for answers in [vec![vec![address]], vec![vec![public, address]], vec![vec![address, public]]] {
            let (lookup, asked) = lookups(answers);
            let outbound = outbound("192.0.2.0/24", lookup);
            let url = "https://rebinding.example.org/";
            let failure = get(&outbound, url).await.unwrap_err();
            assert_eq!(failure.reason, "forbidden", "{failure:?}");
            assert!(failure.text.contains("127.0.0.1, which is loopback"), "{failure:?}");
            assert_eq!((asked.load(Ordering::SeqCst), connections.load(Ordering::SeqCst)), (1, 0));
        }
        // What was checked is what is connected to: a second look-up would lead elsewhere.
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        let (lookup, asked) = lookups(vec![vec![address], vec![nowhere]]);
        let outbound = outbound("127.0.0.0/8", lookup);
        let url = format!("http://localhost:{}/", address.port());
        assert_eq!(get(&outbound, &url).await, Ok(204));
        assert_eq!((asked.load(Ordering::SeqCst), connections.load(Ordering::SeqCst)), (1, 1));
    }
}
