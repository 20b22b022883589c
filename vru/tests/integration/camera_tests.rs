//! Tests of cameras, the whole way: the API, Kafka, ingest and a camera, with the real programs.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};
use vru_runtime::test_util::{Bus, Codec, ServiceLaunch, ServiceProcess, folder, free_port, kafka, postgres, wait_for};

use crate::support::api_client::ApiClient;
use crate::support::camera_server::CameraServer;
use crate::support::pipeline::{infer, ingest};
use crate::support::up::{self, UpAddresses};

const DEADLINE: Duration = Duration::from_mins(5);
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const PASSWORD: &str = "a long enough password";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The API on a port of its own.
pub fn api(bus: &Bus, database: &str) -> (ServiceProcess, String) {
    let listen = format!("127.0.0.1:{}", free_port());
    let service = ServiceLaunch::new("vru-api")
        .bus(bus)
        .set("database.url", database)
        .set("database.migrate", "true")
        .set("http.listen", &listen)
        .set("cameras.secrets_key", KEY)
        .set("first_admin.token", TOKEN)
        .set("webhooks.group", format!("{}webhooks", bus.prefix()))
        .set("camera_tests.group", format!("{}reports", bus.prefix()))
        .start();
    service.wait_ready(DEADLINE);
    (service, listen)
}

/// The first person, logged in, and the id of a site.
pub fn site_of_first_admin(address: &str) -> (ApiClient, String) {
    let client = ApiClient::new(address);
    let person = json!({ "token": TOKEN, "name": "Ada", "password": PASSWORD });
    assert_eq!(client.call("POST", "/api/v1/first-admin", Some(&person)).0, 201);
    client.log_in("Ada", PASSWORD);
    let site = json!({ "name": "Street", "time_zone": "Europe/Berlin" });
    let (_, site) = client.call("POST", "/api/v1/sites", Some(&site));
    let site = site["id"].as_str().unwrap().to_owned();
    (client, site)
}

fn wait_for_end(client: &ApiClient, path: &str) -> Value {
    let mut test = Value::Null;
    wait_for(DEADLINE, "the end of the test", || {
        let (status, answer) = client.call("GET", path, None);
        assert_eq!(status, 200, "{answer}");
        test = answer;
        if test["state"] == "done" || test["state"] == "failed" { Ok(()) } else { Err(test.to_string()) }
    });
    test
}

#[test]
fn a_camera_is_tested_by_a_pod_and_a_pod_that_is_killed_leaves_a_clear_end() {
    let bus = kafka().bus("camera-tests", 4);
    let database = postgres().database();
    let ((_one, first), (_other, second)) = (api(&bus, &database), api(&bus, &database));
    let pods: Vec<ServiceProcess> =
        (0..2).map(|_| ingest(&bus, free_port()).set("cameras.secrets_key", KEY).start()).collect();
    for pod in &pods {
        pod.wait_ready(DEADLINE);
    }
    let cameras = CameraServer::start();
    cameras.synthetic("gate");
    let (client, site) = site_of_first_admin(&first);
    let tests = format!("/api/v1/sites/{site}/camera-tests");
    let ask_with = |url: String, privacy: Value| {
        let body = json!({
            "settings": { "pull": { "url": url }, "privacy": privacy },
            "credentials": { "username": "viewer", "password": "geheim-5" }
        });
        let (status, test) = client.call("POST", &tests, Some(&body));
        assert_eq!(status, 202, "{test}");
        format!("{tests}/{}", test["id"].as_str().unwrap())
    };
    let ask = |url: String| ask_with(url, json!({ "blur": false }));
    let elsewhere = client.at(&second);

    let path = ask(cameras.url("gate"));
    let done = wait_for_end(&elsewhere, &path);
    assert_eq!((done["state"].as_str(), done["seen"]["codec"].as_str()), (Some("done"), Some("H264")), "{done}");
    assert_eq!((&done["seen"]["width"], &done["seen"]["height"]), (&json!(320), &json!(240)));
    assert_eq!(done["seen"]["clock"]["sender_reports"], true, "{done}");
    let jpeg = elsewhere.bytes(&format!("{path}/snapshot"));
    let header = vru_media::jpeg::header(&jpeg).unwrap();
    assert_eq!((header.width, header.height), (320, 240));
    assert_eq!(wait_for_end(&client, &ask(cameras.url("other")))["failure"]["reason"], "unknown_path");

    // Nobody has said that the picture may be seen as it is: without inference there is none, with it there is a blurred one.
    let path = ask_with(cameras.url("gate"), Value::Null);
    let done = wait_for_end(&client, &path);
    let problem = done["snapshot_problem"].as_str().unwrap_or_default();
    assert!(problem.contains("no inference worker") && done["seen"]["codec"] == "H264", "{done}");
    assert_eq!(client.call("GET", &format!("{path}/snapshot"), None).0, 404);
    let worker = infer(&bus).start();
    worker.wait_ready(DEADLINE);
    let path = ask_with(cameras.url("gate"), Value::Null);
    let done = wait_for_end(&client, &path);
    assert!(done["state"] == "done" && done["snapshot_problem"].is_null(), "{done}");
    let header = vru_media::jpeg::header(&elsewhere.bytes(&format!("{path}/snapshot"))).unwrap();
    assert_eq!((header.width, header.height), (320, 240));
    drop(worker);

    // It accepts, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let path = ask(format!("rtsp://{}/live", silent.local_addr().unwrap()));
    let (_connection, _) = silent.accept().unwrap();
    wait_for(DEADLINE, "the test to run", || {
        let (_, test) = client.call("GET", &path, None);
        if test["state"] == "running" { Ok(()) } else { Err(test.to_string()) }
    });
    for pod in &pods {
        pod.kill();
    }
    let failed = wait_for_end(&elsewhere, &path);
    assert_eq!(failed["failure"]["reason"], "no_ingest", "{failed}");
    assert!(failed["failure"]["detail"].as_str().unwrap().contains("stopped or killed"), "{failed}");
    // What nobody has taken when all are killed is made by whoever comes.
    let path = ask(cameras.url("gate"));
    pods[0].restart();
    let test = wait_for_end(&client, &path);
    if test["state"] == "failed" {
        // The group waits for the dead member for longer than a test waits for its turn, on a busy machine.
        assert!(test["failure"]["reason"] == "late" || test["failure"]["reason"] == "no_ingest", "{test}");
        assert_eq!(wait_for_end(&client, &ask(cameras.url("gate")))["state"], "done");
    }
    silent.set_nonblocking(true).unwrap();
    assert!(silent.accept().is_err(), "a test that was begun was made again");
    for log in pods.iter().map(ServiceProcess::log) {
        assert!(!log.contains("geheim"), "the password is in a log");
    }
}

#[test]
fn vru_up_tests_cameras_of_its_own_host_without_a_configuration() {
    let (home, addresses) = (folder("up-tests"), UpAddresses::free());
    let config = up::write_config(&home, &addresses, "");
    let process = up::start(&home, &config);
    wait_for(DEADLINE, "the start", || {
        assert!(process.ended().is_none(), "vru up ended:\n{}", process.log());
        if process.log().contains("everything runs") { Ok(()) } else { Err(process.log_tail()) }
    });
    let token = std::fs::read_to_string(home.join("data/first-admin-token")).unwrap();
    let client = ApiClient::new(&addresses.api.to_string());
    let person = json!({ "token": token, "name": "Ada", "password": PASSWORD });
    assert_eq!(client.call("POST", "/api/v1/first-admin", Some(&person)).0, 201);
    client.log_in("Ada", PASSWORD);
    let site = json!({ "name": "Street", "time_zone": "Europe/Berlin" });
    let (_, site) = client.call("POST", "/api/v1/sites", Some(&site));
    let tests = format!("/api/v1/sites/{}/camera-tests", site["id"].as_str().unwrap());
    let cameras = CameraServer::start();
    cameras.clip("clip", Codec::H265);
    let body = json!({
        "settings": { "pull": { "url": cameras.url("clip") } }, "credentials": { "username": "u", "password": "geheim-6" }
    });
    let (status, test) = client.call("POST", &tests, Some(&body));
    assert_eq!(status, 202, "{test}");
    let path = format!("{tests}/{}", test["id"].as_str().unwrap());
    let done = wait_for_end(&client, &path);
    assert_eq!((done["state"].as_str(), done["seen"]["codec"].as_str()), (Some("done"), Some("H265")), "{done}");
    assert!(done["snapshot_problem"].is_null(), "{done}");
    assert!(vru_media::jpeg::header(&client.bytes(&format!("{path}/snapshot"))).is_ok());
    let body = json!({ "settings": { "pull": { "url": "rtsp://0.0.0.0/live" } } });
    let (_, test) = client.call("POST", &tests, Some(&body));
    let refused = wait_for_end(&client, &format!("{tests}/{}", test["id"].as_str().unwrap()));
    assert_eq!(refused["failure"]["reason"], "network_not_allowed", "{refused}");
    let log = std::fs::read_to_string(home.join("data/vru.log")).unwrap();
    assert!(!log.contains("geheim") && !process.log().contains("geheim"), "the password is in a log");
}
