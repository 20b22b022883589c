//! Uploads, the whole way: the API, the bucket, Kafka, ingest, inference and the sink, with the real programs.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use vru_runtime::test_util::{S3Server, ServiceLaunch, ServiceProcess, folder, free_port, require_asset, s3, wait_for};

use crate::findings::{Object, analyse, assert_counts, stored};
use crate::pipeline::{Pipeline, start};
use crate::support::api_client::ApiClient;
use crate::support::up::{self, UpAddresses};

const DEADLINE: Duration = Duration::from_mins(5);
const PASSWORD: &str = "a long enough password";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const FRAMES: u64 = 795;

fn with_bucket(launch: ServiceLaunch, pipeline: &Pipeline<'_>) -> ServiceLaunch {
    launch
        .set("s3.endpoint", s3().endpoint())
        .set("s3.bucket", &pipeline.bucket)
        .set("s3.access_key", S3Server::ACCESS_KEY)
        .set("s3.secret_key", S3Server::SECRET_KEY)
}

fn api(pipeline: &Pipeline<'_>) -> (ServiceLaunch, String) {
    let listen = format!("127.0.0.1:{}", free_port());
    let launch = ServiceLaunch::new("vru-api")
        .bus(&pipeline.bus)
        .set("database.url", &pipeline.database)
        .set("database.migrate", "true")
        .set("http.listen", &listen)
        .set("first_admin.token", TOKEN)
        .set("webhooks.group", pipeline.group("webhooks"))
        .set("camera_tests.group", pipeline.group("reports"))
        .set("uploads.enabled", "true")
        .set("uploads.part_bytes", "5242880")
        .set("uploads.delete_for", "2s")
        .set("uploads.group", pipeline.group("uploads"));
    (with_bucket(launch, pipeline), listen)
}

fn reaches(client: &ApiClient, path: &str, state: &str, services: &[&ServiceProcess]) -> Value {
    let mut found = Value::Null;
    wait_for(DEADLINE, &format!("the upload is {state}"), || {
        let (status, answer) = client.call("GET", path, None);
        assert_eq!(status, 200, "{answer}");
        found = answer;
        let logs = || services.iter().map(|service| service.log_tail()).collect::<Vec<_>>().join("\n");
        if found["state"] == state { Ok(()) } else { Err(format!("{found}\n{}", logs())) }
    });
    found
}

#[test]
fn an_uploaded_file_gives_what_analyse_finds_and_its_deletion_leaves_nothing() {
    let clip = require_asset("clips/vtest.avi");
    let pipeline = Pipeline::new("uploads", 2);
    let (api, address) = api(&pipeline);
    let ingest = with_bucket(pipeline.ingest(), &pipeline);
    let [api, ingest, infer, sink] = start([api, ingest, pipeline.infer(), pipeline.sink()]);
    let client = ApiClient::new(&address);
    let person = json!({ "token": TOKEN, "name": "Ada", "password": PASSWORD });
    assert_eq!(client.call("POST", "/api/v1/first-admin", Some(&person)).0, 201);
    client.log_in("Ada", PASSWORD);
    let site = json!({ "name": "Street", "time_zone": "Europe/Berlin" });
    let (_, site) = client.call("POST", "/api/v1/sites", Some(&site));
    let uploads = format!("/api/v1/sites/{}/uploads", site["id"].as_str().unwrap());
    let settings = json!({
        "zones": [{ "id": "everywhere", "polygon": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]] }],
        "rules": [{ "id": "somebody-there", "severity": "warning", "zone_presence": { "zone": "everywhere", "min_frames": 2 } }],
    });
    let metadata =
        format!("filename {},settings {}", STANDARD.encode("vtest.avi"), STANDARD.encode(settings.to_string()));
    let content = std::fs::read(&clip).unwrap();
    let path = client.begin_upload(&uploads, content.len(), &metadata);
    let half = content.len() / 2 + 12_345;
    assert_eq!(client.send_part(&path, 0, &content[..half]), half);
    assert_eq!(client.send_part(&path, half, &content[half..]), content.len());

    // A worker's death and a restart of ingest cost nothing.
    reaches(&client, &path, "analysing", &[&api, &ingest, &infer, &sink]);
    infer.kill();
    ingest.kill();
    infer.restart();
    ingest.restart();
    let done = reaches(&client, &path, "done", &[&api, &ingest, &infer, &sink]);
    assert_eq!((&done["frames"], &done["frames_total"]), (&json!(FRAMES), &json!(FRAMES)), "{done}");
    let (expected, expected_alerts) = analyse(&clip);
    pipeline.wait_for_count("all alerts", "select count(*) from alerts", expected_alerts.len() as u64);
    let (found, alerts) = stored(&pipeline);
    assert_eq!((found.len() as u64, alerts.len()), (FRAMES, expected_alerts.len()));
    let untracked = |objects: &[Object]| objects.iter().map(Object::untracked).collect::<Vec<_>>();
    for (((_, one), expected), ((_, other), found)) in expected.iter().zip(&found) {
        assert_eq!((one, untracked(expected)), (other, untracked(found)));
    }
    assert_counts(&pipeline);

    // A file that begins like a video and is none.
    let broken = [&content[..100_000], &[7; 100]].concat();
    let moov = [&b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41"[..], &broken[..5000]].concat();
    let damaged = client.begin_upload(&uploads, moov.len(), "filename YQ==");
    client.send_part(&damaged, 0, &moov);
    let failed = reaches(&client, &damaged, "failed", &[&api, &ingest]);
    assert!(failed["problem"].as_str().unwrap().contains("cannot read video file"), "{failed}");

    for path in [&path, &damaged] {
        assert_eq!(client.call("DELETE", path, None).0, 204);
    }
    wait_for(DEADLINE, "nothing is left", || {
        let tables =
            ["frames", "detections", "tracks", "alerts", "passages", "counts_15m", "watched_15m", "watches", "uploads"];
        let counts = tables.map(|table| format!("(select count(*) from {table})")).join(" + ");
        match pipeline.count(&format!("select {counts}")) {
            0 => Ok(()),
            rows => Err(format!("{rows} rows; {}", api.log_tail())),
        }
    });
}

/// With the embedded broker, store and database.
#[test]
fn vru_up_takes_uploads_without_a_configuration() {
    let (home, addresses) = (folder("up-uploads"), UpAddresses::free());
    let process = up::start(&home, &up::write_config(&home, &addresses, ""));
    let token = home.join("data/first-admin-token");
    wait_for(DEADLINE, "the start", || {
        let started = token.exists() && process.log().contains("nobody can log in");
        if started { Ok(()) } else { Err(process.log_tail()) }
    });
    let client = ApiClient::new(&addresses.api.to_string());
    let token = std::fs::read_to_string(token).unwrap();
    let person = json!({ "token": token, "name": "Ada", "password": PASSWORD });
    assert_eq!(client.call("POST", "/api/v1/first-admin", Some(&person)).0, 201);
    client.log_in("Ada", PASSWORD);
    let (_, site) = client.call("POST", "/api/v1/sites", Some(&json!({ "name": "Street", "time_zone": "UTC" })));
    let uploads = format!("/api/v1/sites/{}/uploads", site["id"].as_str().unwrap());
    let content = std::fs::read(require_asset("clips/vtest.avi")).unwrap();
    let path = client.begin_upload(&uploads, content.len(), "filename YQ==");
    assert_eq!(client.send_part(&path, 0, &content[..1_000_001]), 1_000_001);
    assert_eq!(client.send_part(&path, 1_000_001, &content[1_000_001..]), content.len());
    let mut found = Value::Null;
    wait_for(DEADLINE, "the upload is done", || {
        found = client.call("GET", &path, None).1;
        if found["state"] == "done" { Ok(()) } else { Err(format!("{found}\n{}", process.log_tail())) }
    });
    assert_eq!((&found["frames"], &found["frames_total"]), (&json!(FRAMES), &json!(FRAMES)), "{found}");
}
