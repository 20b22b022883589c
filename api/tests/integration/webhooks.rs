//! Webhooks, from alerts on a real Kafka to a real server that answers well or badly.

mod apart;
mod deliveries;
mod faults;
mod mqtt;
mod refusals;

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};
use vru_api::ApiConfig;
use vru_proto::v1;
use vru_runtime::clock::now_us;
use vru_runtime::secret::Secret;
use vru_runtime::test_util::{Bus, Topic, eventually, kafka};

use super::api::{Api, ApiClient};
use super::receiver::Received;

const DEADLINE: Duration = Duration::from_mins(2);
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// An API with a site, and its topics.
struct Setup {
    bus: Bus,
    api: Api,
    admin: ApiClient,
    site: String,
}

impl Setup {
    async fn start(name: &str, change: impl FnOnce(&mut ApiConfig)) -> Self {
        let bus = tokio::task::block_in_place(|| kafka().bus(name, 3));
        let api = Api::start_with(|config| {
            config.kafka = bus.config();
            config.cameras.secrets_key = Secret::new(KEY);
            config.webhooks.allowed_networks =
                ["127.0.0.0/8", "::1"].map(|network| network.parse().expect("a network")).to_vec();
            config.webhooks.retry.initial = Duration::from_millis(50);
            config.webhooks.retry.max = Duration::from_millis(400);
            config.webhooks.timeout = Duration::from_secs(5);
            change(config);
        })
        .await;
        let admin = api.admin().await;
        let site = admin.create_site("own").await;
        Self { bus, api, admin, site }
    }

    async fn camera(&self) -> String {
        camera(&self.admin, &self.site).await
    }

    fn path(&self) -> String {
        format!("/api/v1/sites/{}/webhooks", self.site)
    }

    /// Returns the path and the secret.
    async fn webhook(&self, url: &str, settings: Value) -> (String, String) {
        let created = self.admin.post(&self.path(), &wanted(url, settings)).await;
        assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
        let secret = created.body["secret"].as_str().expect("a secret").to_owned();
        (created.header("location").to_owned(), secret)
    }

    fn publish(&self, alert: &v1::Alert) {
        tokio::task::block_in_place(|| self.bus.produce_message(Topic::Alerts, &alert.camera_id, alert));
    }

    async fn deliveries(&self, webhook: &str) -> Vec<Value> {
        self.admin.all(&format!("{webhook}/deliveries")).await
    }

    /// Waits until the webhook has so many deliveries in the state, and returns them, the oldest first.
    async fn reach(&self, webhook: &str, state: &str, count: usize) -> Vec<Value> {
        eventually(DEADLINE, &format!("{count} deliveries are {state}"), async || {
            let mut found = self.deliveries(webhook).await;
            found.reverse();
            found.retain(|delivery| delivery["state"] == state);
            if found.len() == count { Ok(found) } else { Err(format!("{:?}", self.deliveries(webhook).await)) }
        })
        .await
    }
}

async fn camera(admin: &ApiClient, site: &str) -> String {
    let settings = json!({ "name": "a", "pull": { "url": "rtsp://192.0.2.7/stream" } });
    let created = admin.post(&format!("/api/v1/sites/{site}/cameras"), &json!({ "settings": settings })).await;
    assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
    created.body["id"].as_str().expect("an id").to_owned()
}

fn wanted(url: &str, settings: Value) -> Value {
    let mut body = json!({ "name": "traffic lights", "url": url });
    let Value::Object(settings) = settings else { panic!("{settings} is no object") };
    for (name, value) in settings {
        body[name] = value;
    }
    body
}

fn raised(camera: &str, id: &str) -> v1::Alert {
    let now = now_us();
    v1::Alert {
        id: id.to_owned(),
        rule_id: "crossing".to_owned(),
        severity: v1::Severity::Warning.into(),
        camera_id: camera.to_owned(),
        zone_id: "zone-1".to_owned(),
        track_ids: vec![7],
        class: v1::RoadUserClass::Pedestrian.into(),
        frame_id: Some(v1::FrameId { camera_id: camera.to_owned(), session: 3, sequence: 9 }),
        captured_at_us: now,
        began_at_us: now - 1_000_000,
        clock_source: v1::ClockSource::Arrival.into(),
        emitted_at_us: now,
        kind: v1::AlertKind::Dwell.into(),
        state: v1::AlertState::Raised.into(),
        snapshot_key: "snapshots/a.jpg".to_owned(),
        snapshot: vec![1; 1000].into(),
        ..Default::default()
    }
}

fn ended(camera: &str, id: &str) -> v1::Alert {
    v1::Alert {
        state: v1::AlertState::Ended.into(),
        ended_at_us: now_us(),
        end_reason: v1::EndReason::Left.into(),
        ..raised(camera, id)
    }
}

/// The program in docs/api.md that verifies a signature.
fn verifier() -> String {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api.md")).expect("docs/api.md");
    let program = text.split("```python\n").nth(1).expect("docs/api.md has a program in Python");
    program.split("```").next().expect("it ends").to_owned()
}

/// Whether the program in docs/api.md takes the request as ours.
fn verifies(received: &Received, secret: &str) -> bool {
    let mut program = Command::new("python3")
        .args(["-c", &verifier(), secret, &received.headers["vru-signature"]])
        .stdin(Stdio::piped())
        .spawn()
        .expect("python3 runs");
    program.stdin.take().expect("a pipe").write_all(received.body.as_bytes()).expect("it reads");
    program.wait().expect("it ends").success()
}
