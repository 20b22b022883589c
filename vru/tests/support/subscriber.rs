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

use super::pipeline::{DEADLINE, JWT_AUDIENCE, JWT_ISSUER, JWT_SECRET};

/// A bearer token that the servers of these tests accept.
pub fn token() -> String {
    let expires = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_hours(1);
    let claims = serde_json::json!({"exp": expires.as_secs(), "iss": JWT_ISSUER, "aud": JWT_AUDIENCE});
    encode(&Header::default(), &claims, &EncodingKey::from_secret(JWT_SECRET.as_bytes())).unwrap()
}

/// Opens a stream.
pub async fn open(port: u16, request: v1::SubscribeRequest) -> Result<Streaming<v1::SubscribeResponse>, Status> {
    open_with(port, request, &token()).await
}

/// Opens a stream with this token.
pub async fn open_with(
    port: u16,
    request: v1::SubscribeRequest,
    token: &str,
) -> Result<Streaming<v1::SubscribeResponse>, Status> {
    let client = AlertsClient::connect(format!("http://127.0.0.1:{port}")).await;
    let client = client.map_err(|error| Status::unavailable(error.to_string()))?;
    let mut request = Request::new(request);
    let bearer = MetadataValue::try_from(format!("Bearer {token}")).unwrap();
    request.metadata_mut().insert("authorization", bearer);
    Ok(client.max_decoding_message_size(32 * 1024 * 1024).subscribe(request).await?.into_inner())
}

/// What a subscriber has received, in order.
#[derive(Debug, Default)]
struct Received {
    alerts: Vec<v1::Alert>,
    ended_alerts: usize,
    heartbeats: usize,
    missed: u64,
    last_token: String,
    ended: Option<Result<(), Status>>,
}

/// A subscription that is read on its own thread. Dropping it disconnects.
pub struct Subscriber {
    received: Arc<Mutex<Received>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Subscriber {
    /// Subscribes, and returns after the first response: there is a token to resume with, and nothing is lost from then on.
    pub fn connect(port: u16, request: v1::SubscribeRequest) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let received = Arc::new(Mutex::new(Received::default()));
        let filling = received.clone();
        let mut stream = runtime.block_on(open(port, request)).unwrap();
        let first = runtime.block_on(async { tokio::time::timeout(DEADLINE, stream.message()).await });
        let first = first.expect("a first response in time").unwrap().expect("a first response");
        assert!(matches!(first.event, Some(Event::Subscribed(_))), "the first response is {:?}", first.event);
        received.lock().take(first);
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
        Self { received, runtime: Some(runtime) }
    }

    /// The raised alerts so far, in order.
    pub fn alerts(&self) -> Vec<v1::Alert> {
        self.received.lock().alerts.clone()
    }

    /// The last token, and the alerts up to it.
    pub fn token_and_alerts(&self) -> (String, Vec<v1::Alert>) {
        let received = self.received.lock();
        (received.last_token.clone(), received.alerts.clone())
    }

    pub fn heartbeats(&self) -> usize {
        self.received.lock().heartbeats
    }

    /// Records that gaps have reported.
    pub fn missed(&self) -> u64 {
        self.received.lock().missed
    }

    pub fn last_token(&self) -> String {
        self.received.lock().last_token.clone()
    }

    /// How the stream ended; none while it is open.
    pub fn ended(&self) -> Option<Result<(), Status>> {
        self.received.lock().ended.clone()
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Received {
    fn take(&mut self, response: v1::SubscribeResponse) {
        self.last_token = response.resume_token;
        match response.event {
            Some(Event::Alert(alert)) if alert.is_end() => self.ended_alerts += 1,
            Some(Event::Alert(alert)) => self.alerts.push(alert),
            Some(Event::Subscribed(_)) => {}
            Some(Event::Heartbeat(_)) => self.heartbeats += 1,
            Some(Event::Gap(gap)) => self.missed += gap.missed_records,
            None => panic!("a response without an event"),
        }
    }
}
