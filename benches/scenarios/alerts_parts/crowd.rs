//! Many subscribers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tonic::Streaming;
use tonic::transport::Channel;
use vru_proto::v1::alerts_client::AlertsClient;
use vru_proto::v1::subscribe_response::Event;
use vru_proto::v1::{SubscribeRequest, SubscribeResponse};
use vru_runtime::clock::now_us;

// Below the number of streams that servers commonly allow on one connection.
const A_CONNECTION: usize = 100;

/// Subscribers of one server, each on a stream of its own, some to a connection.
#[derive(Debug)]
pub struct Crowd {
    size: usize,
    seen: Arc<Seen>,
    waited_for: AtomicUsize,
}

#[derive(Debug, Default)]
struct Seen {
    alerts: AtomicUsize,
    latencies_us: Mutex<Vec<i64>>,
    last: Mutex<SubscribeResponse>,
}

impl Crowd {
    /// Subscribes so many, and returns when each has had its first response.
    pub async fn gather(address: &str, size: usize) -> Self {
        let seen = Arc::new(Seen::default());
        for _ in 0..size / A_CONNECTION {
            let endpoint = Channel::from_shared(format!("http://{address}")).expect("a plain address");
            let mut client = AlertsClient::new(endpoint.connect().await.expect("the server listens"));
            for _ in 0..A_CONNECTION {
                let answer = client.subscribe(SubscribeRequest::default()).await.expect("there is room");
                let mut stream = answer.into_inner();
                let first = stream.message().await.expect("a stream begins").expect("a first response");
                assert!(matches!(first.event, Some(Event::Subscribed(_))), "the first response is {:?}", first.event);
                tokio::spawn(follow(stream, seen.clone()));
            }
        }
        Self { size, seen, waited_for: AtomicUsize::new(0) }
    }

    /// Until each subscriber has so many alerts more.
    pub async fn wait_for(&self, count: usize, deadline: Duration) {
        let started = Instant::now();
        let wanted = self.waited_for.fetch_add(count * self.size, Ordering::Relaxed) + count * self.size;
        loop {
            let have = self.seen.alerts.load(Ordering::Relaxed);
            assert!(have <= wanted, "an alert came twice: {have} of {wanted}");
            if have == wanted {
                return;
            }
            assert!(started.elapsed() < deadline, "{have} of {wanted} alerts came");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// One of those that came last.
    pub fn last_response(&self) -> SubscribeResponse {
        self.seen.last.lock().clone()
    }

    /// Forgets how long alerts took so far.
    pub fn forget_latencies(&self) {
        self.seen.latencies_us.lock().clear();
    }

    /// A quantile of how long alerts took, milliseconds.
    pub fn latency_ms(&self, quantile: f64) -> f64 {
        let mut latencies = self.seen.latencies_us.lock().clone();
        latencies.sort_unstable();
        let at = ((latencies.len() as f64 * quantile) as usize).min(latencies.len().saturating_sub(1));
        latencies[at] as f64 / 1e3
    }
}

async fn follow(mut stream: Streaming<SubscribeResponse>, seen: Arc<Seen>) {
    // It ends with its server; one that ends early is missed by those who wait for its alerts.
    while let Ok(Some(response)) = stream.message().await {
        let Some(Event::Alert(alert)) = &response.event else { continue };
        let latency = now_us() - alert.emitted_at_us;
        seen.latencies_us.lock().push(latency);
        if seen.alerts.load(Ordering::Relaxed) == 0 {
            *seen.last.lock() = response;
        }
        seen.alerts.fetch_add(1, Ordering::Relaxed);
    }
}
