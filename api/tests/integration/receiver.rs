//! A target of webhooks: a real server of HTTP or HTTPS that answers as a test says, well or badly.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use vru_runtime::test_util::IssuedCertificate;
use vru_runtime::tls::ServerTls;

/// What it got.
#[derive(Debug, Clone)]
pub struct Received {
    /// Method and path.
    pub request: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    /// It was answered with 2xx.
    pub accepted: bool,
}

impl Received {
    pub fn event(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    pub fn id(&self) -> &str {
        &self.headers["vru-event-id"]
    }

    pub fn camera(&self) -> String {
        self.event()["camera_id"].as_str().unwrap_or_default().to_owned()
    }
}

/// How it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Status(u16),
    /// As it stands.
    Raw(&'static str),
    /// Nothing, and the connection stays.
    Hang,
    /// The connection ends without an answer.
    Drop,
    /// A good head, and a body without end.
    EndlessBody,
    /// A head without end.
    EndlessHead,
}

type Behaviour = Box<dyn FnMut(&Received) -> Reply + Send>;

struct State {
    received: Vec<Received>,
    behaviour: Behaviour,
}

pub struct Receiver {
    pub address: SocketAddr,
    tls: Option<ServerTls>,
    state: Arc<std::sync::Mutex<State>>,
    task: AbortHandle,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// Accepts everything.
    pub fn start() -> Self {
        Self::start_with(None)
    }

    pub fn start_tls(certificate: &IssuedCertificate) -> Self {
        let files = (&certificate.certificate, &certificate.key);
        let tls = ServerTls::start("test", files.0, files.1, &[], CancellationToken::new()).expect("a certificate");
        Self::start_with(Some(tls))
    }

    fn start_with(tls: Option<ServerTls>) -> Self {
        let behaviour: Behaviour = Box::new(|_| Reply::Status(200));
        let state = Arc::new(std::sync::Mutex::new(State { received: Vec::new(), behaviour }));
        let (address, task) = serve(SocketAddr::from(([127, 0, 0, 1], 0)), tls.clone(), state.clone());
        Self { address, tls, state, task }
    }

    /// The connections end, and nobody listens any more.
    pub fn kill(&self) {
        self.task.abort();
    }

    /// After [`Self::kill`], at the same address.
    pub fn restart(&mut self) {
        self.task = serve(self.address, self.tls.clone(), self.state.clone()).1;
    }

    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://localhost:{}/in?from=vru", self.address.port())
    }

    pub fn answer(&self, behaviour: impl FnMut(&Received) -> Reply + Send + 'static) {
        self.state.lock().expect("no panic").behaviour = Box::new(behaviour);
    }

    pub fn received(&self) -> Vec<Received> {
        self.state.lock().expect("no panic").received.clone()
    }

    /// The ids of what it accepted, in this order.
    pub fn accepted(&self) -> Vec<String> {
        self.received().iter().filter(|received| received.accepted).map(|received| received.id().to_owned()).collect()
    }
}

fn serve(
    address: SocketAddr,
    tls: Option<ServerTls>,
    state: Arc<std::sync::Mutex<State>>,
) -> (SocketAddr, AbortHandle) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("a socket");
    socket.bind(address).expect("a free port");
    let listener: TcpListener = socket.listen(64).expect("a listener");
    let address = listener.local_addr().expect("an address");
    let task = tokio::spawn(async move {
        // They end with the listener.
        let mut connections = tokio::task::JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let (tls, state) = (tls.clone(), state.clone());
            connections.spawn(async move {
                match tls {
                    None => answer(stream, &state).await,
                    Some(tls) => match TlsAcceptor::from(tls.current()).accept(stream).await {
                        Ok(stream) => answer(stream, &state).await,
                        Err(error) => Err(error),
                    },
                }
            });
            while connections.try_join_next().is_some() {}
        }
    });
    (address, task.abort_handle())
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin>(stream: S, state: &std::sync::Mutex<State>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let header = |line: &String| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: BTreeMap<String, String> = lines[1..].iter().filter_map(header).collect();
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().expect("a number"))];
    stream.read_exact(&mut body).await?;
    let request = lines[0].clone();
    let mut received = Received { request, headers, body: String::from_utf8(body).expect("a text"), accepted: false };
    let reply = {
        let mut state = state.lock().expect("no panic");
        let reply = (state.behaviour)(&received);
        received.accepted = matches!(reply, Reply::Status(200..=299) | Reply::EndlessBody);
        state.received.push(received);
        reply
    };
    match reply {
        Reply::Status(status) => {
            stream.write_all(format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n").as_bytes()).await?;
        }
        Reply::Raw(text) => stream.write_all(text.as_bytes()).await?,
        Reply::Hang => std::future::pending().await,
        Reply::Drop => {}
        Reply::EndlessBody => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
            loop {
                stream.write_all(b"4\r\nvru \r\n").await?;
            }
        }
        Reply::EndlessHead => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
            loop {
                stream.write_all(b"x-more: and more\r\n").await?;
            }
        }
    }
    stream.shutdown().await
}
