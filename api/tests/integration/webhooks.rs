//! Webhooks, from alerts on a real Kafka to a real server that answers well or badly.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use vru_api::ApiConfig;
use vru_proto::v1;
use vru_runtime::clock::now_us;
use vru_runtime::secret::Secret;
use vru_runtime::test_util::acls::{Acl, allow, forbid};
use vru_runtime::test_util::{
    Authority, Bus, SecuredKafka, ServiceLaunch, ServiceProcess, Topic, eventually, free_port, http_get, kafka,
    postgres, seeded_rng,
};

use super::api::{Answer, Api, ApiClient};
use super::receiver::{Received, Receiver, Reply};

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

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_and_its_end_are_delivered_once_each_signed_and_in_words() {
    let setup = Setup::start("hooks", |_| {}).await;
    let (camera, receiver) = (setup.camera().await, Receiver::start());
    let (webhook, secret) = setup.webhook(&receiver.url(), json!({})).await;
    assert_eq!(setup.admin.get(&webhook).await.body["state"], "idle");
    setup.publish(&raised(&camera, "a-1"));
    // As inference does after a crash.
    setup.publish(&raised(&camera, "a-1"));
    setup.publish(&ended(&camera, "a-1"));
    // Of a camera that nobody knows, and no alert at all: the stream goes on.
    setup.publish(&raised("unknown", "u-1"));
    tokio::task::block_in_place(|| setup.bus.produce(Topic::Alerts, &camera, Some(b"no alert")));
    setup.publish(&ended(&camera, "a-1"));
    setup.publish(&raised(&camera, "a-2"));
    setup.reach(&webhook, "delivered", 3).await;
    assert_eq!(receiver.accepted(), ["a-1.raised", "a-1.ended", "a-2.raised"]);
    let received = receiver.received();
    let first = &received[0];
    assert_eq!(
        (first.request.as_str(), first.headers["host"].as_str()),
        ("POST /in?from=vru HTTP/1.1", &*format!("localhost:{}", receiver.address.port()))
    );
    assert_eq!(
        (first.headers["content-type"].as_str(), first.headers["vru-event"].as_str()),
        ("application/json", "alert.raised")
    );
    let event = first.event();
    assert_eq!((&event["id"], &event["event"]), (&json!("a-1.raised"), &json!("alert.raised")));
    assert_eq!((&event["site_id"], &event["camera_id"]), (&json!(setup.site), &json!(camera)));
    let alert = &event["alert"];
    assert_eq!(
        (&alert["kind"], &alert["severity"], &alert["class"]),
        (&json!("dwell"), &json!("warning"), &json!("pedestrian"))
    );
    assert_eq!((&alert["tracks"], &alert["zone_id"]), (&json!([format!("{camera}.3.7")]), &json!("zone-1")));
    assert!(
        alert.get("ended_at").is_none() && alert["captured_at"].as_str().is_some_and(|at| at.ends_with('Z')),
        "{alert}"
    );
    let end = received[1].event();
    assert_eq!((&end["alert"]["end_reason"], end["alert"]["ended_at"].is_string()), (&json!("left"), true));
    for received in &received {
        assert!(verifies(received, &secret), "{received:?}");
        assert!(!verifies(received, "vruhook_other"));
    }
    let mut forged = first.clone();
    forged.body = forged.body.replace("warning", "info");
    assert!(!verifies(&forged, &secret));
    let shown = setup.admin.get(&webhook).await;
    assert_eq!(shown.body["state"], "delivering", "{shown:?}");
    let delivery = &setup.deliveries(&webhook).await[0];
    assert_eq!(
        (&delivery["status"], &delivery["attempts"], &delivery["event"]),
        (&json!(200), &json!(1), &json!("alert.raised"))
    );
    assert_eq!(delivery["body"]["id"], "a-2.raised");
    // The secret is in no answer, in no row and in no entry of the log.
    let stored = setup
        .api
        .query("SELECT (SELECT json_agg(w) FROM webhooks w)::text || (SELECT json_agg(a) FROM audit_log a)::text");
    assert!(!stored[0][0].contains(&secret) && stored[0][0].contains("sealed:"), "{stored:?}");
    assert!(!shown.body.to_string().contains("vruhook_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_waits_for_its_failed_delivery_and_others_do_not() {
    let setup = Setup::start("order", |_| {}).await;
    let (bad, good, receiver) = (setup.camera().await, setup.camera().await, Receiver::start());
    let (webhook, _) = setup.webhook(&receiver.url(), json!({})).await;
    let broken = bad.clone();
    receiver.answer(move |received| Reply::Status(if received.camera() == broken { 500 } else { 204 }));
    for number in 0..4 {
        setup.publish(&raised(&bad, &format!("bad-{number}")));
        setup.publish(&raised(&good, &format!("good-{number}")));
    }
    setup.reach(&webhook, "delivered", 4).await;
    assert_eq!(receiver.accepted(), [0, 1, 2, 3].map(|number| format!("good-{number}.raised")));
    eventually(DEADLINE, "the first one is tried again", async || {
        let tries = receiver.received().iter().filter(|received| received.id() == "bad-0.raised").count();
        if tries >= 3 { Ok(()) } else { Err(format!("{tries} tries")) }
    })
    .await;
    let others = |received: &Received| received.id().starts_with("bad-") && received.id() != "bad-0.raised";
    assert!(!receiver.received().iter().any(others), "a later one was sent before it");
    let shown = setup.admin.get(&webhook).await.body;
    assert!(
        shown["last_error"].as_str().is_some_and(|error| error.contains("500")) && shown["waiting_since"].is_string(),
        "{shown}"
    );
    let pending = setup.reach(&webhook, "pending", 4).await;
    assert_eq!((&pending[0]["status"], pending[0]["next_attempt_at"].is_string()), (&json!(500), true), "{pending:?}");
    assert!(pending[1].get("next_attempt_at").is_none(), "{pending:?}");
    receiver.answer(|_| Reply::Status(200));
    setup.reach(&webhook, "delivered", 8).await;
    let accepted = receiver.accepted();
    assert_eq!(accepted[4..], [0, 1, 2, 3].map(|number| format!("bad-{number}.raised")));
    assert_eq!(setup.admin.get(&webhook).await.body["state"], "delivering");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_dead_after_its_day_and_is_sent_again_when_somebody_says_so() {
    let setup = Setup::start("dead", |config| config.webhooks.give_up_after = Duration::from_secs(3)).await;
    let (camera, mut receiver) = (setup.camera().await, Receiver::start());
    let (webhook, _) = setup.webhook(&receiver.url(), json!({})).await;
    receiver.kill();
    for number in 0..3 {
        setup.publish(&raised(&camera, &format!("a-{number}")));
    }
    let dead = setup.reach(&webhook, "dead", 3).await;
    assert!(dead[0]["attempts"].as_i64().is_some_and(|attempts| attempts > 2), "{dead:?}");
    assert!(dead[0]["error"].as_str().is_some_and(|error| error.contains("no connection")), "{dead:?}");
    // Those behind it say why they were not sent.
    assert!(dead.iter().all(|delivery| delivery["error"].is_string() && delivery["ended_at"].is_string()), "{dead:?}");
    assert_eq!(setup.admin.get(&webhook).await.body["state"], "failing");
    // What nobody could send yet is sent, however old it is, when the target is back.
    receiver.restart();
    setup.publish(&raised(&camera, "later"));
    setup.reach(&webhook, "delivered", 1).await;
    let retry = |delivery: &Value| format!("{webhook}/deliveries/{}/retry", delivery["id"].as_str().expect("an id"));
    for delivery in &dead[..2] {
        let answer = setup.admin.post(&retry(delivery), &json!({})).await;
        assert_eq!((answer.status, &answer.body["state"]), (StatusCode::OK, &json!("pending")), "{answer:?}");
    }
    setup.reach(&webhook, "delivered", 3).await;
    let accepted: BTreeSet<String> = receiver.accepted().into_iter().collect();
    assert_eq!(accepted, ["a-0.raised", "a-1.raised", "later.raised"].map(str::to_owned).into());
    assert_eq!(setup.admin.post(&retry(&dead[0]), &json!({})).await.problem(), (409, "not_dead", ""));
    let unknown = format!("{webhook}/deliveries/999999/retry");
    assert_eq!(setup.admin.post(&unknown, &json!({})).await.problem(), (404, "not_found", ""));
    let only = setup.admin.get(&format!("{webhook}/deliveries?state=dead")).await;
    assert_eq!(only.body["items"].as_array().map(Vec::len), Some(1), "{only:?}");
    assert_eq!(setup.admin.get(&format!("{webhook}/deliveries?state=lost")).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_hangs_delays_no_other_webhook() {
    let setup = Setup::start("hang", |config| {
        config.webhooks.concurrency = 3;
        config.webhooks.concurrency_per_webhook = 2;
        config.webhooks.timeout = Duration::from_secs(10);
    })
    .await;
    let (slow, fast) = (Receiver::start(), Receiver::start());
    slow.answer(|_| Reply::Hang);
    let (hanging, _) = setup.webhook(&slow.url(), json!({})).await;
    let mut cameras = Vec::new();
    for _ in 0..5 {
        cameras.push(setup.camera().await);
    }
    for camera in &cameras {
        setup.publish(&raised(camera, &format!("first-{}", camera.replace('_', "-"))));
    }
    eventually(DEADLINE, "the target hangs", async || {
        let count = slow.received().len();
        if count >= 2 { Ok(()) } else { Err(format!("{count} requests")) }
    })
    .await;
    let (webhook, _) = setup.webhook(&fast.url(), json!({})).await;
    for camera in &cameras {
        setup.publish(&raised(camera, &format!("second-{}", camera.replace('_', "-"))));
    }
    setup.reach(&webhook, "delivered", cameras.len()).await;
    // As many as may be sent to it at once were sent, and nobody has heard of their end.
    let pending = setup.reach(&hanging, "pending", 2 * cameras.len()).await;
    assert!(slow.received().len() <= 4, "{:?}", slow.received());
    assert!(pending.iter().filter(|delivery| delivery["attempts"] != 0).count() <= 2, "{pending:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_call_says_why_a_target_does_not_accept_it() {
    let authority = Authority::new("targets");
    let certificate = authority.issue("localhost", "DNS:localhost,IP:127.0.0.1");
    let other = Authority::new("others").issue("localhost", "DNS:localhost");
    let ca = authority.certificate();
    let setup = Setup::start("answers", |config| {
        config.webhooks.ca = ca;
        config.webhooks.timeout = Duration::from_secs(2);
    })
    .await;
    let receiver = Receiver::start_tls(&certificate);
    let (webhook, secret) = setup.webhook(&receiver.url(), json!({ "enabled": false })).await;
    let call = async |webhook: &str| {
        let answer = setup.admin.post(&format!("{webhook}/test"), &json!({})).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.body
    };
    let accepted = call(&webhook).await;
    assert_eq!((&accepted["accepted"], &accepted["status"]), (&json!(true), &json!(200)), "{accepted}");
    let received = &receiver.received()[0];
    assert_eq!((received.event()["event"].as_str(), verifies(received, &secret)), (Some("test"), true));
    for (reply, status, words) in [
        (Reply::Status(500), Some(500), "it answered 500"),
        (Reply::Status(404), Some(404), "it answered 404"),
        (
            Reply::Raw("HTTP/1.1 302 Found\r\nlocation: https://localhost/\r\n\r\n"),
            Some(302),
            "redirects are not followed",
        ),
        (Reply::Raw("hello\r\n\r\n"), None, "no complete answer"),
        (Reply::Raw("HTTP/1.1 200"), None, "no complete answer"),
        (Reply::Drop, None, "no complete answer"),
        (Reply::Hang, None, "no complete answer within 2s"),
        (Reply::EndlessHead, None, "no complete answer"),
    ] {
        let answer = reply.clone();
        receiver.answer(move |_| answer.clone());
        let result = call(&webhook).await;
        assert_eq!((&result["accepted"], result["status"].as_u64()), (&json!(false), status), "{reply:?}: {result}");
        assert!(result["error"].as_str().is_some_and(|error| error.contains(words)), "{reply:?}: {result}");
    }
    // The status says all.
    receiver.answer(|_| Reply::EndlessBody);
    assert_eq!(call(&webhook).await["accepted"], true);
    // Nothing was sent anywhere else.
    assert!(receiver.received().iter().all(|received| received.request.starts_with("POST /in?")));
    let untrusted = Receiver::start_tls(&other);
    let gone = format!("https://localhost:{}/", free_port());
    for (url, words) in [
        (untrusted.url().as_str(), "no TLS connection"),
        (gone.as_str(), "no connection to"),
        ("https://no-such-host.invalid/", "cannot be looked up"),
    ] {
        let (webhook, _) = setup.webhook(url, json!({ "enabled": false })).await;
        let result = call(&webhook).await;
        assert!(result["error"].as_str().is_some_and(|error| error.contains(words)), "{url}: {result}");
    }
    assert!(untrusted.received().is_empty());
    assert!(setup.deliveries(&webhook).await.is_empty());
    // What was allowed once and is not any more is not reached.
    setup.api.execute("UPDATE webhooks SET url = 'https://10.0.0.1/'");
    let result = call(&webhook).await;
    assert!(result["error"].as_str().is_some_and(|error| error.contains("10.0.0.1, which is private")), "{result}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_told_of_what_it_asks_for_and_waits_while_it_is_paused() {
    let setup = Setup::start("filters", |config| {
        config.webhooks.give_up_after = Duration::from_secs(20);
        config.webhooks.retention = Duration::from_secs(40);
    })
    .await;
    let (first, second) = (setup.camera().await, setup.camera().await);
    let other_site = setup.admin.create_site("other").await;
    let foreign = camera(&setup.admin, &other_site).await;
    let receiver = Receiver::start();
    let ends = json!({ "events": ["alert.ended"], "severities": ["critical"] });
    let (ends, _) = setup.webhook(&receiver.url(), ends).await;
    let (crossings, _) = setup.webhook(&receiver.url(), json!({ "kinds": ["line_crossing"] })).await;
    let (of_second, _) = setup.webhook(&receiver.url(), json!({ "camera_ids": [second] })).await;
    let (paused, _) = setup.webhook(&receiver.url(), json!({ "enabled": false })).await;
    let with = |alert: v1::Alert, severity: v1::Severity, kind: v1::AlertKind| v1::Alert {
        severity: severity.into(),
        kind: kind.into(),
        ..alert
    };
    let (info, critical) = (v1::Severity::Info, v1::Severity::Critical);
    let (dwell, crossing) = (v1::AlertKind::Dwell, v1::AlertKind::LineCrossing);
    setup.publish(&with(raised(&first, "a"), critical, dwell));
    setup.publish(&with(ended(&first, "a"), critical, dwell));
    setup.publish(&with(ended(&first, "b"), info, dwell));
    setup.publish(&with(raised(&second, "c"), info, crossing));
    setup.publish(&with(raised(&second, "d"), info, dwell));
    setup.publish(&with(raised(&foreign, "e"), critical, dwell));
    let ids = |deliveries: Vec<Value>| -> BTreeSet<String> {
        deliveries.iter().map(|delivery| delivery["event_id"].as_str().expect("an id").to_owned()).collect()
    };
    let set = |ids: &[&str]| -> BTreeSet<String> { ids.iter().map(|&id| id.to_owned()).collect() };
    assert_eq!(ids(setup.reach(&ends, "delivered", 1).await), set(&["a.ended"]));
    assert_eq!(ids(setup.reach(&crossings, "delivered", 1).await), set(&["c.raised"]));
    assert_eq!(ids(setup.reach(&of_second, "delivered", 1).await), set(&["d.raised"]));
    let all = set(&["a.raised", "a.ended", "b.ended", "d.raised"]);
    assert_eq!(ids(setup.reach(&paused, "pending", 4).await), all);
    let shown = setup.admin.get(&paused).await;
    assert_eq!((&shown.body["state"], receiver.received().len()), (&json!("paused"), 3), "{shown:?}");
    let enabled = setup.admin.put(&paused, shown.header("etag"), &wanted(&receiver.url(), json!({}))).await;
    assert_eq!(enabled.status, StatusCode::OK, "{enabled:?}");
    assert_eq!(ids(setup.reach(&paused, "delivered", 4).await), all);
    // Paused for longer than a delivery may wait.
    let tag = enabled.header("etag").to_owned();
    assert_eq!(
        setup.admin.put(&paused, &tag, &wanted(&receiver.url(), json!({ "enabled": false }))).await.status,
        StatusCode::OK
    );
    setup.publish(&raised(&second, "f"));
    let dead = setup.reach(&paused, "dead", 1).await;
    assert!(dead[0]["error"].as_str().is_some_and(|error| error.contains("was not enabled")), "{dead:?}");
    // What ended is deleted in the end.
    eventually(DEADLINE, "old deliveries are deleted", async || {
        let left = setup.deliveries(&ends).await;
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await;
    // Of all this nothing was told twice.
    assert_eq!(receiver.received().len(), 3 + 4 + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_is_told_and_a_dismissal_is_not() {
    let setup = Setup::start("reviews", |_| {}).await;
    let (camera, receiver) = (setup.camera().await, Receiver::start());
    let (webhook, secret) = setup.webhook(&receiver.url(), json!({})).await;
    for (id, review) in [
        ("dismissed", json!({ "state": "dismissed", "reason": "test" })),
        ("known", json!({ "state": "acknowledged" })),
    ] {
        setup.api.add_alert(&camera, id, 0, "");
        let path = format!("/api/v1/sites/{}/alerts/{id}/review", setup.site);
        assert_eq!(setup.admin.put(&path, "\"0\"", &review).await.status, StatusCode::OK);
    }
    setup.reach(&webhook, "delivered", 1).await;
    let received = receiver.received();
    let event = received[0].event();
    assert_eq!(
        (received.len(), &event["id"], &event["event"]),
        (1, &json!("known.acknowledged"), &json!("alert.acknowledged"))
    );
    assert_eq!((&event["alert"]["id"], &event["alert"]["kind"]), (&json!("known"), &json!("presence")));
    assert!(verifies(&received[0], &secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_rotated_without_a_gap() {
    let setup = Setup::start("rotation", |_| {}).await;
    let (camera, receiver) = (setup.camera().await, Receiver::start());
    let (webhook, old) = setup.webhook(&receiver.url(), json!({})).await;
    let rotate =
        async |tag: &str| setup.admin.send(Method::POST, &format!("{webhook}/secret"), &[("if-match", tag)], "").await;
    assert_eq!(rotate("\"2\"").await.problem(), (412, "changed_meanwhile", ""));
    let rotated = rotate("\"1\"").await;
    assert_eq!((rotated.status, rotated.header("etag")), (StatusCode::OK, "\"2\""), "{rotated:?}");
    let new = rotated.body["secret"].as_str().expect("a secret").to_owned();
    assert!(rotated.body["old_secret_until"].is_string() && new != old, "{rotated:?}");
    setup.publish(&raised(&camera, "both"));
    setup.reach(&webhook, "delivered", 1).await;
    let both = receiver.received()[0].clone();
    assert!(verifies(&both, &old) && verifies(&both, &new), "{both:?}");
    setup.api.execute("UPDATE webhooks SET old_secret_until = now()");
    setup.publish(&raised(&camera, "new"));
    setup.reach(&webhook, "delivered", 2).await;
    let newer = receiver.received()[1].clone();
    assert!(!verifies(&newer, &old) && verifies(&newer, &new), "{newer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_webhooks_are_refused_with_the_field_and_change_nothing() {
    let setup = Setup::start("refused", |config| config.webhooks.allowed_networks.clear()).await;
    let other_site = setup.admin.create_site("other").await;
    let foreign = camera(&setup.admin, &other_site).await;
    let good = "https://hooks.example.org/in";
    for (body, field) in [
        (json!({}), ""),
        (wanted("http://hooks.example.org/", json!({})), "url"),
        (wanted("https://127.0.0.1/", json!({})), "url"),
        (wanted("https://localhost/", json!({})), "url"),
        (wanted("https://user:secret@hooks.example.org/", json!({})), "url"),
        (wanted("https://169.254.169.254/latest/meta-data", json!({})), "url"),
        (wanted(good, json!({ "name": "" })), "name"),
        (wanted(good, json!({ "events": [] })), "events"),
        (wanted(good, json!({ "events": ["alert.lost"] })), "events[0]"),
        (wanted(good, json!({ "kinds": [] })), "kinds"),
        (wanted(good, json!({ "kinds": ["all"] })), "kinds[0]"),
        (wanted(good, json!({ "severities": ["urgent"] })), "severities[0]"),
        (wanted(good, json!({ "camera_ids": ["unknown"] })), "camera_ids"),
        (wanted(good, json!({ "camera_ids": [foreign] })), "camera_ids"),
        (wanted(good, json!({ "camera_ids": ["a\u{0}"] })), "camera_ids"),
        (wanted(good, json!({ "secret": "mine" })), "secret"),
    ] {
        let answer = setup.admin.post(&setup.path(), &body).await;
        assert_eq!(answer.problem(), (422, "invalid_field", field), "{body}: {answer:?}");
    }
    assert_eq!(setup.api.query("SELECT count(*) FROM webhooks")[0][0], "0");
    let (webhook, _) = setup.webhook(good, json!({})).await;
    assert_eq!(
        setup.admin.put(&webhook, "\"2\"", &wanted(good, json!({}))).await.problem(),
        (412, "changed_meanwhile", "")
    );
    let unknown = format!("{}/webhook_unknown", setup.path());
    assert_eq!(setup.admin.put(&unknown, "\"1\"", &wanted(good, json!({}))).await.problem(), (404, "not_found", ""));
    // Of another site it does not exist.
    let elsewhere = webhook.replace(&setup.site, &other_site);
    assert_eq!(setup.admin.get(&elsewhere).await.problem(), (404, "not_found", ""));
    let answer = setup.admin.get(&format!("{elsewhere}/deliveries")).await;
    assert_eq!(answer.problem(), (404, "not_found", ""));
    let delete = async |tag: &str| setup.admin.send(Method::DELETE, &webhook, &[("if-match", tag)], "").await;
    assert_eq!(delete("\"7\"").await.problem(), (412, "changed_meanwhile", ""));
    assert_eq!(delete("\"1\"").await.status, StatusCode::NO_CONTENT);
    assert_eq!(setup.admin.get(&webhook).await.problem(), (404, "not_found", ""));
    let log = setup.api.query("SELECT action FROM audit_log WHERE object LIKE 'webhook_%' ORDER BY id");
    assert_eq!(log, [["webhook.create"], ["webhook.delete"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_there_is_no_webhook_and_nothing_is_sent_unsigned() {
    let setup = Setup::start("unsigned", |_| {}).await;
    let (camera, receiver) = (setup.camera().await, Receiver::start());
    let (webhook, _) = setup.webhook(&receiver.url(), json!({})).await;
    // As after a restart with another key.
    setup.api.execute("UPDATE webhooks SET secret = 'sealed:00'");
    setup.publish(&raised(&camera, "a"));
    eventually(DEADLINE, "the webhook fails", async || {
        let shown = setup.admin.get(&webhook).await.body;
        let said = shown["last_error"].as_str().unwrap_or_default().contains("nothing is sent unsigned");
        if said && shown["state"] == "failing" { Ok(()) } else { Err(shown.to_string()) }
    })
    .await;
    assert!(receiver.received().is_empty());
    let without = Api::start().await;
    let admin = without.admin().await;
    let path = format!("/api/v1/sites/{}/webhooks", admin.create_site("own").await);
    let answer: Answer = admin.post(&path, &wanted("https://hooks.example.org/", json!({}))).await;
    assert_eq!(answer.problem(), (409, "no_secrets_key", ""));
}

/// Another replica, as a process that can be killed.
fn process(setup: &Setup) -> ServiceProcess {
    ServiceLaunch::new("vru-api")
        .bus(&setup.bus)
        .set("database.url", &setup.api.database)
        .set("http.listen", format!("127.0.0.1:{}", free_port()))
        .set("cameras.secrets_key", KEY)
        .set("webhooks.group", &setup.api.config.webhooks.group)
        .set("webhooks.allowed_networks", "[\"127.0.0.0/8\", \"::1\"]")
        .set("webhooks.timeout", "2s")
        .set("webhooks.retry.initial", "50ms")
        .set("webhooks.retry.max", "400ms")
        .set("kafka.session_timeout", "3s")
        .start()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_lost_and_each_camera_stays_in_order_whoever_is_killed() {
    use rand::Rng as _;
    const EVENTS: usize = 60;
    let mut random = seeded_rng("no_event_is_lost_and_each_camera_stays_in_order_whoever_is_killed");
    let setup = Setup::start("kills", |config| {
        config.webhooks.timeout = Duration::from_secs(2);
        config.kafka.session_timeout = Duration::from_secs(3);
    })
    .await;
    let mut receiver = Receiver::start();
    let (webhook, secret) = setup.webhook(&receiver.url(), json!({})).await;
    let mut cameras = Vec::new();
    for _ in 0..4 {
        cameras.push(setup.camera().await);
    }
    let mut calls = 0;
    receiver.answer(move |_| {
        calls += 1;
        match calls % 7 {
            2 => Reply::Status(503),
            5 => Reply::Drop,
            _ => Reply::Status(200),
        }
    });
    let replicas = [process(&setup), process(&setup)];
    for replica in &replicas {
        tokio::task::block_in_place(|| replica.wait_ready(DEADLINE));
    }
    for number in 0..EVENTS {
        for camera in &cameras {
            setup.publish(&raised(camera, &format!("{}-{number}", camera.replace('_', "-"))));
        }
        match number {
            15 | 40 => {
                let killed = &replicas[random.random_range(0..2)];
                tokio::task::block_in_place(|| {
                    killed.kill();
                    killed.restart();
                });
            }
            25 => receiver.kill(),
            30 => receiver.restart(),
            _ => tokio::time::sleep(Duration::from_millis(random.random_range(0..40))).await,
        }
    }
    let count = || {
        setup.api.query(
            "SELECT count(*) FILTER (WHERE state = 2), count(*) FILTER (WHERE state = 3) FROM webhook_deliveries",
        )
    };
    eventually(DEADLINE, "all events are delivered", async || {
        let found = count();
        if found[0] == [(EVENTS * cameras.len()).to_string(), "0".to_owned()] {
            Ok(())
        } else {
            Err(format!("{found:?}"))
        }
    })
    .await;
    let mut first_accepted: HashMap<String, Vec<String>> = HashMap::new();
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for received in receiver.received().iter().filter(|received| received.accepted) {
        let seen = times.entry(received.id().to_owned()).or_default();
        *seen += 1;
        if *seen == 1 {
            first_accepted.entry(received.camera()).or_default().push(received.id().to_owned());
        }
    }
    for camera in &cameras {
        let wanted: Vec<String> =
            (0..EVENTS).map(|number| format!("{}-{number}.raised", camera.replace('_', "-"))).collect();
        assert_eq!(first_accepted.get(camera), Some(&wanted));
    }
    // Only a killed sender's attempts are made twice: one for each lane that it may have claimed, each time.
    let again = times.values().filter(|&&times| times > 1).count();
    assert!(again <= 2 * cameras.len(), "{again} events were accepted more than once: {times:?}");
    assert!(verifies(&receiver.received()[0], &secret));
    let delivered: Vec<u64> =
        replicas.iter().map(|replica| replica.count("api_webhook_delivered_total", &[])).collect();
    assert!(delivered.iter().sum::<u64>() > 0, "the replicas do not share the work: {delivered:?}");
    assert_eq!(setup.admin.get(&webhook).await.body["state"], "delivering");
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_names_what_kafka_does_not_allow() {
    let secured = tokio::task::block_in_place(|| SecuredKafka::start(&["api"]));
    let root = vru_runtime::kafka::KafkaConfig { brokers: secured.kafka.brokers().to_owned(), ..Default::default() };
    let bus = tokio::task::block_in_place(|| Bus::create(root.clone(), "acls", 1));
    let (alerts, cameras, group) = (bus.name(Topic::Alerts), bus.name(Topic::Cameras), "api-group");
    let acls = [Acl::WriteTopic(&cameras), Acl::ReadTopic(&alerts), Acl::ReadGroup(group)];
    let config = secured.sasl("api");
    tokio::task::block_in_place(|| {
        for acl in acls {
            allow(&root, "api", acl);
        }
        let database = postgres().database();
        let service = ServiceLaunch::new("vru-api")
            .set("kafka.brokers", &config.brokers)
            .set("kafka.topic_prefix", bus.prefix())
            .set("kafka.security_protocol", &config.security_protocol)
            .set("kafka.sasl_username", &config.sasl_username)
            .set("kafka.sasl_password", config.sasl_password.expose())
            .set("kafka.ssl_ca_location", &config.ssl_ca_location)
            .set("database.url", database)
            .set("database.migrate", "true")
            .set("http.listen", format!("127.0.0.1:{}", free_port()))
            .set("webhooks.group", group)
            .start();
        service.wait_ready(DEADLINE);
        for (acl, named) in [
            (acls[0], format!("Write on topic {cameras}")),
            (acls[1], format!("Read on topic {alerts}")),
            (acls[2], format!("Read on group {group}")),
        ] {
            forbid(&root, "api", acl);
            vru_runtime::test_util::wait_for(DEADLINE, &format!("/ready to name {named}"), || {
                let answer = http_get(service.admin(), "/ready")?;
                // The API serves on: only webhooks and changes of cameras wait.
                if answer.status == 200 && answer.body.contains(&named) { Ok(()) } else { Err(answer.body) }
            });
            allow(&root, "api", acl);
        }
        vru_runtime::test_util::wait_for(DEADLINE, "nothing to limit the API", || {
            let answer = http_get(service.admin(), "/ready")?;
            if answer.body.contains("\"limited_by\":{}") { Ok(()) } else { Err(answer.body) }
        });
    });
}
