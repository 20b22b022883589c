//! Uploads, the whole way: the API, the bucket, Kafka, ingest, inference and the sink, with the real programs.

use std::time::{Duration, SystemTime};

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

/// The rules raise in the stored rows what they did raise: as many alerts, about the same tracks, at the same times.
fn assert_preview(client: &ApiClient, pipeline: &Pipeline<'_>, camera: &str, drawn: &Value) {
    let (status, preview) = client.call("POST", &format!("{camera}/rule-preview"), Some(&json!({ "drawn": drawn })));
    assert_eq!(status, 200, "{preview}");
    assert_eq!((&preview["truncated"], &preview["unjudged_frames"]), (&json!(false), &json!(0)), "{preview}");
    assert_eq!(preview["frames"], json!(pipeline.count("select count(*) from frames")), "{preview}");
    let raised = pipeline.rows(
        "select rule_id, camera_id || '.' || session || '.' || track_ids[1], \
         (extract(epoch from captured_at) * 1000000)::bigint from alerts order by captured_at desc, track_ids[1]",
    );
    assert_eq!(preview["rules"], json!([{ "rule_id": "somebody-there", "alerts": raised.len() }]));
    let tried = preview["alerts"].as_array().unwrap().iter().map(|alert| {
        let [rule, track, at] = ["rule_id", "track_id", "at"].map(|field| alert[field].as_str().unwrap().to_owned());
        let at = humantime::parse_rfc3339(&at).unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        vec![rule, track, at.as_micros().to_string()]
    });
    assert_eq!(tried.collect::<Vec<_>>(), raised.into_iter().take(100).collect::<Vec<_>>());
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
    let site = format!("/api/v1/sites/{}", site["id"].as_str().unwrap());
    let uploads = format!("{site}/uploads");
    let drawn = json!({
        "zones": [{ "id": "everywhere", "polygon": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]] }],
        "rules": [{ "id": "somebody-there", "severity": "warning", "zone_presence": { "zone": "everywhere", "min_frames": 2 } }],
    });
    // All of it is of the last hour, and nothing of the future.
    let start_time = humantime::format_rfc3339_seconds(SystemTime::now() - Duration::from_mins(10)).to_string();
    let [name, settings, start_time] = ["vtest.avi", &drawn.to_string(), &start_time].map(|text| STANDARD.encode(text));
    let metadata = format!("filename {name},settings {settings},start_time {start_time}");
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
    assert_preview(&client, &pipeline, &format!("{site}/cameras/{}", done["camera_id"].as_str().unwrap()), &drawn);

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
