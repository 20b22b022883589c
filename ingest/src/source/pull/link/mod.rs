//! The link between `rtspsrc` and a camera. `rtspsrc` of GStreamer 1.22 knows neither digests with SHA-256 nor pinned certificates,
//! repeats a wrong log-in until the camera locks it out, and sends no keep-alives while it receives over TCP. So ingest connects to
//! the camera itself, and `rtspsrc` connects to ingest, on the loopback interface. The link logs in and keeps the session alive;
//! everything else passes through it.
//!
//! ```text
//! rtspsrc ──loopback──▶ Link ──TCP or TLS──▶ camera
//!            wire (framing) · exchange (log-in: challenge, answer; keep_alive) · dial, tls
//! ```
//!
//! Once the camera plays, its RTP packets take a shorter way (`PacketPath`).

mod answer;
mod challenge;
mod description;
mod dial;
mod exchange;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod keep_alive;
mod packet_path;
pub(super) mod threads;
mod tls;
mod wire;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use rand::RngCore as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use vru_proto::camera_url::CameraUrl;
use vru_runtime::cameras::Login;

use crate::source::Phase;

pub(super) use dial::Dial;
use dial::Stream;
use exchange::{Exchange, Next};
pub(super) use packet_path::{PacketPath, SessionPad};
use wire::{Framer, Message, Piece, WireError};

/// How many redirects are followed.
const MAX_REDIRECTS: u32 = 3;
/// Local connections that have not shown that they are `rtspsrc`.
const MAX_STRANGERS: usize = 16;
/// How often the time since the last request is checked.
const KEEP_ALIVE_CHECK: Duration = Duration::from_millis(500);
/// How long a local connection may take for its first request.
const FIRST_REQUEST: Duration = Duration::from_secs(10);

/// Why a link ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error("it did not accept the connection in time")]
    TimedOut,
    #[error("its host name cannot be resolved: {0}")]
    Lookup(io::Error),
    /// The address that the host leads to, and what it is.
    #[error("it is at {0}, which is {1}")]
    Forbidden(IpAddr, &'static str),
    #[error("cannot connect: {0}")]
    Connect(io::Error),
    #[error("{0}")]
    Tls(String),
    #[error("{0}")]
    TlsSettings(String),
    /// The status with which the camera answered the log-in.
    #[error("{0}")]
    Refused(&'static str),
    #[error("a log-in is needed")]
    Missing,
    /// What the camera offers.
    #[error("unknown methods: {0}")]
    Unsupported(String),
    #[error("{0}")]
    Broken(String),
}

impl From<io::Error> for LinkError {
    fn from(error: io::Error) -> Self {
        Self::Broken(format!("the connection broke: {error}"))
    }
}

impl From<WireError> for LinkError {
    fn from(error: WireError) -> Self {
        Self::Broken(error.to_string())
    }
}

/// A connection to a camera that waits for `rtspsrc`.
pub(super) struct Link {
    /// Until `rtspsrc` has connected.
    listener: Option<TcpListener>,
    location: String,
    /// `rtspsrc`, when the link has ended: it is disconnected only after the link's error is known, because it fails then too.
    client: Option<TcpStream>,
    camera: Box<dyn Stream>,
    from_camera: Framer,
    address: IpAddr,
    url: String,
    exchange: Exchange,
    packets: PacketPath,
    dial: Dial,
    redirects: u32,
    last_request: Instant,
    accepted: watch::Sender<bool>,
}

impl Link {
    /// Connects to the camera. `url` has no placeholders.
    pub(super) async fn open(
        url: String,
        login: Option<Login>,
        dial: Dial,
        packets: PacketPath,
    ) -> Result<Self, LinkError> {
        let parsed = CameraUrl::parse(&url).map_err(|problem| LinkError::Broken(format!("the URL {problem}")))?;
        let (camera, address) = dial.connect(&parsed).await?;
        // `rtspsrc` receives UDP on addresses of the same family as its connection.
        let loopback = match address.ip() {
            IpAddr::V4(_) => IpAddr::from(Ipv4Addr::LOCALHOST),
            IpAddr::V6(_) => IpAddr::from(Ipv6Addr::LOCALHOST),
        };
        let listen = async {
            let listener = TcpListener::bind((loopback, 0)).await?;
            let own = listener.local_addr()?;
            Ok((listener, own))
        };
        let (listener, own) = listen.await.map_err(|error: io::Error| LinkError::Broken(error.to_string()))?;
        let mut token = [0; 16];
        rand::rng().fill_bytes(&mut token);
        let location = format!("rtsp://{own}/{}", hex::encode(token));
        let exchange = Exchange::new(location.clone(), url.clone(), login);
        Ok(Self {
            listener: Some(listener),
            location,
            client: None,
            camera,
            from_camera: Framer::default(),
            address: address.ip(),
            url,
            exchange,
            packets,
            dial,
            redirects: 0,
            last_request: Instant::now(),
            accepted: watch::Sender::new(false),
        })
    }

    /// The URL for `rtspsrc`. Nobody else knows it.
    pub(super) fn location(&self) -> &str {
        &self.location
    }

    /// Becomes true when the camera has accepted the log-in.
    pub(super) fn accepted(&self) -> watch::Receiver<bool> {
        self.accepted.subscribe()
    }

    /// Passes everything on until one side closes its connection (Ok) or the camera cannot be used.
    pub(super) async fn run(&mut self) -> Result<(), LinkError> {
        let (mut client, first) = self.accept().await?;
        let result = self.pass_on(&mut client, first).await;
        self.client = Some(client);
        result
    }

    async fn pass_on(&mut self, client: &mut TcpStream, first: Message) -> Result<(), LinkError> {
        let mut from_client = Framer::default();
        let mut check = tokio::time::interval(KEEP_ALIVE_CHECK);
        self.client_sent(Piece::Message(first)).await?;
        loop {
            tokio::select! {
                _ = check.tick() => self.keep_alive().await?,
                read = client.read_buf(from_client.buffer()) => {
                    // `rtspsrc` ends by itself or because it failed, and tells why on its bus.
                    if !matches!(read, Ok(1..)) {
                        return Ok(());
                    }
                    while let Some(piece) = from_client.next()? {
                        self.client_sent(piece).await?;
                    }
                }
                read = self.camera.read_buf(self.from_camera.buffer()) => {
                    if read? == 0 {
                        return Self::end(client).await;
                    }
                    while let Some(piece) = self.from_camera.next()? {
                        if !self.camera_sent(piece, client).await? {
                            return Ok(());
                        }
                    }
                }
            }
        }
    }

    /// Waits for `rtspsrc`. Other programs of this host may connect too, but do not know the token.
    async fn accept(&mut self) -> Result<(TcpStream, Message), LinkError> {
        let Some(listener) = self.listener.take() else { return Err(LinkError::Broken("it was run twice".to_owned())) };
        let mut strangers = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept(), if strangers.len() < MAX_STRANGERS => {
                    let (stream, _) = accepted?;
                    strangers.spawn(first_request(stream, self.location.clone()));
                }
                Some(known) = strangers.join_next() => {
                    if let Ok(Some(known)) = known {
                        return Ok(known);
                    }
                }
            }
        }
    }

    async fn client_sent(&mut self, piece: Piece) -> Result<(), LinkError> {
        match piece {
            Piece::Frames(bytes) => self.send_camera(&bytes).await,
            Piece::Message(message) if message.is_response() => self.send_camera(&message.encode()).await,
            Piece::Message(message) => {
                let (method, _) = message.method_and_uri();
                self.packets.requested(method);
                self.dial.facts.reach(Phase::Request(method.to_owned()));
                let request = self.exchange.request(message)?;
                self.last_request = Instant::now();
                self.send_camera(&request).await
            }
        }
    }

    async fn keep_alive(&mut self) -> Result<(), LinkError> {
        if self.exchange.longest_silence().is_some_and(|longest| self.last_request.elapsed() >= longest)
            && let Some(request) = self.exchange.keep_alive()
        {
            self.last_request = Instant::now();
            self.send_camera(&request).await?;
        }
        Ok(())
    }

    /// False when `rtspsrc` has closed its connection.
    async fn camera_sent(&mut self, piece: Piece, client: &mut TcpStream) -> Result<bool, LinkError> {
        let bytes = match piece {
            Piece::Frames(frames) => {
                for part in self.packets.take(&frames) {
                    if client.write_all(&frames[part]).await.is_err() {
                        return Ok(false);
                    }
                }
                return Ok(true);
            }
            Piece::Message(message) if !message.is_response() => message.encode(),
            Piece::Message(message) => {
                let status = message.status();
                match self.exchange.response(self.noted(message), self.address)? {
                    Next::Pass(bytes) => {
                        self.packets.answered(status);
                        bytes
                    }
                    Next::Ask(request) => {
                        self.send_camera(&request).await?;
                        return Ok(true);
                    }
                    Next::Redirect(url) => {
                        self.redirect(url).await?;
                        return Ok(true);
                    }
                    Next::Nothing => return Ok(true),
                }
            }
        };
        self.accepted.send_if_modified(|accepted| std::mem::replace(accepted, self.exchange.accepted()) != *accepted);
        Ok(client.write_all(&bytes).await.is_ok())
    }

    fn noted(&self, response: Message) -> Message {
        let line = response.start.split_once(' ').map_or("", |(_, line)| line);
        self.dial.facts.answered(response.status(), line, response.header("Server"));
        response
    }

    async fn send_camera(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        self.camera.write_all(bytes).await?;
        Ok(self.camera.flush().await?)
    }

    /// Follows a redirect. The log-in goes to the configured host only, and never to a connection that is less safe.
    async fn redirect(&mut self, target: String) -> Result<(), LinkError> {
        self.redirects += 1;
        let from = CameraUrl::parse(&self.url).map_err(|problem| LinkError::Broken(problem.to_owned()))?;
        let to = CameraUrl::parse(&target)
            .map_err(|problem| LinkError::Broken(format!("it redirects to a URL that {problem}")))?;
        if self.redirects > MAX_REDIRECTS {
            return Err(LinkError::Broken("it redirects again and again".to_owned()));
        }
        if from.tls && !to.tls {
            return Err(LinkError::Broken("it redirects from rtsps:// to rtsp://, which is not followed".to_owned()));
        }
        if self.exchange.has_login() && !from.host.eq_ignore_ascii_case(to.host) {
            let problem =
                format!("it redirects to {}, which does not get the credentials: configure that URL", to.host);
            return Err(LinkError::Broken(problem));
        }
        let (camera, address) = self.dial.connect(&to).await?;
        (self.camera, self.address, self.from_camera) = (camera, address.ip(), Framer::default());
        let requests = self.exchange.redirected(target.clone());
        self.url = target;
        self.send_camera(&requests).await
    }

    /// The camera has ended the stream: `rtspsrc` gets all that came before, and then ends by itself.
    async fn end(client: &mut TcpStream) -> Result<(), LinkError> {
        if client.shutdown().await.is_ok() {
            tokio::io::copy(client, &mut tokio::io::sink()).await.ok();
        }
        Ok(())
    }
}

/// Reads the first request of a local connection; `None` if it is not for this link.
async fn first_request(mut stream: TcpStream, location: String) -> Option<(TcpStream, Message)> {
    stream.set_nodelay(true).ok()?;
    let mut framer = Framer::default();
    let request = tokio::time::timeout(FIRST_REQUEST, async {
        loop {
            if stream.read_buf(framer.buffer()).await.ok()? == 0 {
                return None;
            }
            match framer.next().ok()? {
                Some(Piece::Message(message)) => return Some(message),
                Some(Piece::Frames(_)) => return None,
                None => {}
            }
        }
    });
    let request = request.await.ok()??;
    let ours = request
        .method_and_uri()
        .1
        .strip_prefix(&location)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    ours.then_some((stream, request))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use vru_runtime::cameras::References;

    use super::*;

    async fn ask(location: &str, port: u16) -> TcpStream {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        stream.write_all(format!("OPTIONS {location} RTSP/1.0\r\nCSeq: 1\r\n\r\n").as_bytes()).await.unwrap();
        stream
    }

    #[tokio::test]
    async fn only_who_knows_the_token_reaches_the_camera() {
        let camera = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("rtsp://{}/live", camera.local_addr().unwrap());
        let dial = Dial {
            tls: None,
            references: References::default(),
            networks: None,
            facts: Arc::default(),
            timeout: Duration::from_mins(1),
        };
        let packets = PacketPath::new(SessionPad::default());
        let mut link = Link::open(url.clone(), None, dial, packets).await.unwrap();
        let (mut camera, _) = camera.accept().await.unwrap();
        let location = link.location().to_owned();
        let port = CameraUrl::parse(&location).unwrap().port;
        let running = tokio::spawn(async move { link.run().await });

        let silent = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        for guess in ["rtsp://127.0.0.1/", &location[..location.len() - 1], &format!("{location}0"), "*"] {
            let mut stranger = ask(guess, port).await;
            assert_eq!(stranger.read(&mut [0; 8]).await.unwrap_or_default(), 0, "{guess} is answered");
        }
        let client = ask(&location, port).await;
        let mut request = vec![0; 1_024];
        let length = camera.read(&mut request).await.unwrap();
        let request = String::from_utf8_lossy(&request[..length]);
        assert!(request.starts_with(&format!("OPTIONS {url} RTSP/1.0\r\n")), "{request}");
        drop((silent, client));
        running.await.unwrap().unwrap();
    }
}
