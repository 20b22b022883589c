//! A camera that does what a script says: an RTSP server written for its faults, which no real server would commit.

mod connection;
pub mod stream;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use vru_proto::v1::{PullSource, RtspTransport};

use connection::Connection;
use stream::RecordedStream;

/// What the camera does with its stream after PLAY.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sends {
    /// What it has recorded.
    #[default]
    Video,
    /// Random bytes in well-formed interleaved frames.
    FramedGarbage,
    /// Random bytes where a frame should begin.
    UnframedGarbage,
}

/// What the camera does; it may be changed while it runs.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// It answers 401 to whatever comes, and cuts who watches.
    pub refuses: bool,
    /// It answers SETUP with random bytes.
    pub garbage_for_setup: bool,
    /// What comes after PLAY.
    pub sends: Sends,
    /// `sprop-parameter-sets` in place of the true ones.
    pub parameter_sets: Option<String>,
    /// Done to each RTP packet before it is sent.
    pub spoil: Option<fn(&mut Vec<u8>)>,
    /// How far the clock of its sender reports is ahead, microseconds.
    pub clock_ahead_us: i64,
    /// Of a thousand packets so many are lost.
    pub lost_permille: u32,
    /// Of a thousand packets so many come a few packets late.
    pub late_permille: u32,
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    script: Mutex<Script>,
    stream: Arc<RecordedStream>,
    seed: u64,
    connections: AtomicU64,
    lost_packets: AtomicU64,
}

/// A running camera. It ends when dropped.
#[derive(Debug)]
pub struct ScriptedCamera {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl ScriptedCamera {
    /// Listens. Its faults follow from the seed.
    pub async fn start(stream: Arc<RecordedStream>, script: Script, seed: u64) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            stream,
            seed,
            connections: AtomicU64::new(0),
            lost_packets: AtomicU64::new(0),
        });
        let task = tokio::spawn(accept(listener, shared.clone()));
        Self { address, shared, task }
    }

    /// Changes what it does, for who watches now and for who comes.
    pub fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.shared.script.lock());
    }

    /// How many have connected so far.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many RTP packets it has thrown away.
    pub fn lost_packets(&self) -> u64 {
        self.shared.lost_packets.load(Ordering::SeqCst)
    }

    /// Where it is pulled from.
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

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // They end with the camera.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, peer)) = listener.accept().await {
        let number = shared.connections.fetch_add(1, Ordering::SeqCst);
        let connection = Connection::new(shared.clone(), peer, number);
        connections.spawn(async move {
            // A client that leaves is what tests are about.
            drop(connection.serve(stream).await);
        });
    }
}
