//! Cameras, from the request to the topic.

use std::time::Duration;

use hyper::{Method, StatusCode};
use prost::Message as _;
use serde_json::{Value, json};
use vru_proto::v1;
use vru_proto::v1::camera_config::Source;
use vru_runtime::cameras::{CamerasConfig, References};
use vru_runtime::kafka::Record;
use vru_runtime::secret::Secret;
use vru_runtime::test_util::{Bus, KafkaServer, Topic, eventually, kafka};

use super::api::{Answer, Api, ApiClient};

const DEADLINE: Duration = Duration::from_mins(2);
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

async fn start(bus: &Bus) -> (Api, ApiClient, String) {
    let api = Api::start_with(|config| {
        config.kafka = bus.config();
        config.cameras.secrets_key = Secret::new(KEY);
    })
    .await;
    let admin = api.admin().await;
    let site = admin.create_site("own").await;
    (api, admin, format!("/api/v1/sites/{site}/cameras"))
}

fn bus(kafka: &KafkaServer, name: &str) -> Bus {
    tokio::task::block_in_place(|| kafka.bus(name, 2))
}

fn pulled(name: &str) -> Value {
    json!({
        "name": name, "pull": { "url": "rtsp://192.0.2.7/stream" },
        "zones": [{ "id": "z", "polygon": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]] }],
        "rules": [{ "id": "r", "zone_presence": { "zone": "z" } }],
    })
}

fn wanted(name: &str) -> Value {
    json!({ "settings": pulled(name) })
}

/// The newest record of a camera on the topic.
fn newest_record(bus: &Bus, id: &str) -> Option<Record> {
    let records = tokio::task::block_in_place(|| bus.records(Topic::Cameras));
    records.into_iter().rfind(|record| record.key.as_deref() == Some(id.as_bytes()))
}

/// What it says; `None` for a tombstone.
fn newest(bus: &Bus, id: &str) -> Option<v1::CameraConfig> {
    let payload = newest_record(bus, id)?.payload?;
    Some(v1::CameraConfig::decode(&*payload).expect("a message"))
}

/// Waits for a version with that name, or for a tombstone.
async fn reaches(bus: &Bus, id: &str, name: Option<&str>) {
    eventually(DEADLINE, "the topic has the newest version", async || {
        let found = newest(bus, id);
        let exists = newest_record(bus, id).is_some();
        if exists && found.as_ref().map(|camera| camera.name.as_str()) == name {
            return Ok(());
        }
        Err(format!("{found:?}"))
    })
    .await;
}

/// Reads until nothing is pending.
async fn settled(client: &ApiClient, path: &str) -> Answer {
    let mut answer = client.get(path).await;
    eventually(DEADLINE, "the change is in effect", async || {
        let read = client.get(path).await;
        if read.body["pending"] == false { Ok(()) } else { Err(format!("{read:?}")) }
    })
    .await;
    answer.body["pending"] = json!(false);
    answer
}

fn tag(answer: &Answer) -> &str {
    answer.header("etag")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_is_added_changed_deleted_and_restored_and_the_topic_follows() {
    let bus = bus(kafka(), "cameras");
    let (api, client, cameras) = start(&bus).await;
    let created = client.post(&cameras, &wanted("first")).await;
    assert_eq!((created.status, tag(&created)), (StatusCode::CREATED, "\"1\""), "{created:?}");
    let id = created.body["id"].as_str().expect("an id");
    let path = created.header("location");
    reaches(&bus, id, Some("first")).await;
    let read = settled(&client, path).await;
    assert_eq!(read.body["settings"]["pull"]["url"], "rtsp://192.0.2.7/stream");
    assert_eq!(read.body["settings"]["enabled"], true);
    let message = newest(&bus, id).expect("a message");
    assert_eq!((message.id.as_str(), message.zones.len(), message.rules.len()), (id, 1, 1));
    let changed = client.put(path, "\"1\"", &wanted("second")).await;
    assert_eq!((changed.status, tag(&changed)), (StatusCode::OK, "\"2\""));
    reaches(&bus, id, Some("second")).await;
    assert_eq!(client.put(path, "\"1\"", &wanted("third")).await.problem(), (412, "changed_meanwhile", ""));
    // Taken back.
    let restore = format!("{path}/restore");
    let headers = [("if-match", "\"2\"")];
    let restored = client.send(Method::POST, &restore, &headers, "{\"version\":1}").await;
    assert_eq!((restored.status, &restored.body["settings"]["name"]), (StatusCode::OK, &json!("first")));
    reaches(&bus, id, Some("first")).await;
    let deleted = client.send(Method::DELETE, path, &[("if-match", "\"3\"")], "").await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{deleted:?}");
    reaches(&bus, id, None).await;
    for answer in [client.get(path).await, client.put(path, "\"4\"", &wanted("x")).await] {
        assert_eq!(answer.problem(), (404, "not_found", ""));
    }
    assert!(client.all(&cameras).await.is_empty());
    let versions = client.all(&format!("{path}/versions")).await;
    let history: Vec<_> = versions
        .iter()
        .map(|version| {
            (version["version"].as_i64(), version["settings"]["name"].as_str(), version["deleted"].as_bool())
        })
        .collect();
    let of = |version, name, deleted| (Some(version), Some(name), Some(deleted));
    assert_eq!(history, [of(4, "first", true), of(3, "first", false), of(2, "second", false), of(1, "first", false)]);
    assert!(versions.iter().all(|version| version["user_id"].is_string() && version["at"].is_string()));
    let headers = [("if-match", "\"4\"")];
    for version in ["0", "4", "5", "9223372036854775807"] {
        let body = format!("{{\"version\":{version}}}");
        let answer = client.send(Method::POST, &restore, &headers, &body).await;
        assert_eq!(answer.problem(), (422, "invalid_field", "version"), "{version}");
    }
    let restored = client.send(Method::POST, &restore, &headers, "{\"version\":2}").await;
    assert_eq!((restored.status, tag(&restored)), (StatusCode::OK, "\"5\""));
    reaches(&bus, id, Some("second")).await;
    let log = api.query("SELECT action FROM audit_log WHERE object LIKE 'camera_%' ORDER BY id");
    let actions = ["camera.create", "camera.change", "camera.restore", "camera.delete", "camera.restore"];
    assert_eq!(log, actions.map(|action| vec![action.to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_of_a_camera_is_sealed_and_never_shown() {
    let bus = bus(kafka(), "secrets");
    let (api, client, cameras) = start(&bus).await;
    let mut body = wanted("with a login");
    body["credentials"] = json!({ "username": "viewer7", "password": "env:geheim" });
    let created = client.post(&cameras, &body).await;
    assert_eq!((created.status, &created.body["has_credentials"]), (StatusCode::CREATED, &json!(true)));
    let (id, path) = (created.body["id"].as_str().expect("an id"), created.header("location"));
    reaches(&bus, id, Some("with a login")).await;
    let login = async |camera: &v1::CameraConfig| {
        let Some(Source::Pull(pull)) = &camera.source else { panic!("{camera:?}") };
        let config = CamerasConfig { secrets_key: Secret::new(KEY), ..CamerasConfig::default() };
        References::new(&config).login(pull.credentials.as_ref().expect("credentials")).await.expect("a login")
    };
    let first = newest(&bus, id).expect("a message");
    // What ingest reads. It is no reference, whatever it says.
    let read = login(&first).await;
    assert_eq!((read.username.as_str(), read.password.expose()), ("viewer7", "env:geheim"));
    // Without credentials in the request, they stay.
    assert_eq!(client.put(path, "\"1\"", &wanted("changed")).await.body["has_credentials"], true);
    reaches(&bus, id, Some("changed")).await;
    assert_eq!(login(&newest(&bus, id).expect("a message")).await.password.expose(), "env:geheim");
    let stored = api.query(
        "SELECT (SELECT json_agg(c) FROM cameras c)::text || (SELECT json_agg(s) FROM camera_secrets s)::text \
         || (SELECT json_agg(v) FROM camera_versions v)::text || (SELECT json_agg(a) FROM audit_log a)::text",
    );
    let records = tokio::task::block_in_place(|| bus.records(Topic::Cameras));
    let sent: Vec<String> = records
        .iter()
        .filter_map(|record| record.payload.as_ref())
        .map(|payload| String::from_utf8_lossy(payload).into_owned())
        .collect();
    let shown = [client.get(path).await.body, client.get(&format!("{path}/versions")).await.body];
    for secret in ["geheim", "viewer7"] {
        assert!(!stored[0][0].contains(secret), "the database shows {secret}");
        assert!(!sent.iter().any(|text| text.contains(secret)), "the topic shows {secret}");
        assert!(!shown.iter().any(|body| body.to_string().contains(secret)), "the API shows {secret}");
    }
    let mut without = wanted("without");
    without["credentials"] = Value::Null;
    assert_eq!(client.put(path, "\"2\"", &without).await.body["has_credentials"], false);
    reaches(&bus, id, Some("without")).await;
    let Some(Source::Pull(pull)) = newest(&bus, id).expect("a message").source else { panic!("no source") };
    assert_eq!(pull.credentials, None);
    // Deletion takes the login too.
    assert_eq!(client.put(path, "\"3\"", &body).await.body["has_credentials"], true);
    client.send(Method::DELETE, path, &[("if-match", "\"4\"")], "").await;
    assert_eq!(api.query("SELECT count(*) FROM camera_secrets")[0][0], "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_wait_while_kafka_is_away_and_the_newest_arrives() {
    let kafka = tokio::task::block_in_place(KafkaServer::start);
    let bus = bus(&kafka, "outage");
    let (_api, client, cameras) = start(&bus).await;
    let created = client.post(&cameras, &wanted("before")).await;
    let (id, path) = (created.body["id"].as_str().expect("an id"), created.header("location"));
    reaches(&bus, id, Some("before")).await;
    settled(&client, path).await;
    kafka.server.pause();
    for (version, name) in [(1, "during"), (2, "later"), (3, "at last")] {
        let answer = client.put(path, &format!("\"{version}\""), &wanted(name)).await;
        assert_eq!((answer.status, &answer.body["pending"]), (StatusCode::OK, &json!(true)), "{answer:?}");
    }
    kafka.server.resume();
    reaches(&bus, id, Some("at last")).await;
    assert_eq!(settled(&client, path).await.body["settings"]["name"], "at last");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_replica_publishes_when_the_first_ends_and_repeats_what_may_be_late() {
    let bus = bus(kafka(), "replicas");
    let (api, client, cameras) = start(&bus).await;
    let created = client.post(&cameras, &wanted("first")).await;
    let (id, path) = (created.body["id"].as_str().expect("an id"), created.header("location"));
    reaches(&bus, id, Some("first")).await;
    let other = api.replica().await;
    drop(api);
    let client = client.at(&other);
    assert_eq!(client.put(path, "\"1\"", &wanted("second")).await.status, StatusCode::OK);
    reaches(&bus, id, Some("second")).await;
    // As if a record of the first one arrived only now.
    let late = v1::CameraConfig { name: "late".to_owned(), ..newest(&bus, id).expect("a message") };
    tokio::task::block_in_place(|| bus.put_camera(&late));
    reaches(&bus, id, Some("second")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_changes_at_once_one_wins_whole() {
    let bus = bus(kafka(), "at_once");
    let (_api, client, cameras) = start(&bus).await;
    let created = client.post(&cameras, &wanted("first")).await;
    let (id, path) = (created.body["id"].as_str().expect("an id"), created.header("location"));
    for version in 1..6 {
        let tag = format!("\"{version}\"");
        let (left, right) = (wanted(&format!("left {version}")), wanted(&format!("right {version}")));
        let (left, right) = tokio::join!(client.put(path, &tag, &left), client.put(path, &tag, &right));
        let mut statuses = [left.status.as_u16(), right.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    }
    let read = settled(&client, path).await;
    reaches(&bus, id, read.body["settings"]["name"].as_str()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_of_a_camera_are_refused_with_the_field_and_change_nothing() {
    let bus = bus(kafka(), "refused");
    let (api, client, cameras) = start(&bus).await;
    let with = |changes: Value| {
        let mut body = wanted("a");
        for (name, value) in changes.as_object().expect("an object") {
            body["settings"][name] = value.clone();
        }
        body
    };
    let login = |username: &str, password: &str| json!({ "settings": pulled("a"), "credentials": { "username": username, "password": password } });
    let corner = |number: u32| (f64::from(number) / 10.0).sin_cos();
    let corners: Vec<_> = (0..60).map(corner).map(|(x, y)| [0.5 + x / 3.0, 0.5 + y / 3.0]).collect();
    let many: Vec<Value> =
        (0..400).map(|number| json!({ "id": format!("zone {number}"), "polygon": corners })).collect();
    for (body, field) in [
        (json!({}), ""),
        (json!({ "settings": {} }), "settings"),
        (with(json!({ "pull": { "url": "http://192.0.2.7/" } })), "settings.pull.url"),
        (with(json!({ "pull": { "url": 7 } })), "settings.pull.url"),
        (with(json!({ "push": { "allow_anonymous": true } })), "settings"),
        (with(json!({ "pull": null, "push": {} })), "settings.push.credentials"),
        (with(json!({ "pull": null, "file": { "path": "/etc/passwd" } })), "settings.file"),
        (with(json!({ "pull": { "url": "rtsp://h/", "username": "u", "password": "p" } })), "settings.pull"),
        (with(json!({ "id": "mine" })), "settings.id"),
        (with(json!({ "name": "a\n" })), "settings.name"),
        (with(json!({ "colour": 1 })), "settings.colour"),
        (with(json!({ "rules": [{ "id": "r", "zone_presence": { "zone": "none" } }] })), "settings.rules.zone_id"),
        (with(json!({ "output": { "max_fps": 1000.0 } })), "settings.output.max_fps"),
        (with(json!({ "zones": [{ "id": "z\u{0}", "polygon": [[0, 0], [1, 0], [1, 1]] }], "rules": [] })), "settings"),
        (with(json!({ "zones": many, "rules": [] })), "settings"),
        (login("", "x"), "credentials.username"),
        (login("u", "x\n"), "credentials.password"),
        (login("u", &"x".repeat(300)), "credentials.password"),
    ] {
        let answer = client.post(&cameras, &body).await;
        assert_eq!(answer.problem(), (422, "invalid_field", field), "{body}: {answer:?}");
    }
    assert_eq!(api.query("SELECT (SELECT count(*) FROM cameras) + (SELECT count(*) FROM camera_outbox)")[0][0], "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_no_login_is_kept() {
    let bus = bus(kafka(), "no_key");
    let api = Api::start_with(|config| config.kafka = bus.config()).await;
    let admin = api.admin().await;
    let cameras = format!("/api/v1/sites/{}/cameras", admin.create_site("own").await);
    let mut body = wanted("a");
    body["credentials"] = json!({ "username": "u", "password": "p" });
    assert_eq!(admin.post(&cameras, &body).await.problem(), (409, "no_secrets_key", "credentials"));
    assert_eq!(admin.post(&cameras, &wanted("a")).await.status, StatusCode::CREATED);
}
