//! Exports of one camera's data of a range, on real servers: what the archive has is what the database and the bucket have.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use vru_runtime::test_util::eventually;

use super::data::{ALERTS, BINS, DEADLINE, DETECTIONS, Data, FRAMES, FROM, PASSAGES, TO, TRACKS, python};
use super::pictures::fetch;

/// Unpacks with Python's own reader, which checks the sums of headers, and prints the name, size and SHA-256 of each file.
const UNPACK: &str = "
import sys, tarfile, json, hashlib
with tarfile.open(sys.argv[1], 'r:') as archive:
    print(json.dumps({file.name: [file.size, hashlib.sha256(archive.extractfile(file).read()).hexdigest()] for file in archive}))
    archive.extractall(sys.argv[2], filter='data')
";

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_everything_of_one_camera_and_range_and_says_so_in_numbers() {
    let data = Data::start(|api| api.data_jobs.part_bytes = 5 * 1024 * 1024).await;
    data.fill("cam-a").await;
    data.fill("cam-b").await;
    data.bucket.remove("clips/cam-a-14.mp4").await.expect("it is removed");
    // Larger than a part.
    let large = vec![7; 6_000_000];
    data.bucket.put("clips/cam-a-16.mp4", "video/mp4", large.clone().into(), 1 << 24).await.expect("it is stored");
    let path = data.start_job("cam-a", "exports").await;
    let done = data.done(&path).await;
    let counts = json!({
        "frames": FRAMES, "detections": DETECTIONS, "tracks": TRACKS, "alerts": ALERTS, "reviews": ALERTS, "comments": ALERTS,
        "passages": PASSAGES, "count_bins": BINS, "watched_bins": BINS, "snapshots": ALERTS, "clips": ALERTS - 1, "missing_pictures": 1,
    });
    assert_eq!(done.body["exported"], counts, "{done:?}");
    let answer = data.admin.get(&format!("{path}/archive")).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let (status, archive) = fetch(answer.body["url"].as_str().expect("an address")).await;
    assert_eq!(status, 200);
    assert_eq!(done.body["bytes"], archive.len());
    assert_eq!(done.body["sha256"], hex::encode(Sha256::digest(&archive)));

    let folder = tempfile::tempdir().expect("a folder");
    let (file, unpacked) = (folder.path().join("export.tar"), folder.path().join("unpacked"));
    std::fs::write(&file, archive).expect("a file");
    let names = tokio::task::block_in_place(|| {
        python(UNPACK, &[file.to_str().expect("a text"), unpacked.to_str().expect("a text")])
    });
    let mut files: BTreeMap<String, (u64, String)> = serde_json::from_str(&names).expect("JSON");
    let text = |name: &str| std::fs::read_to_string(unpacked.join(name)).expect(name);
    let rows = |name: &str| -> Vec<Value> {
        text(name).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let manifest: Value = serde_json::from_str(&text("manifest.json")).expect("JSON");
    files.remove("manifest.json");
    assert_eq!(manifest["counts"], counts);
    assert_eq!(
        (&manifest["camera_id"], &manifest["from"], &manifest["to"]),
        (&json!("cam-a"), &json!(FROM), &json!(TO))
    );
    let mut total: BTreeMap<String, i64> = BTreeMap::new();
    for file in manifest["files"].as_array().expect("a list") {
        let name = file["name"].as_str().expect("a name");
        let (bytes, hash) = files.remove(name).expect(name);
        assert_eq!((&file["bytes"], &file["sha256"]), (&json!(bytes), &json!(hash)), "{name}");
        assert_eq!(file["rows"], rows(name).len(), "{name}");
        *total.entry(name.split('-').next().unwrap_or_default().to_owned()).or_default() +=
            file["rows"].as_i64().expect("a number");
    }
    for (kind, number) in &total {
        let expected = if kind == "pictures" { 2 * ALERTS } else { counts[kind].as_i64().expect(kind) };
        assert_eq!(*number, expected, "{kind}");
    }
    assert_eq!(total.len(), 10, "{total:?}");
    // What is left are the pictures, each of which a list names.
    for picture in rows("pictures-00001.ndjson") {
        let name = picture["name"].as_str().expect("a name");
        let Some((bytes, hash)) = files.remove(name) else {
            assert_eq!((name, &picture["missing"]), ("clips/cam-a-14.mp4", &json!(true)));
            continue;
        };
        assert_eq!((&picture["bytes"], &picture["sha256"]), (&json!(bytes), &json!(hash)), "{name}");
    }
    assert!(files.is_empty(), "{files:?}");
    assert_eq!(text("snapshots/cam-a-12.jpg"), "picture of cam-a-12");
    assert_eq!(std::fs::read(unpacked.join("clips/cam-a-16.mp4")).expect("a clip"), large);
    // The rows are those of the database.
    let sums = data.api.query(&format!(
        "SELECT sum(sequence), min(captured_at), max(captured_at) FROM frames WHERE camera_id = 'cam-a' \
         AND captured_at >= '{FROM}' AND captured_at < '{TO}'"
    ));
    let frames = rows("frames-00001.ndjson");
    let sum: i64 = frames.iter().map(|frame| frame["sequence"].as_i64().expect("a number")).sum();
    assert_eq!(sum.to_string(), sums[0][0]);
    assert!(frames.iter().all(|frame| frame["camera_id"] == "cam-a"));
    assert!(rows("reviews-00001.ndjson").iter().all(|review| review["note"] == "seen by ada"));
    let audit = data.admin.get(&format!("/api/v1/sites/{}/audit", data.site)).await;
    let actions: Vec<&Value> =
        audit.body["items"].as_array().into_iter().flatten().map(|entry| &entry["action"]).collect();
    for action in ["camera.export_data", "camera.data_exported", "camera.download_export"] {
        assert!(actions.iter().any(|found| *found == action), "{action}: {actions:?}");
    }

    assert_eq!(data.admin.delete(&path).await.status, StatusCode::NO_CONTENT);
    data.reaches(&path, "the archive is removed", |body| body["state"] == "expired").await;
    assert_eq!(data.bucket.keys("exports/").await.expect("a list"), [""; 0]);
    assert_eq!(data.bucket.unfinished_parts("exports/").await.expect("a list"), [""; 0]);
    assert_eq!(data.admin.get(&format!("{path}/archive")).await.problem(), (409, "no_archive", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_expires_and_what_an_ended_process_has_begun_is_begun_again() {
    let data = Data::start(|api| api.data_jobs.keep_exports = Duration::from_secs(2)).await;
    data.fill("cam-a").await;
    // A process has begun, and was killed in the middle of its parts.
    let upload = data.bucket.start_parts("exports/old/1.tar", "application/x-tar").await.expect("an upload");
    data.api.execute(&format!(
        "INSERT INTO data_jobs (id, site_id, camera_id, kind, from_at, to_at, state, step, epoch, held_until, counts, object_key, multipart_id) \
         VALUES ('export_old', '{}', 'cam-a', 'export', '{FROM}', '{TO}', 'running', 'frames', 1, now() - interval '1 s', '{{\"frames\": 5}}', \
         'exports/old/1.tar', '{upload}')",
        data.site
    ));
    let path = format!("/api/v1/sites/{}/exports/export_old", data.site);
    let ended = data.reaches(&path, "it has ended", |body| body["sha256"].is_string()).await;
    assert_eq!(ended.body["exported"]["frames"], FRAMES, "{ended:?}");
    data.reaches(&path, "the archive has expired", |body| body["state"] == "expired").await;
    eventually(DEADLINE, "nothing is left", async || {
        let mut left = data.bucket.keys("exports/").await.expect("a list");
        left.extend(data.bucket.unfinished_parts("exports/").await.expect("a list"));
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await;
}
