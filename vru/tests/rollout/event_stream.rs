//! A client of a site's event stream, as a browser's `EventSource` is: whenever the stream ends, it comes back with the id of the last event.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use vru_runtime::test_util::wait_for;

use crate::api_load::ApiClient;
use crate::pipeline::DEADLINE;

const RECONNECT: Duration = Duration::from_millis(100);
/// Comments come every 15 s.
const SILENCE: Duration = Duration::from_secs(40);

#[derive(Debug, Default)]
pub struct Followed {
    /// The ids of raised alerts, in the order of their arrival.
    pub alerts: Vec<String>,
    pub gaps: usize,
    /// Streams that began.
    pub streams: usize,
    /// Why others did not, or ended.
    pub failures: Vec<String>,
    last_id: String,
    ready: usize,
}

/// Follows until the stop.
pub struct EventStream {
    followed: Arc<Mutex<Followed>>,
    task: JoinHandle<()>,
}

impl EventStream {
    /// Returns when every alert from now on will come.
    pub fn start(runtime: &Runtime, client: &ApiClient, site: &str) -> Self {
        let followed = Arc::new(Mutex::new(Followed::default()));
        let address = format!("http://{}{site}/events", client.address);
        let task = runtime.spawn(follow(address, client.cookie().to_owned(), followed.clone()));
        let stream = Self { followed, task };
        wait_for(DEADLINE, "the stream of events", || {
            let followed = stream.followed.lock();
            if followed.ready > 0 { Ok(()) } else { Err(format!("{followed:?}")) }
        });
        stream
    }

    /// Waits until every one of these alerts has come.
    pub fn wait_for_alerts(&self, ids: &BTreeSet<String>) {
        wait_for(DEADLINE, "all alerts in the stream of events", || {
            let followed = self.followed.lock();
            let missing: Vec<_> = ids.iter().filter(|id| !followed.alerts.contains(id)).collect();
            if missing.is_empty() { Ok(()) } else { Err(format!("{missing:?} are missing in {followed:?}")) }
        });
    }

    /// What came up to now.
    pub fn stop(self) -> Followed {
        self.task.abort();
        std::mem::take(&mut *self.followed.lock())
    }
}

async fn follow(address: String, cookie: String, followed: Arc<Mutex<Followed>>) {
    let client: Client<HttpConnector, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    loop {
        if let Err(why) = read_stream(&client, &address, &cookie, &followed).await {
            followed.lock().failures.push(why);
        }
        tokio::time::sleep(RECONNECT).await;
    }
}

/// Reads one stream to its end. That its connection ends is no failure.
async fn read_stream(
    client: &Client<HttpConnector, Empty<Bytes>>,
    address: &str,
    cookie: &str,
    followed: &Mutex<Followed>,
) -> Result<(), String> {
    let last_id = followed.lock().last_id.clone();
    let mut request = Request::get(address).header("cookie", cookie).header("accept", "text/event-stream");
    if !last_id.is_empty() {
        request = request.header("last-event-id", last_id);
    }
    let response = client.request(request.body(Empty::new()).unwrap()).await.map_err(|error| format!("{error:?}"))?;
    if response.status() != 200 {
        return Err(response.status().to_string());
    }
    followed.lock().streams += 1;
    let (mut body, mut text) = (response.into_body(), Vec::new());
    while let Some(frame) = tokio::time::timeout(SILENCE, body.frame()).await.map_err(|_| "silence".to_owned())? {
        let Ok(frame) = frame else { break };
        if let Some(data) = frame.data_ref() {
            text.extend_from_slice(data);
        }
        while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
            let event: Vec<u8> = text.drain(..end + 2).collect();
            followed.lock().take(&String::from_utf8(event).map_err(|error| error.to_string())?);
        }
    }
    Ok(())
}

impl Followed {
    fn take(&mut self, event: &str) {
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        match field("event") {
            Some("alert.raised") => {
                let data: Value = serde_json::from_str(field("data").unwrap_or_default()).unwrap_or_default();
                self.alerts.push(data["alert"]["id"].as_str().unwrap_or_default().to_owned());
            }
            Some("gap") => self.gaps += 1,
            Some("ready") => self.ready += 1,
            _ => {}
        }
        if let Some(id) = field("id") {
            id.clone_into(&mut self.last_id);
        }
    }
}
