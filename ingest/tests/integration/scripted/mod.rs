//! A camera that follows a script: an RTSP server with faults that no real server can be made to have.

mod connection;
pub mod dialogue;
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
use dialogue::Dialogue;
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

/// From which synchronisation sources (SSRCs) the camera sends its packets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sources {
    /// From one.
    #[default]
    One,
    /// From another one after so many pictures, with other sequence numbers and timestamps.
    NewAfter(usize),
    /// Each packet comes from another one. Sequence numbers go on.
    NewForEachPacket,
    /// Behind each packet comes one of another encoder, each time from the same other source.
    Mixed,
    /// Behind each packet come two of another encoder, from a source that never comes again.
    MixedPairs,
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
    /// Added to the timestamps of packets and sender reports.
    pub rtp_ahead: u32,
    /// Replaces the synchronisation source.
    pub ssrc: Option<u32>,
    /// From which sources it sends the packets.
    pub sources: Sources,
    /// It sends no sender reports.
    pub no_reports: bool,
    /// How it wants to be kept alive.
    pub keep_alive: Option<KeepAliveScript>,
    /// It speaks as this file says.
    pub dialogue: Option<Arc<Dialogue>>,
    /// How many of a thousand packets are lost.
    pub lost_permille: u32,
    /// How many of a thousand packets are sent a few packets late.
    pub late_permille: u32,
}

/// Its sessions end after two seconds without a sign of life. It does not end them, so that tests do not depend on the machine's speed.
#[derive(Debug, Clone, Copy)]
pub struct KeepAliveScript {
    /// The `Public` header.
    pub public: Option<&'static str>,
    /// The only request that keeps a session alive.
    pub knows: &'static str,
    /// The status with which it refuses others while it plays.
    pub refusal: &'static str,
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
    /// RTCP packets that came on the connection.
    rtcp_packets: AtomicU64,
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
            rtcp_packets: AtomicU64::new(0),
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

    /// The number of RTCP packets that came over TCP.
    pub fn rtcp_packets(&self) -> u64 {
        self.shared.rtcp_packets.load(Ordering::SeqCst)
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
