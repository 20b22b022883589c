//! The first bytes of a file come with the request that creates its upload, also from a client that others have written: tus-js-client.

use std::time::Duration;

use hyper::body::Bytes;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use vru_runtime::test_util::{eventually, require_asset};

use super::api::{Answer, Api};
use super::uploads::{PART_TYPE, TUS, Uploads, film, patch};

const DEADLINE: Duration = Duration::from_mins(1);
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integration/tus_client.mjs");

async fn create(uploads: &Uploads, length: usize, body: &[u8], more: &[(&str, &str)]) -> Answer {
    let length = length.to_string();
    let headers = [&[TUS, PART_TYPE, ("upload-length", length.as_str())][..], more].concat();
    uploads.admin.send_bytes(Method::POST, &uploads.path(), &headers, Bytes::copy_from_slice(body)).await
}

/// The requests that the client sent, and the path of the upload.
async fn tus_js_client(api: &Api, uploads: &Uploads, key: &str, content: &[u8], options: &Value) -> (String, String) {
    let packages = require_asset("tus-client/node_modules");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), content).expect("it is written");
    let mut command = tokio::process::Command::new("node");
    command
        .arg(SCRIPT)
        .arg(packages.parent().expect("a folder"))
        .arg(format!("http://{}{}", api.address, uploads.path()))
        .arg(key)
        .arg(file.path())
        .arg(options.to_string())
        .kill_on_drop(true);
    let output = tokio::time::timeout(super::uploads::DEADLINE, command.output()).await.expect("in time");
    let output = output.expect("node runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut lines: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    let url = lines.pop().expect("an address");
    let path = url.split_once(&api.address.to_string()).expect("an address of the API").1.to_owned();
    (lines.join(" "), path)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_body_of_a_creation_is_the_beginning_of_the_file_or_all_of_it() {
    let uploads = Uploads::start(|_| {}).await;
    let content = film(6_000_000);
    let whole = create(&uploads, content.len(), &content, &[]).await;
    assert_eq!(whole.status, StatusCode::CREATED, "{whole:?}");
    assert_eq!((whole.header("upload-offset"), whole.headers.contains_key("upload-expires")), ("6000000", false));
    uploads.is_stored(whole.header("location"), &content).await;

    let begun = create(&uploads, content.len(), &content[..1_000_001], &[]).await;
    assert_eq!((begun.status, begun.header("upload-offset")), (StatusCode::CREATED, "1000001"), "{begun:?}");
    assert!(begun.headers.contains_key("upload-expires"));
    let path = begun.header("location");
    let shown = uploads.admin.get(path).await;
    assert_eq!((&shown.body["state"], &shown.body["received_bytes"]), (&json!("receiving"), &json!(1_000_001)));
    let share = shown.body["progress"].as_f64().expect("a share");
    assert!((share - 1.0 / 6.0).abs() < 1e-6, "{share}");
    let rest = patch(&uploads.admin, path, 1_000_001, &content[1_000_001..], &[]).await;
    assert_eq!(rest.status, StatusCode::NO_CONTENT, "{rest:?}");
    uploads.is_stored(path, &content).await;

    // Only the media type of parts makes the body a part.
    let other = [TUS, ("upload-length", "10"), ("content-type", "video/mp4")];
    let ignored =
        uploads.admin.send_bytes(Method::POST, &uploads.path(), &other, Bytes::from_static(b"0123456789")).await;
    assert_eq!(ignored.status, StatusCode::CREATED, "{ignored:?}");
    assert!(!ignored.headers.contains_key("upload-offset"));
    let head = uploads.admin.send(Method::HEAD, ignored.header("location"), &[TUS], "").await;
    assert_eq!(head.header("upload-offset"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_with_wrong_bytes_begins_nothing_and_with_a_key_it_begins_once() {
    let uploads = Uploads::start(|config| config.uploads.quota_bytes = 1_000_000).await;
    let wrong = ("upload-checksum", "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    for (length, more, found) in [
        (1_000_000, &[wrong][..], (460, "checksum_mismatch", "upload-checksum")),
        (4, &[], (413, "body_too_large", "")),
        (9, &[("upload-checksum", "md5 AA==")], (400, "invalid_parameter", "upload-checksum")),
    ] {
        let refused = create(&uploads, length, b"some bytes", more).await;
        assert_eq!(refused.problem(), found, "{refused:?}");
        let listed = uploads.admin.get(&uploads.path()).await;
        assert_eq!(listed.body["items"], json!([]), "{listed:?}");
    }
    // The quota has room for one: what was refused counts nothing once its bytes are gone, and what is repeated is the same.
    let key = [("idempotency-key", "once")];
    let first = eventually(DEADLINE, "room for an upload", async || {
        let created = create(&uploads, 600_000, b"first", &key).await;
        if created.status == StatusCode::PAYLOAD_TOO_LARGE { Err(format!("{created:?}")) } else { Ok(created) }
    })
    .await;
    let again = create(&uploads, 600_000, b"first", &key).await;
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::CREATED), "{first:?} {again:?}");
    assert_eq!(first.header("location"), again.header("location"));
    let head = uploads.admin.send(Method::HEAD, first.header("location"), &[TUS], "").await;
    assert_eq!(head.header("upload-offset"), "5");
}

#[tokio::test(flavor = "multi_thread")]
async fn tus_js_client_uploads_in_one_request_and_resumes_on_another_replica() {
    let uploads = Uploads::start(|_| {}).await;
    let key = uploads.admin.create_key(Some(&uploads.site), &["uploads:write", "uploads:read"]).await;
    let content = film(7_000_000);
    let metadata = json!({ "filename": "Monday.avi" });
    let at_once = json!({ "uploadDataDuringCreation": true, "metadata": metadata });
    let (requests, path) = tus_js_client(&uploads.api, &uploads, &key, &content, &at_once).await;
    assert_eq!(requests, "POST");
    uploads.is_stored(&path, &content).await;
    assert_eq!(uploads.admin.get(&path).await.body["name"], "Monday.avi");

    let chunks = json!({ "uploadDataDuringCreation": true, "chunkSize": 2_000_000, "stopAfter": 4_000_000 });
    let (requests, path) = tus_js_client(&uploads.api, &uploads, &key, &content, &chunks).await;
    assert_eq!(requests, "POST PATCH");
    let replica = uploads.api.replica().await;
    let resumed = json!({ "uploadUrl": format!("http://{}{path}", replica.address), "chunkSize": 2_000_000 });
    let (requests, same) = tus_js_client(&replica, &uploads, &key, &content, &resumed).await;
    assert_eq!((requests.as_str(), &same), ("HEAD PATCH PATCH", &path));
    uploads.is_stored(&path, &content).await;
}
