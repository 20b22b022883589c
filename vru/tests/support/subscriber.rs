//! A gRPC subscriber to alerts.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{EncodingKey, Header, encode};
use parking_lot::Mutex;
use tonic::metadata::MetadataValue;
use tonic::{Request, Status, Streaming};
use vru_proto::v1;
use vru_proto::v1::alerts_client::AlertsClient;
use vru_proto::v1::subscribe_response::Event;

use super::pipeline::{DEADLINE, JWT_SECRET};

/// A bearer token that the servers of these tests take.
pub fn token() -> String {
    let expires = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_hours(1);
    let claims = serde_json::json!({"sub": "integration-test", "exp": expires.as_secs()});
    encode(&Header::default(), &claims, &EncodingKey::from_secret(JWT_SECRET.as_bytes())).unwrap()
}

/// Opens a stream, or says why there is none.
pub async fn open(port: u16, request: v1::SubscribeRequest) -> Result<Streaming<v1::SubscribeResponse>, Status> {
    let client = AlertsClient::connect(format!("http://127.0.0.1:{port}")).await;
    let client = client.map_err(|error| Status::unavailable(error.to_string()))?;
    let mut request = Request::new(request);
    let bearer = MetadataValue::try_from(format!("Bearer {}", token())).unwrap();
    request.metadata_mut().insert("authorization", bearer);
    Ok(client.max_decoding_message_size(32 * 1024 * 1024).subscribe(request).await?.into_inner())
}

/// What a subscriber got, in order.
#[derive(Debug, Default)]
struct Got {
    alerts: Vec<v1::Alert>,
    heartbeats: usize,
    missed: u64,
    last_token: String,
    ended: Option<Result<(), Status>>,
}

/// A subscription on a thread of its own; dropping it disconnects.
pub struct Subscriber {
    got: Arc<Mutex<Got>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Subscriber {
    /// Subscribes, and returns after the first response: there is a token to resume with, and nothing is lost from then on.
    pub fn connect(port: u16, request: v1::SubscribeRequest) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let got = Arc::new(Mutex::new(Got::default()));
        let filling = got.clone();
        let mut stream = runtime.block_on(open(port, request)).unwrap();
        let first = runtime.block_on(async { tokio::time::timeout(DEADLINE, stream.message()).await });
        let first = first.expect("a first response in time").unwrap().expect("a first response");
        assert!(matches!(first.event, Some(Event::Subscribed(_))), "the first response is {:?}", first.event);
        got.lock().take(first);
        runtime.spawn(async move {
            let ended = loop {
                match stream.message().await {
                    Ok(Some(response)) => filling.lock().take(response),
                    Ok(None) => break Ok(()),
                    Err(status) => break Err(status),
                }
            };
            filling.lock().ended = Some(ended);
        });
        Self { got, runtime: Some(runtime) }
    }

    /// The alerts so far, in order.
    pub fn alerts(&self) -> Vec<v1::Alert> {
        self.got.lock().alerts.clone()
    }

    /// The token and the alerts up to it, of one moment.
    pub fn got_so_far(&self) -> (String, Vec<v1::Alert>) {
        let got = self.got.lock();
        (got.last_token.clone(), got.alerts.clone())
    }

    /// How many heartbeats came.
    pub fn heartbeats(&self) -> usize {
        self.got.lock().heartbeats
    }

    /// How many records the server said are gone.
    pub fn missed(&self) -> u64 {
        self.got.lock().missed
    }

    /// Where to resume.
    pub fn last_token(&self) -> String {
        self.got.lock().last_token.clone()
    }

    /// How the stream ended, if it did.
    pub fn ended(&self) -> Option<Result<(), Status>> {
        self.got.lock().ended.clone()
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Got {
    fn take(&mut self, response: v1::SubscribeResponse) {
        self.last_token = response.resume_token;
        match response.event {
            Some(Event::Alert(alert)) => self.alerts.push(alert),
            Some(Event::Subscribed(_)) => {}
            Some(Event::Heartbeat(_)) => self.heartbeats += 1,
            Some(Event::Gap(gap)) => self.missed += gap.missed_records,
            None => panic!("a response without an event"),
        }
    }
}
