//! A gRPC subscriber.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};
use vru_proto::names::METADATA_RESUME_TOKEN;
use vru_proto::v1::alerts_client::AlertsClient;
use vru_proto::v1::subscribe_response::Event;
use vru_proto::v1::{SubscribeRequest, SubscribeResponse};
use vru_runtime::clock::now_us;

pub const SECRET: &str = "a secret for tests of 32 bytes or more";
pub const ISSUER: &str = "https://id.example";
pub const AUDIENCE: &str = "vru-alerts";
const DEADLINE: Duration = Duration::from_mins(1);

/// The claims of a token that is valid for `seconds`, or has expired so long ago.
pub fn claims(seconds: i64) -> serde_json::Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed();
    serde_json::json!({"exp": now + seconds, "iss": ISSUER, "aud": AUDIENCE})
}

/// A bearer token that is valid for `seconds`, or has expired so long ago.
pub fn bearer(seconds: i64) -> String {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    format!("Bearer {}", jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims(seconds), &key).unwrap())
}

pub async fn connect(address: &str) -> AlertsClient<Channel> {
    client(Channel::from_shared(format!("http://{address}")).unwrap()).await.unwrap()
}

/// Connects as a client whose window for each stream is small, as it is on many clients: one that does not read is stuck soon.
pub async fn connect_with_small_windows(address: &str) -> AlertsClient<Channel> {
    let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
    client(endpoint.initial_stream_window_size(64 * 1024).initial_connection_window_size(64 * 1024 * 1024))
        .await
        .unwrap()
}

pub async fn client(endpoint: Endpoint) -> Result<AlertsClient<Channel>, tonic::transport::Error> {
    Ok(AlertsClient::new(endpoint.connect().await?).max_decoding_message_size(16 * 1024 * 1024))
}

pub struct Subscriber {
    stream: Streaming<SubscribeResponse>,
    /// The token of the last response.
    pub token: String,
    /// Records that gaps have reported so far.
    pub missed: u64,
    /// How often a gap said that the topic was deleted and created again.
    pub recreated: u32,
}

impl Subscriber {
    /// Subscribes, and returns after the first response, which carries the first token.
    pub async fn new(client: &AlertsClient<Channel>, request: SubscribeRequest) -> Result<Self, Status> {
        Self::with_bearer(client, request, &bearer(600)).await
    }

    /// Like [`Self::new`], with this `authorization`.
    pub async fn with_bearer(
        client: &AlertsClient<Channel>,
        request: SubscribeRequest,
        authorization: &str,
    ) -> Result<Self, Status> {
        let mut request = Request::new(request);
        request.metadata_mut().insert("authorization", authorization.parse().unwrap());
        let mut stream = client.clone().subscribe(request).await?.into_inner();
        let first = tokio::time::timeout(DEADLINE, stream.message()).await.expect("a first response in time")?;
        let first = first.expect("a first response");
        assert!(matches!(first.event, Some(Event::Subscribed(_))), "the first response is {:?}", first.event);
        Ok(Self { stream, token: first.resume_token, missed: 0, recreated: 0 })
    }

    /// The id of the next alert.
    pub async fn next(&mut self) -> Result<String, Status> {
        loop {
            let response = tokio::time::timeout(DEADLINE, self.stream.message()).await.expect("a response in time")?;
            let Some(response) = response else { return Err(Status::ok("the stream ended")) };
            self.token = response.resume_token;
            match response.event {
                Some(Event::Alert(alert)) => return Ok(alert.id),
                Some(Event::Gap(gap)) => {
                    self.missed += gap.missed_records;
                    self.recreated += u32::from(gap.topic_recreated);
                }
                Some(Event::Heartbeat(_)) => {}
                Some(Event::Subscribed(_)) => panic!("only the first response is `Subscribed`"),
                None => panic!("a response without an event"),
            }
        }
    }

    /// The ids of the next alerts.
    pub async fn take(&mut self, count: usize) -> Vec<String> {
        let mut ids = Vec::new();
        while ids.len() < count {
            ids.push(self.next().await.unwrap_or_else(|status| panic!("after {} of {count}: {status}", ids.len())));
        }
        ids
    }

    /// Waits for a heartbeat that the server sends from now on, and returns its token.
    pub async fn heartbeat(&mut self) -> String {
        let called_at_us = now_us();
        loop {
            let response = tokio::time::timeout(DEADLINE, self.stream.message()).await.expect("a response in time");
            let response = response.unwrap().unwrap();
            if let Some(Event::Heartbeat(heartbeat)) = response.event
                && heartbeat.sent_at_us >= called_at_us
            {
                return response.resume_token;
            }
        }
    }

    /// The ids of all alerts until the stream ends, and the status with which it ends.
    pub async fn read_to_end(&mut self) -> (Vec<String>, Status) {
        let mut ids = Vec::new();
        loop {
            match self.next().await {
                Ok(id) => ids.push(id),
                Err(status) => return (ids, status),
            }
        }
    }
}

/// The resume token in the trailer of a status.
pub fn trailer(status: &Status) -> String {
    let value = status.metadata().get(METADATA_RESUME_TOKEN);
    value.unwrap_or_else(|| panic!("no token in {status:?}")).to_str().unwrap().to_owned()
}
