//! A slow upload link: bytes reach the service slowly, its answers return at once.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const PAUSE: Duration = Duration::from_millis(100);
/// Bytes between two pauses: at first, when most has passed, and when the line is fast.
const PIECE: usize = 512;
const CRUMB: usize = 16;
const FAST: usize = 65_536;

pub struct SlowLine {
    pub address: SocketAddr,
    pace: Arc<Pace>,
}

struct Pace {
    /// Bytes that may still pass at the first pace. The others do not end before the line is fast.
    left: AtomicUsize,
    fast: CancellationToken,
}

impl SlowLine {
    pub fn start(runtime: &Runtime, to: SocketAddr, left: usize) -> Self {
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let pace = Arc::new(Pace { left: AtomicUsize::new(left), fast: CancellationToken::new() });
        let all = pace.clone();
        runtime.spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(carry(client, to, all.clone()));
            }
        });
        Self { address, pace }
    }

    pub fn speed_up(&self) {
        self.pace.fast.cancel();
    }
}

impl Pace {
    fn piece(&self) -> usize {
        match (self.fast.is_cancelled(), self.left.load(Ordering::Relaxed)) {
            (true, _) => FAST,
            (false, 0) => CRUMB,
            (false, left) => left.min(PIECE),
        }
    }

    async fn passed(&self, bytes: usize) {
        self.left.store(self.left.load(Ordering::Relaxed).saturating_sub(bytes), Ordering::Relaxed);
        self.fast.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
    }
}

/// Ends with either side.
async fn carry(client: TcpStream, to: SocketAddr, pace: Arc<Pace>) {
    let Ok(server) = TcpStream::connect(to).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let forth = async {
        let mut buffer = vec![0; FAST];
        loop {
            match from_client.read(&mut buffer[..pace.piece()]).await {
                Ok(bytes) if bytes > 0 && to_server.write_all(&buffer[..bytes]).await.is_ok() => {
                    pace.passed(bytes).await;
                }
                _ => return,
            }
        }
    };
    tokio::select! {
        () = forth => {}
        _ = copy(&mut from_server, &mut to_client) => {}
    }
}
