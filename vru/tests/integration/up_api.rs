//! `vru up` without a configuration of cameras: people and cameras are added by the REST API.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use vru_runtime::test_util::{
    Codec, FfmpegCamera, Launch, Metrics, Process, binary, folder, http_get, seeded_rng, wait_for, wait_until,
};

use crate::subscriber;
use crate::support::api_client::ApiClient;
use crate::support::up::{self, UpAddresses};

const DEADLINE: Duration = Duration::from_mins(5);
const PASSWORD: &str = "a long enough password";

struct UpWithApi {
    home: PathBuf,
    config: PathBuf,
    addresses: UpAddresses,
    process: Process,
    client: ApiClient,
}

impl UpWithApi {
    fn start(settings: &str) -> Self {
        Self::start_at(UpAddresses::free(), settings)
    }

    fn start_at(addresses: UpAddresses, settings: &str) -> Self {
        let home = folder("up-api");
        let config = up::write_config(&home, &addresses, settings);
        let process = up::start(&home, &config);
        let client = ApiClient::new(&addresses.api.to_string());
        Self { home, config, addresses, process, client }
    }

    /// Stops it, and starts it again with the same data.
    fn restart(&mut self) {
        self.process.signal("TERM");
        self.process.wait(DEADLINE);
        let launch = Launch::new(binary("vru"), self.home.join("again.log"));
        self.process = up::command(launch, &self.config, &self.home.join("data")).spawn();
    }

    fn wait_for_log(&self, words: &str) {
        wait_for(DEADLINE, words, || {
            assert!(self.process.ended().is_none(), "vru up ended:\n{}", self.process.log());
            if self.process.log().contains(words) { Ok(()) } else { Err(self.process.log_tail()) }
        });
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.client.call(method, path, Some(body))
    }

    fn first_admin(&self, token: &str) -> (u16, Value) {
        self.call("POST", "/api/v1/first-admin", &json!({ "token": token, "name": "Ada", "password": PASSWORD }))
    }

    fn log_in(&self) {
        self.client.log_in("Ada", PASSWORD);
    }

    /// Frames of all cameras that have a row.
    fn rows(&self) -> Result<u64, String> {
        let metrics = Metrics::parse(&http_get(self.addresses.sink, "/metrics")?.body)?;
        Ok(metrics.count("sink_stored_frames_total", &[("sink", "postgres")]))
    }

    /// Pushes until frames have rows. A camera starts again when it is refused, as real ones do: after wrong passwords the door is slow.
    fn push_until_rows(&self, camera: &FfmpegCamera) -> Process {
        let mut pushing = camera.start();
        wait_for(DEADLINE, "rows of frames", || {
            if pushing.ended().is_some() {
                pushing = camera.start();
            }
            match self.rows()? {
                0 => Err(format!("{}\n{}", pushing.log_tail(), self.process.log_tail())),
                _ => Ok(()),
            }
        });
        pushing
    }
}

#[test]
fn a_camera_of_the_api_is_watched_and_again_after_a_restart_and_only_its_login_opens_the_door() {
    let mut up = UpWithApi::start("");
    up.wait_for_log("nobody can log in");
    let token = std::fs::read_to_string(up.home.join("data/first-admin-token")).unwrap();
    assert_eq!(up.first_admin("wrong").0, 403);
    assert_eq!(up.first_admin(&token).0, 201);
    let (status, answer) = up.first_admin(&token);
    assert_eq!((status, answer["code"].as_str()), (409, Some("first_admin_exists")));
    up.log_in();
    let (_, site) = up.call("POST", "/api/v1/sites", &json!({ "name": "Street", "time_zone": "Europe/Berlin" }));
    let cameras = format!("/api/v1/sites/{}/cameras", site["id"].as_str().unwrap());
    let password = format!("{:x}", rand::Rng::random::<u128>(&mut seeded_rng("up-api")));
    let wanted = json!({
        "settings": { "name": "Gate", "push": {} },
        "credentials": { "username": "gate", "password": password },
    });
    let (status, camera) = up.call("POST", &cameras, &wanted);
    assert_eq!(status, 201, "{camera}");
    let id = camera["id"].as_str().unwrap();

    let push =
        |password: &str| FfmpegCamera::new(Codec::H264, format!("rtsp://gate:{password}@{}/{id}", up.addresses.push));
    let mut intruder = push("guessed").start();
    wait_until(DEADLINE, "the door to refuse the wrong password", || {
        let refused = intruder.ended().is_some() && intruder.log().contains("401");
        if !refused && intruder.ended().is_some() {
            // The camera was not known yet.
            intruder = push("guessed").start();
        }
        refused
    });
    assert_eq!(up.rows(), Ok(0));
    let camera = push(&password);
    let pushing = up.push_until_rows(&camera);
    // What the camera shows is known in the process, without a Redis, and nothing is missed.
    wait_for(DEADLINE, "the live state", || {
        let (status, live) = up.call("GET", &format!("{cameras}/{id}/live"), &json!({}));
        if (status, live["state"].as_str()) == (200, Some("live")) { Ok(()) } else { Err(live.to_string()) }
    });
    let (status, health) = up.call("GET", "/api/v1/system/health", &json!({}));
    assert_eq!((status, health["servers"]["redis"]["state"].as_str()), (200, Some("not_configured")), "{health}");
    assert_eq!(health["workers"]["items"].as_array().map(Vec::len), Some(1), "{health}");
    let ready = http_get(up.addresses.api_admin, "/ready").unwrap().body;
    assert!(!ready.contains("redis"), "{ready}");
    drop(pushing);

    up.restart();
    up.wait_for_log("everything runs");
    assert!(!up.process.log().contains("nobody can log in"), "{}", up.process.log());
    // The embedded broker has forgotten the camera; the database has not.
    drop(up.push_until_rows(&camera));
    up.log_in();
    let (status, list) = up.call("GET", &cameras, &json!({}));
    assert_eq!((status, list["items"][0]["id"].as_str()), (200, Some(id)));
    let log = std::fs::read_to_string(up.home.join("data/vru.log")).unwrap();
    assert!(!log.contains(&password) && !up.process.log().contains(&password), "the password is in a log");
}

#[test]
fn the_grpc_server_accepts_tokens_of_the_api_without_further_settings() {
    let up = UpWithApi::start_at(UpAddresses::free().with_tokens(), "");
    up.wait_for_log("everything runs");
    let token = std::fs::read_to_string(up.home.join("data/first-admin-token")).unwrap();
    assert_eq!(up.first_admin(&token).0, 201);
    up.log_in();
    let expires_at = humantime::format_rfc3339_seconds(SystemTime::now() + Duration::from_hours(1)).to_string();
    let client = json!({ "name": "a program", "scopes": ["alerts:read"], "expires_at": expires_at });
    let (status, client) = up.call("POST", "/api/v1/clients", &client);
    assert_eq!(status, 201, "{client}");
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--fail-with-body", "--data", "grant_type=client_credentials", "--user"])
        .arg(format!("{}:{}", client["id"].as_str().unwrap(), client["client_secret"].as_str().unwrap()))
        .arg(format!("http://{}/api/v1/oauth/token", up.addresses.api))
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let open = async |token: &str| {
        let request = vru_proto::v1::SubscribeRequest::default();
        let stream = subscriber::open_with(up.addresses.alerts.port(), request, token).await;
        stream.map(drop).map_err(|status| status.code())
    };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        assert_eq!(open("a.b.c").await, Err(tonic::Code::Unauthenticated));
        assert_eq!(open(answer["access_token"].as_str().expect("a token")).await, Ok(()));
    });
}

#[test]
fn cameras_in_a_file_are_not_changed_by_the_api() {
    let home = folder("cameras");
    let file = home.join("cameras.toml");
    std::fs::write(&file, "[[cameras]]\nid = 'gate'\npush = { allow_anonymous = true }\n").unwrap();
    let up = UpWithApi::start(&format!("cameras.file = '{}'\n", file.display()));
    up.wait_for_log("everything runs");
    let token = std::fs::read_to_string(up.home.join("data/first-admin-token")).unwrap();
    assert_eq!(up.first_admin(&token).0, 201);
    up.log_in();
    let (_, site) = up.call("POST", "/api/v1/sites", &json!({ "name": "Street", "time_zone": "Europe/Berlin" }));
    let cameras = format!("/api/v1/sites/{}/cameras", site["id"].as_str().unwrap());
    let wanted = json!({ "settings": { "name": "Gate", "push": { "allow_anonymous": true } } });
    let (status, answer) = up.call("POST", &cameras, &wanted);
    assert_eq!((status, answer["code"].as_str()), (409, Some("cameras_in_file")), "{answer}");
}
