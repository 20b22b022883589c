//! Viewers that count what they get.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use tokio::task::JoinSet;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

/// Nothing more comes when nothing came for so long.
const QUIET: Duration = Duration::from_millis(500);

/// Many viewers, who leave when this is dropped.
pub struct Crowd {
    viewers: Vec<Arc<AtomicU64>>,
    last: Arc<Mutex<Bytes>>,
    #[expect(dead_code, reason = "it ends its tasks when it is dropped")]
    tasks: JoinSet<()>,
}

impl Crowd {
    /// Connects this many viewers, each of which says `hello` first.
    pub async fn gather(address: &str, cookie: Option<&str>, hello: Option<&str>, count: usize) -> Self {
        let viewers: Vec<Arc<AtomicU64>> = (0..count).map(|_| Arc::default()).collect();
        let (last, mut tasks) = (Arc::<Mutex<Bytes>>::default(), JoinSet::new());
        for (number, received) in viewers.iter().enumerate() {
            let mut request = address.into_client_request().expect("a request");
            if let Some(cookie) = cookie {
                request.headers_mut().insert("cookie", cookie.parse().expect("a value"));
            }
            let (mut socket, _) = connect_async(request).await.expect("it takes viewers");
            if let Some(hello) = hello {
                socket.send(Message::text(hello)).await.expect("it listens");
            }
            let received = received.clone();
            let last = (number == 0).then(|| last.clone());
            tasks.spawn(async move {
                while let Some(message) = socket.next().await {
                    if let Message::Binary(bytes) = message.expect("the connection is whole") {
                        received.fetch_add(1, Ordering::Relaxed);
                        if let Some(last) = &last {
                            *last.lock() = bytes;
                        }
                    }
                }
            });
        }
        Self { viewers, last, tasks }
    }

    /// Binary messages of all viewers so far.
    pub fn received(&self) -> u64 {
        self.viewers.iter().map(|received| received.load(Ordering::Relaxed)).sum()
    }

    pub fn everybody_has_one(&self) -> bool {
        self.viewers.iter().all(|received| received.load(Ordering::Relaxed) > 0)
    }

    /// The last message of the first viewer.
    pub fn last_message(&self) -> Bytes {
        self.last.lock().clone()
    }

    /// Waits until nothing more comes.
    pub async fn settle(&self) {
        let mut before = self.received();
        loop {
            tokio::time::sleep(QUIET).await;
            let now = self.received();
            if now == before {
                return;
            }
            before = now;
        }
    }
}
