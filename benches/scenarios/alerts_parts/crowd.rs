//! A thousand subscribers.

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

// Below the number of streams per connection that servers commonly allow.
const STREAMS_PER_CONNECTION: usize = 100;

/// Subscribers of one server, each on a stream of its own; several streams share a connection.
#[derive(Debug)]
pub struct Crowd {
    size: usize,
    counts: Arc<CrowdCounts>,
    waited_for: AtomicUsize,
}

#[derive(Debug, Default)]
struct CrowdCounts {
    alerts: AtomicUsize,
    latencies_us: Mutex<Vec<i64>>,
    last: Mutex<SubscribeResponse>,
}

impl Crowd {
    /// Subscribes so many, and returns when each has had its first response.
    pub async fn gather(address: &str, size: usize) -> Self {
        let counts = Arc::new(CrowdCounts::default());
        for _ in 0..size / STREAMS_PER_CONNECTION {
            let endpoint = Channel::from_shared(format!("http://{address}")).expect("a plain address");
            let mut client = AlertsClient::new(endpoint.connect().await.expect("the server listens"));
            for _ in 0..STREAMS_PER_CONNECTION {
                let answer = client.subscribe(SubscribeRequest::default()).await.expect("there is room");
                let mut stream = answer.into_inner();
                let first = stream.message().await.expect("a stream begins").expect("a first response");
                assert!(matches!(first.event, Some(Event::Subscribed(_))), "the first response is {:?}", first.event);
                tokio::spawn(follow(stream, counts.clone()));
            }
        }
        Self { size, counts, waited_for: AtomicUsize::new(0) }
    }

    /// Waits until each subscriber has received `count` more alerts.
    pub async fn wait_for(&self, count: usize, deadline: Duration) {
        let started = Instant::now();
        let wanted = self.waited_for.fetch_add(count * self.size, Ordering::Relaxed) + count * self.size;
        loop {
            let have = self.counts.alerts.load(Ordering::Relaxed);
            assert!(have <= wanted, "an alert came twice: {have} of {wanted}");
            if have == wanted {
                return;
            }
            assert!(started.elapsed() < deadline, "{have} of {wanted} alerts came");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// One of the first responses.
    pub fn last_response(&self) -> SubscribeResponse {
        self.counts.last.lock().clone()
    }

    /// Deletes the latencies that were measured so far.
    pub fn forget_latencies(&self) {
        self.counts.latencies_us.lock().clear();
    }

    /// A quantile of the latencies, milliseconds.
    pub fn latency_ms(&self, quantile: f64) -> f64 {
        let mut latencies = self.counts.latencies_us.lock().clone();
        latencies.sort_unstable();
        let at = ((latencies.len() as f64 * quantile) as usize).min(latencies.len().saturating_sub(1));
        latencies[at] as f64 / 1e3
    }
}

async fn follow(mut stream: Streaming<SubscribeResponse>, counts: Arc<CrowdCounts>) {
    // The stream ends with its server. If it ends early, `wait_for` misses its alerts.
    while let Ok(Some(response)) = stream.message().await {
        let Some(Event::Alert(alert)) = &response.event else { continue };
        let latency = now_us() - alert.emitted_at_us;
        counts.latencies_us.lock().push(latency);
        if counts.alerts.load(Ordering::Relaxed) == 0 {
            *counts.last.lock() = response;
        }
        counts.alerts.fetch_add(1, Ordering::Relaxed);
    }
}
