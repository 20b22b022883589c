//! A camera that follows a script: an RTSP server with faults that no real server can be made to have.

mod connection;
pub mod login;
pub mod stream;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use vru_proto::v1::{PullSource, RtspTransport};

use connection::Connection;
use login::{LoginCounts, LoginScript};
use stream::RecordedStream;

/// What the camera sends after PLAY.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sends {
    /// The recorded pictures.
    #[default]
    Video,
    /// Random bytes in well-formed interleaved frames.
    FramedGarbage,
    /// Random bytes where an interleaved frame should start.
    UnframedGarbage,
}

/// The camera's behaviour. It can be changed while the camera runs.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// It answers every request with 401 and closes connections that play.
    pub refuses: bool,
    /// Who may log in, and how.
    pub login: Option<LoginScript>,
    /// It answers DESCRIBE with this status line, and repeats the URL in it.
    pub refuses_describe: Option<&'static str>,
    /// It answers DESCRIBE with a redirect to this URL.
    pub redirect: Option<String>,
    /// It answers SETUP with random bytes.
    pub garbage_for_setup: bool,
    pub sends: Sends,
    /// Replaces the true `sprop-parameter-sets`.
    pub parameter_sets: Option<String>,
    /// Changes each RTP packet before it is sent.
    pub spoil: Option<fn(&mut Vec<u8>)>,
    /// How far the clock in its sender reports is ahead, in microseconds.
    pub clock_ahead_us: i64,
    /// How many of a thousand packets are lost.
    pub lost_permille: u32,
    /// How many of a thousand packets are sent a few packets late.
    pub late_permille: u32,
}

/// State that all connections share.
#[derive(Debug)]
struct Shared {
    script: Mutex<Script>,
    stream: Arc<RecordedStream>,
    seed: u64,
    connections: AtomicU64,
    lost_packets: AtomicU64,
    logins: LoginCounts,
    /// The lines of all requests that were granted.
    requests: Mutex<Vec<String>>,
    /// Capture time of the newest connection's first picture, in microseconds since the Unix epoch.
    first_picture_us: AtomicI64,
}

/// A running camera. It stops when dropped.
#[derive(Debug)]
pub struct ScriptedCamera {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl ScriptedCamera {
    /// Starts the camera. Its random faults depend on the seed only.
    pub async fn start(stream: Arc<RecordedStream>, script: Script, seed: u64) -> Self {
        Self::start_with(stream, script, seed, None).await
    }

    /// Starts a camera that expects TLS.
    pub async fn start_tls(stream: Arc<RecordedStream>, script: Script, seed: u64, tls: TlsAcceptor) -> Self {
        Self::start_with(stream, script, seed, Some(tls)).await
    }

    async fn start_with(stream: Arc<RecordedStream>, script: Script, seed: u64, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            stream,
            seed,
            connections: AtomicU64::new(0),
            lost_packets: AtomicU64::new(0),
            logins: LoginCounts::default(),
            requests: Mutex::default(),
            first_picture_us: AtomicI64::new(0),
        });
        let task = tokio::spawn(accept(listener, shared.clone(), tls));
        Self { address, shared, task }
    }

    /// Changes its behaviour for present and future connections.
    pub fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.shared.script.lock());
    }

    /// The number of connections so far.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The number of RTP packets that it has dropped.
    pub fn lost_packets(&self) -> u64 {
        self.shared.lost_packets.load(Ordering::SeqCst)
    }

    /// Capture time of the newest connection's first picture, by the camera's clock, in microseconds since the Unix epoch.
    pub fn first_picture_us(&self) -> i64 {
        self.shared.first_picture_us.load(Ordering::SeqCst)
    }

    /// How many log-ins it has granted and refused. Each request with a log-in counts.
    pub fn logins(&self) -> (u64, u64) {
        let counts = &self.shared.logins;
        (counts.granted.load(Ordering::SeqCst), counts.refused.load(Ordering::SeqCst))
    }

    /// The lines of all requests that it has granted.
    pub fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().clone()
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The configuration to pull from it.
    pub fn source(&self, transport: RtspTransport) -> PullSource {
        let url = format!("rtsp://{}/live", self.address);
        PullSource { url, transport: transport as i32, ..PullSource::default() }
    }
}

impl Drop for ScriptedCamera {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, tls: Option<TlsAcceptor>) {
    // The connections end with the camera.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, peer)) = listener.accept().await {
        let number = shared.connections.fetch_add(1, Ordering::SeqCst);
        let connection = Connection::new(shared.clone(), peer, number);
        let tls = tls.clone();
        connections.spawn(async move {
            // Tests disconnect on purpose.
            match tls {
                None => drop(connection.serve(stream).await),
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        drop(connection.serve(stream).await);
                    }
                }
            }
        });
    }
}
