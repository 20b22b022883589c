//! A subscriber that resumes by its token, whatever happens to the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use tonic::metadata::MetadataValue;
use tonic::transport::Endpoint;
use tonic::{Request, Status};
use vru_proto::v1;
use vru_proto::v1::alerts_client::AlertsClient;
use vru_proto::v1::subscribe_response::Event;

use super::support::subscriber::token;

/// A server that says nothing for so long is taken for gone; heartbeats come twice a second.
const SILENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(250);

#[derive(Default)]
struct Heard {
    ids: Vec<String>,
    missed: u64,
    token: String,
    connections: u64,
}

/// Listens on a thread of its own until it is dropped.
pub struct Listener {
    heard: Arc<Mutex<Heard>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Starts to listen; the server need not be there.
    pub fn start(port: u16) -> Self {
        let (heard, stop) = (Arc::new(Mutex::new(Heard::default())), Arc::new(AtomicBool::new(false)));
        let (to, stopping) = (heard.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                while !stopping.load(Ordering::Acquire) {
                    // Why it ended does not matter: what counts is that nothing is missed.
                    listen(port, &to, &stopping).await.ok();
                    tokio::time::sleep(PAUSE).await;
                }
            });
        });
        Self { heard, stop, thread: Some(thread) }
    }

    /// The alerts so far, in order.
    pub fn ids(&self) -> Vec<String> {
        self.heard.lock().ids.clone()
    }

    /// Records that the server said are gone, and how often it had to be called.
    pub fn missed_and_connections(&self) -> (u64, u64) {
        let heard = self.heard.lock();
        (heard.missed, heard.connections)
    }
}

async fn listen(port: u16, heard: &Mutex<Heard>, stop: &AtomicBool) -> Result<(), Status> {
    let gone = |error: &dyn std::fmt::Display| Status::unavailable(error.to_string());
    let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).expect("a valid address");
    let channel = endpoint.connect_timeout(SILENCE).connect().await.map_err(|error| gone(&error))?;
    let mut client = AlertsClient::new(channel).max_decoding_message_size(32 * 1024 * 1024);
    let resume_token = heard.lock().token.clone();
    let mut request = Request::new(v1::SubscribeRequest { resume_token, ..Default::default() });
    let bearer = MetadataValue::try_from(format!("Bearer {}", token())).expect("a token is ASCII");
    request.metadata_mut().insert("authorization", bearer);
    let subscribing = tokio::time::timeout(SILENCE, client.subscribe(request)).await;
    let mut stream = subscribing.map_err(|error| gone(&error))??.into_inner();
    heard.lock().connections += 1;
    while !stop.load(Ordering::Acquire) {
        let next = tokio::time::timeout(SILENCE, stream.message()).await.map_err(|error| gone(&error))?;
        let Some(response) = next? else { return Ok(()) };
        let mut heard = heard.lock();
        heard.token = response.resume_token;
        match response.event {
            Some(Event::Alert(alert)) => heard.ids.push(alert.id),
            Some(Event::Gap(gap)) => heard.missed += gap.missed_records,
            Some(Event::Subscribed(_) | Event::Heartbeat(_)) | None => {}
        }
    }
    Ok(())
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}
