//! Tests of cameras, from the request to the topic, and from what ingest reports to the answer. The test reports in place of ingest;
//! `vru: a_camera_is_tested_…` has the whole way.

use std::time::Duration;

use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use vru_api::ApiConfig;
use vru_proto::v1::camera_config::Source;
use vru_proto::v1::camera_test_report::Outcome;
use vru_proto::v1::{self, CameraTest, CameraTestReport, FailedTest, SeenStream, StartedTest};
use vru_runtime::cameras::{CamerasConfig, References};
use vru_runtime::clock::now_us;
use vru_runtime::secret::Secret;
use vru_runtime::test_util::{Bus, KafkaServer, Topic, eventually, kafka};

use super::api::{Answer, Api, ApiClient};

const DEADLINE: Duration = Duration::from_mins(2);
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const JPEG: &[u8] = b"\xff\xd8 as a camera sends it \xff\xd9";

struct Setup {
    bus: Bus,
    api: Api,
    admin: ApiClient,
    site: String,
    tests: String,
}

impl Setup {
    async fn start(kafka: &KafkaServer, name: &str, change: impl FnOnce(&mut ApiConfig)) -> Self {
        let bus = tokio::task::block_in_place(|| kafka.bus(name, 2));
        let api = Api::start_with(|config| {
            config.kafka = bus.config();
            config.cameras.secrets_key = Secret::new(KEY);
            change(config);
        })
        .await;
        let admin = api.admin().await;
        let site = admin.create_site("own").await;
        let tests = format!("/api/v1/sites/{site}/camera-tests");
        Self { bus, api, admin, site, tests }
    }

    /// Asks for a test, and returns its path.
    async fn ask(&self, body: &Value) -> String {
        let answer = self.admin.post(&self.tests, body).await;
        assert_eq!((answer.status, &answer.body["state"]), (StatusCode::ACCEPTED, &json!("pending")), "{answer:?}");
        answer.header("location").to_owned()
    }

    /// What ingest is asked.
    async fn asked(&self, path: &str) -> CameraTest {
        let id = id(path);
        let read = || -> Vec<CameraTest> {
            let asked: Vec<CameraTest> = tokio::task::block_in_place(|| self.bus.messages(Topic::CameraTests));
            asked.into_iter().filter(|test| test.id == id).collect()
        };
        eventually(
            DEADLINE,
            "ingest is asked",
            async || {
                if read().len() == 1 { Ok(()) } else { Err(format!("{:?}", read())) }
            },
        )
        .await;
        read().remove(0)
    }

    fn report(&self, path: &str, outcome: Outcome) {
        let report = CameraTestReport { id: id(path).to_owned(), host: "pod-7".to_owned(), outcome: Some(outcome) };
        tokio::task::block_in_place(|| self.bus.produce_message(Topic::CameraTestReports, id(path), &report));
    }

    async fn reaches(&self, client: &ApiClient, path: &str, state: &str) -> Answer {
        eventually(DEADLINE, &format!("the test is {state}"), async || {
            let answer = client.get(path).await;
            if answer.body["state"] == state { Ok(()) } else { Err(format!("{answer:?}")) }
        })
        .await;
        client.get(path).await
    }
}

fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

fn candidate() -> Value {
    json!({ "settings": {
        "name": "new", "pull": { "url": "rtsp://10.0.0.7/live", "transport": "udp" }, "privacy": { "blur": false }
    } })
}

fn seen() -> Outcome {
    Outcome::Seen(SeenStream {
        codec: "H264".to_owned(),
        profile: "High, level 4.1".to_owned(),
        width: 1920,
        height: 1080,
        frames_per_second: 24.996,
        clock_ahead_us: Some(-1_500_000),
        transport: v1::RtspTransport::Udp.into(),
        server: "Hipcam".to_owned(),
        first_picture_ms: 830,
        snapshot: JPEG.into(),
        picture_follows: false,
    })
}

/// What ingest reports of a picture that inference is to blur.
fn seen_without_picture() -> Outcome {
    let Outcome::Seen(seen) = seen() else { unreachable!("it is seen") };
    Outcome::Seen(SeenStream { snapshot: prost::bytes::Bytes::new(), picture_follows: true, ..seen })
}

fn blurred(snapshot: &'static [u8], problem: &str) -> Outcome {
    Outcome::Picture(v1::BlurredPicture { snapshot: snapshot.into(), problem: problem.to_owned() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_is_asked_of_ingest_and_what_it_reports_is_found_by_every_replica() {
    let setup = Setup::start(kafka(), "tests-done", |_| {}).await;
    let other = setup.api.replica().await;
    let path = setup.ask(&candidate()).await;
    let asked = setup.asked(&path).await;
    let Some(Source::Pull(pull)) = asked.camera.expect("a camera").source else { panic!("no source") };
    assert_eq!(
        (pull.url.as_str(), pull.transport(), pull.credentials.clone()),
        ("rtsp://10.0.0.7/live", v1::RtspTransport::Udp, None)
    );
    assert!(asked.timeout_ms == 15_000 && asked.start_before_us > now_us());
    let elsewhere = setup.admin.at(&other);
    let snapshot = format!("{path}/snapshot");
    assert_eq!(elsewhere.get(&snapshot).await.problem(), (404, "no_picture", ""));
    setup.report(&path, Outcome::Started(StartedTest {}));
    let running = setup.reaches(&elsewhere, &path, "running").await;
    assert!(running.body["host"] == "pod-7" && running.body["started_at"].is_string(), "{running:?}");
    setup.report(&path, seen());
    for client in [&setup.admin, &elsewhere] {
        let done = setup.reaches(client, &path, "done").await;
        assert_eq!(
            done.body["seen"],
            json!({
                "codec": "H264", "profile": "High, level 4.1", "width": 1920, "height": 1080, "frames_per_second": 25.0,
                "clock": { "sender_reports": true, "ahead_seconds": -1.5 }, "transport": "udp", "server": "Hipcam",
                "first_picture_seconds": 0.83
            })
        );
        assert!(done.body.get("failure").is_none() && done.body["finished_at"].is_string(), "{done:?}");
        let (answer, picture) = client.bytes(Method::GET, &snapshot).await;
        assert_eq!((answer.header("content-type"), answer.header("cache-control")), ("image/jpeg", "no-store"));
        assert_eq!(picture, JPEG);
    }
    // What is said once stays: a repetition, or a late report.
    let failed = FailedTest { reason: "timeout".to_owned(), ..FailedTest::default() };
    setup.report(&path, Outcome::Failed(failed));
    let later = setup.ask(&candidate()).await;
    let failed = FailedTest { reason: "no_route".to_owned(), phase: "connect".to_owned(), text: "no way".to_owned() };
    setup.report(&later, Outcome::Failed(failed));
    let answer = setup.reaches(&setup.admin, &later, "failed").await;
    let failure = json!({ "reason": "no_route", "phase": "connect", "detail": "no way" });
    assert_eq!((&answer.body["failure"], answer.body.get("seen")), (&failure, None));
    assert_eq!(setup.admin.get(&path).await.body["state"], "done");
    let log = setup.api.query(
        "SELECT action, details->>'url' FROM audit_log WHERE action LIKE 'camera%test%' OR action LIKE 'camera_test%' ORDER BY id",
    );
    let actions: Vec<&str> = log.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(actions, ["camera.test", "camera_test.see_snapshot", "camera_test.see_snapshot", "camera.test"]);
    assert_eq!(log[0][1], "rtsp://10.0.0.7/live");
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_of_tests_are_sealed_and_a_saved_camera_is_tried_with_its_own() {
    let setup = Setup::start(kafka(), "tests-logins", |_| {}).await;
    let mut body = candidate();
    body["credentials"] = json!({ "username": "viewer7", "password": "geheim-1" });
    let path = setup.ask(&body).await;
    let cameras = format!("/api/v1/sites/{}/cameras", setup.site);
    body["credentials"]["password"] = json!("geheim-2");
    let created = setup.admin.post(&cameras, &body).await;
    let camera = created.body["id"].as_str().expect("an id");
    let saved = setup.ask(&json!({ "camera_id": camera })).await;
    assert_eq!(setup.admin.get(&saved).await.body["camera_id"], camera);
    for (path, password) in [(&path, "geheim-1"), (&saved, "geheim-2")] {
        let Some(Source::Pull(pull)) = setup.asked(path).await.camera.expect("a camera").source else {
            panic!("no source")
        };
        let credentials = pull.credentials.expect("credentials");
        assert!(credentials.username.starts_with("sealed:") && credentials.password.starts_with("sealed:"));
        let config = CamerasConfig { secrets_key: Secret::new(KEY), ..CamerasConfig::default() };
        let login = References::new(&config).login(&credentials).await.expect("what ingest reads");
        assert_eq!((login.username.as_str(), login.password.expose()), ("viewer7", password));
    }
    let records = tokio::task::block_in_place(|| setup.bus.records(Topic::CameraTests));
    let on_topic: String = records
        .iter()
        .filter_map(|record| record.payload.as_ref())
        .map(|bytes| String::from_utf8_lossy(bytes))
        .collect();
    let stored = setup
        .api
        .query("SELECT (SELECT json_agg(t) FROM camera_tests t)::text || (SELECT json_agg(a) FROM audit_log a)::text");
    let shown = setup.admin.get(&saved).await.body.to_string();
    for secret in ["geheim", "viewer7"] {
        assert!(!on_topic.contains(secret) && !stored[0][0].contains(secret) && !shown.contains(secret), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_nobody_makes_or_ends_fails_at_its_deadline() {
    let setup = Setup::start(kafka(), "tests-silent", |config| {
        (config.camera_tests.timeout, config.camera_tests.start_within) =
            (Duration::from_secs(1), Duration::from_secs(1));
    })
    .await;
    let nobody = setup.ask(&candidate()).await;
    let killed = setup.ask(&candidate()).await;
    setup.report(&killed, Outcome::Started(StartedTest {}));
    setup.reaches(&setup.admin, &killed, "running").await;
    for (path, words) in [(&nobody, "no ingest has tried"), (&killed, "has not told what came of it")] {
        let failed = setup.reaches(&setup.admin, path, "failed").await;
        let failure = &failed.body["failure"];
        assert_eq!(failure["reason"], "no_ingest", "{failed:?}");
        assert!(failure["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{failed:?}");
        // Whoever comes back changes nothing of what was said.
        setup.report(path, seen());
    }
    let last = setup.ask(&candidate()).await;
    setup.report(&last, seen());
    setup.reaches(&setup.admin, &last, "done").await;
    for path in [&nobody, &killed] {
        assert_eq!(setup.admin.get(path).await.body["state"], "failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_kafka_a_test_fails_with_the_reason_soon() {
    let kafka = tokio::task::block_in_place(KafkaServer::start);
    let setup = Setup::start(&kafka, "tests-outage", |_| {}).await;
    kafka.server.pause();
    let path = setup.ask(&candidate()).await;
    let failed = setup.reaches(&setup.admin, &path, "failed").await;
    assert_eq!(failed.body["failure"]["reason"], "kafka", "{failed:?}");
    kafka.server.resume();
    let path = setup.ask(&candidate()).await;
    setup.asked(&path).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_has_a_few_tests_at_once_and_another_site_does_not_wait() {
    let setup = Setup::start(kafka(), "tests-bound", |config| config.camera_tests.per_site = 2).await;
    let other = setup.admin.create_site("other").await;
    let other = format!("/api/v1/sites/{other}/camera-tests");
    // At the same time, too.
    let body = candidate();
    let asked = futures::future::join_all((0..6).map(|_| setup.admin.post(&setup.tests, &body))).await;
    let (taken, refused): (Vec<_>, Vec<_>) = asked.iter().partition(|answer| answer.status == StatusCode::ACCEPTED);
    assert_eq!((taken.len(), refused.len()), (2, 4), "{asked:?}");
    for answer in refused {
        assert_eq!((answer.problem(), answer.header("retry-after")), ((429, "too_many_tests", ""), "15"));
    }
    assert_eq!(setup.admin.post(&other, &body).await.status, StatusCode::ACCEPTED);
    let path = taken[0].header("location");
    setup.report(path, seen());
    setup.reaches(&setup.admin, path, "done").await;
    setup.ask(&body).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_is_for_operators_of_its_site_and_a_wrong_one_is_refused_with_the_field() {
    let setup = Setup::start(kafka(), "tests-who", |_| {}).await;
    let operator = setup.api.member("operator", &setup.site, 2).await;
    let viewer = setup.api.member("viewer", &setup.site, 1).await;
    let site = setup.admin.create_site("other").await;
    let stranger = setup.api.member("stranger", &site, 3).await;
    let path = operator.post(&setup.tests, &candidate()).await.header("location").to_owned();
    for (client, status) in [(&viewer, 403), (&stranger, 404)] {
        assert_eq!(client.get(&path).await.status.as_u16(), status);
        assert_eq!(client.post(&setup.tests, &candidate()).await.status.as_u16(), status);
    }
    // At another site, the test is unknown.
    let elsewhere = format!("/api/v1/sites/{site}/camera-tests/{}", id(&path));
    assert_eq!(stranger.get(&elsewhere).await.problem(), (404, "not_found", ""));
    let theirs = setup.admin.post(&format!("/api/v1/sites/{site}/cameras"), &candidate()).await;
    let pushed = json!({ "settings": { "push": { "allow_anonymous": true } } });
    let own = setup.admin.post(&format!("/api/v1/sites/{}/cameras", setup.site), &pushed).await;
    let asked = setup.bus.written(Topic::CameraTests);
    let with = |field: &str, value: Value| {
        let mut body = candidate();
        body[field] = value;
        body
    };
    for (body, field) in [
        (json!({}), "settings"),
        (json!({ "credentials": { "username": "u", "password": "p" } }), "settings"),
        (json!({ "camera_id": "none" }), "camera_id"),
        (json!({ "camera_id": "no\u{0}ne" }), "camera_id"),
        (json!({ "camera_id": theirs.body["id"] }), "camera_id"),
        (json!({ "camera_id": own.body["id"] }), "camera_id"),
        (with("camera_id", json!("x")), "camera_id"),
        (pushed.clone(), "settings"),
        (with("settings", json!({ "pull": { "url": "http://h/" } })), "settings.pull.url"),
        (with("settings", json!({ "pull": { "url": "rtsp://u:p@h/" } })), "settings.pull.url"),
        (with("settings", json!({ "file": { "path": "/etc/passwd" } })), "settings.file"),
        (with("credentials", json!({ "username": "", "password": "p" })), "credentials.username"),
        (with("colour", json!(1)), "colour"),
    ] {
        let answer = setup.admin.post(&setup.tests, &body).await;
        assert_eq!(answer.problem(), (422, "invalid_field", field), "{body}: {answer:?}");
    }
    assert_eq!(setup.bus.written(Topic::CameraTests), asked);
    let again = [("idempotency-key", "once")];
    let body = candidate().to_string();
    let first = operator.send(Method::POST, &setup.tests, &again, &body).await;
    let second = operator.send(Method::POST, &setup.tests, &again, &body).await;
    assert_eq!(
        (first.status, second.status, &second.body["id"]),
        (StatusCode::ACCEPTED, StatusCode::ACCEPTED, &first.body["id"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_shown_when_inference_has_blurred_it_and_never_before() {
    let setup = Setup::start(kafka(), "tests-blurred", |_| {}).await;
    // Nobody has said that it need not be blurred.
    let mut unknown = candidate();
    unknown["settings"].as_object_mut().expect("settings").remove("privacy");
    let path = setup.ask(&unknown).await;
    assert!(!setup.asked(&path).await.unblurred);
    setup.report(&path, Outcome::Started(StartedTest {}));
    // Before the camera was seen there is nothing to blur.
    setup.report(&path, blurred(b"early", ""));
    setup.report(&path, seen_without_picture());
    setup.reaches(&setup.admin, &path, "running").await;
    let snapshot = format!("{path}/snapshot");
    assert_eq!(setup.admin.get(&snapshot).await.problem(), (404, "no_picture", ""));
    setup.report(&path, blurred(b"blurred", ""));
    setup.report(&path, blurred(b"another", ""));
    let done = setup.reaches(&setup.admin, &path, "done").await;
    assert_eq!((&done.body["host"], &done.body["seen"]["codec"]), (&json!("pod-7"), &json!("H264")), "{done:?}");
    assert!(done.body.get("snapshot_problem").is_none(), "{done:?}");
    assert_eq!(setup.admin.bytes(Method::GET, &snapshot).await.1.as_ref(), b"blurred");

    // Inference, or ingest, says why there is none. What ingest reports unasked is not shown.
    let refused = setup.ask(&unknown).await;
    setup.report(&refused, seen_without_picture());
    setup.report(&refused, blurred(b"", "the picture cannot be decoded"));
    let old = setup.ask(&unknown).await;
    setup.report(&old, seen());
    // Nobody answers.
    let silent = setup.ask(&unknown).await;
    setup.report(&silent, seen_without_picture());
    for (path, words) in [
        (&refused, "the picture cannot be decoded"),
        (&old, "a picture that is not blurred, which is not shown"),
        (&silent, "no inference worker has blurred the picture in time"),
    ] {
        let done = setup.reaches(&setup.admin, path, "done").await;
        let problem = done.body["snapshot_problem"].as_str().unwrap_or_default();
        assert!(problem.contains(words) && done.body["seen"]["codec"] == "H264", "{done:?}");
        // Whoever comes later changes nothing of what was said.
        setup.report(path, blurred(b"late", ""));
        let snapshot = format!("{path}/snapshot");
        assert_eq!(setup.admin.get(&snapshot).await.problem(), (404, "no_picture", ""));
    }
    // The reports of a test are read in order, and this one is in the partition of each.
    let stored = setup.api.query("SELECT count(*)::text FROM camera_tests WHERE snapshot IS NOT NULL");
    assert_eq!(stored[0][0], "1");
    // A saved camera is shown as its settings say.
    let cameras = format!("/api/v1/sites/{}/cameras", setup.site);
    for (privacy, shown) in [(Value::Null, true), (json!({ "blur": true }), false)] {
        let mut body = candidate();
        body["settings"]["privacy"] = privacy;
        let camera = setup.admin.post(&cameras, &body).await.body["id"].clone();
        let saved = setup.admin.post(&setup.tests, &json!({ "camera_id": camera })).await;
        assert_eq!(setup.asked(saved.header("location")).await.unblurred, shown, "{body}");
    }
}
