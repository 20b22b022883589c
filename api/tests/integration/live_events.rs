//! Streams of a site's events, from alerts on a real Kafka.

use std::collections::BTreeMap;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use vru_proto::v1;
use vru_runtime::clock::now_us;
use vru_runtime::live::{LiveCamera, LiveStore, Update, Worker};
use vru_runtime::redis::RedisConfig;
use vru_runtime::test_util::{Bus, RedisServer, Topic, kafka, redis_client};

use super::api::{Api, ApiClient};

pub const DEADLINE: Duration = Duration::from_mins(1);

/// A stream of events as a plain client reads it.
pub struct Stream {
    body: Incoming,
    text: String,
    /// As a browser keeps it.
    pub last_id: String,
}

impl Stream {
    async fn open(api: &Api, client: &ApiClient, site: &str) -> Result<Self, StatusCode> {
        Self::open_behind(api, client, site, "").await
    }

    pub async fn open_behind(api: &Api, client: &ApiClient, site: &str, id: &str) -> Result<Self, StatusCode> {
        let address = format!("http://{}/api/v1/sites/{site}/events", api.address);
        let mut request = Request::get(address).header("accept", "text/event-stream");
        if !id.is_empty() {
            request = request.header("last-event-id", id);
        }
        if let Some(cookie) = &client.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(key) = &client.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let http = Client::builder(TokioExecutor::new()).build_http();
        let request = request.body(Empty::<Bytes>::new()).expect("a request");
        let answer = tokio::time::timeout(DEADLINE, http.request(request)).await.expect("in time").expect("an answer");
        if answer.status() != StatusCode::OK {
            return Err(answer.status());
        }
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        Ok(Self { body: answer.into_body(), text: String::new(), last_id: id.to_owned() })
    }

    /// Name and data of the next event; `None` at the end.
    pub async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n").map(|(a, b)| (a.to_owned(), b.to_owned())) {
                self.text = rest;
                let fields: BTreeMap<&str, &str> = event.lines().filter_map(|line| line.split_once(": ")).collect();
                if let Some(id) = fields.get("id") {
                    (*id).clone_into(&mut self.last_id);
                }
                if let (Some(name), Some(data)) = (fields.get("event"), fields.get("data")) {
                    return Some(((*name).to_owned(), serde_json::from_str(data).expect("JSON")));
                }
            }
            let frame = tokio::time::timeout(DEADLINE, self.body.frame()).await.expect("an event in time")?;
            let data = frame.expect("the stream goes on").into_data().expect("data");
            self.text += std::str::from_utf8(&data).expect("a text");
        }
    }

    pub async fn named(&mut self, name: &str) -> Value {
        loop {
            let (found, data) = self.next().await.unwrap_or_else(|| panic!("the stream ended before {name}"));
            if found == name {
                return data;
            }
        }
    }
}

pub fn alert(camera: &str, id: &str) -> v1::Alert {
    v1::Alert {
        id: id.to_owned(),
        rule_id: "lingers".to_owned(),
        camera_id: camera.to_owned(),
        frame_id: Some(v1::FrameId { camera_id: camera.to_owned(), session: 1, sequence: 1 }),
        captured_at_us: now_us(),
        kind: v1::AlertKind::Dwell.into(),
        state: v1::AlertState::Raised.into(),
        severity: v1::Severity::Warning.into(),
        ..v1::Alert::default()
    }
}

pub fn publish(bus: &Bus, alert: &v1::Alert) {
    tokio::task::block_in_place(|| bus.produce_message(Topic::Alerts, &alert.camera_id, alert));
}

pub async fn camera(admin: &ApiClient, site: &str) -> String {
    let wanted = json!({ "settings": { "name": "Gate", "push": { "allow_anonymous": true } } });
    let answer = admin.post(&format!("/api/v1/sites/{site}/cameras"), &wanted).await;
    answer.body["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_has_the_alerts_of_its_site_and_no_others_and_ends_with_the_permission() {
    let bus = tokio::task::block_in_place(|| kafka().bus("events", 3));
    let api = Api::start_with(|config| {
        config.kafka = bus.config();
        config.live.check_every = Duration::from_millis(200);
    })
    .await;
    let admin = api.admin().await;
    let (site, other_site) = (admin.create_site("own").await, admin.create_site("other").await);
    let (own, other) = (camera(&admin, &site).await, camera(&admin, &other_site).await);
    let viewer = api.member("Vi", &site, 1).await;
    assert_eq!(Stream::open(&api, &viewer, &other_site).await.err(), Some(StatusCode::NOT_FOUND));
    let key = admin.create_key(None, &["live:read"]).await;
    assert_eq!(Stream::open(&api, &api.program(&key), &site).await.err(), Some(StatusCode::FORBIDDEN));
    let path = format!("/api/v1/sites/{site}/events");
    let refused = admin.send(hyper::Method::GET, &path, &[("accept", "application/json")], "").await;
    assert_eq!(refused.problem(), (406, "not_acceptable", "accept"));

    let mut stream = Stream::open(&api, &viewer, &site).await.expect("it is open");
    assert_eq!(stream.next().await.expect("an event").0, "ready");
    publish(&bus, &alert(&other, "foreign"));
    publish(&bus, &v1::Alert { kind: v1::AlertKind::LineCrossing.into(), ..alert(&own, "crossing") });
    publish(&bus, &alert(&own, "first"));
    let ended = v1::Alert { state: v1::AlertState::Ended.into(), ended_at_us: now_us(), ..alert(&own, "first") };
    publish(&bus, &ended);
    let (name, data) = stream.next().await.expect("an event");
    assert_eq!(
        (name.as_str(), &data["alert"]["id"], &data["camera_id"]),
        ("alert.raised", &json!("first"), &json!(own))
    );
    assert_eq!((&data["site_id"], &data["alert"]["severity"]), (&json!(site), &json!("warning")));
    let (name, data) = stream.next().await.expect("an event");
    assert_eq!((name.as_str(), &data["alert"]["id"]), ("alert.ended", &json!("first")));
    // A camera that was added meanwhile.
    let new = camera(&admin, &site).await;
    publish(&bus, &alert(&new, "of-the-new-camera"));
    assert_eq!(stream.named("alert.raised").await["camera_id"], new);
    // Two streams, and then none after the membership has ended.
    let mut of_admin = Stream::open(&api, &admin, &site).await.expect("it is open");
    of_admin.named("ready").await;
    api.execute("DELETE FROM memberships");
    while stream.next().await.is_some() {}
    publish(&bus, &alert(&own, "after"));
    assert_eq!(of_admin.named("alert.raised").await["alert"]["id"], "after");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_tells_when_a_camera_begins_to_show_something() {
    let server = tokio::task::block_in_place(RedisServer::start);
    let redis = RedisConfig { url: server.url(), timeout: Duration::from_secs(2), ..RedisConfig::default() };
    let bus = tokio::task::block_in_place(|| kafka().bus("states", 1));
    let api = Api::start_with(|config| {
        config.kafka = bus.config();
        config.redis = redis.clone();
    })
    .await;
    let (client, _stop) = redis_client(redis).await;
    let store = LiveStore::Redis(client);
    let admin = api.admin().await;
    let site = admin.create_site("own").await;
    let (gate, file) = (camera(&admin, &site).await, camera(&admin, &site).await);
    let mut stream = Stream::open(&api, &admin, &site).await.expect("it is open");
    stream.named("ready").await;
    // Once it was looked at, what it shows is a change.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let update = Update { camera: gate.clone(), state: LiveCamera::default(), new_frame: true };
    // The end of a file sends no event: a file that ended is not a silent camera.
    let of_file = LiveCamera { file: true, ..LiveCamera::default() };
    let of_file = Update { camera: file, state: of_file, new_frame: true };
    store
        .write(&Worker { name: "w".to_owned(), ..Worker::default() }, &[of_file, update])
        .await
        .expect("it is written");
    for state in ["live", "silent"] {
        let told = stream.named("camera.state").await;
        assert_eq!(told, json!({ "site_id": site, "camera_id": gate, "state": state }));
    }
}
