//! What becomes of a complete upload. The test stores frames and reports faults in place of the other services; `vru: an_uploaded_file_…` has
//! the whole way.

use hyper::{Method, StatusCode};
use prost::Message as _;
use serde_json::{Value, json};
use vru_proto::names::{file_fault_key, file_position_key};
use vru_proto::v1::camera_config::Source;
use vru_proto::v1::{CameraConfig, FileFault, FilePosition, FileSource, FrameId};
use vru_runtime::secret::Secret;
use vru_runtime::test_util::{Bus, Topic, eventually, kafka};

use super::uploads::{DEADLINE, TUS, Uploads, film};

async fn start(name: &str) -> (Bus, Uploads) {
    let bus = tokio::task::block_in_place(|| kafka().bus(name, 2));
    let config = bus.config();
    let uploads = Box::pin(Uploads::start(|api| {
        api.kafka = config;
        api.cameras.secrets_key = Secret::new("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
    }))
    .await;
    (bus, uploads)
}

/// The newest record of the camera on its topic; `None` for a tombstone, and an error if there is none.
fn newest(bus: &Bus, camera: &str) -> Result<Option<CameraConfig>, String> {
    let records = tokio::task::block_in_place(|| bus.records(Topic::Cameras));
    let record = records.into_iter().rfind(|record| record.key.as_deref() == Some(camera.as_bytes()));
    let payload = record.ok_or("it is not on the topic")?.payload;
    Ok(payload.map(|payload| CameraConfig::decode(payload).expect("a camera")))
}

async fn camera_is(bus: &Bus, camera: &str, what: &str, wanted: impl Fn(Option<&CameraConfig>) -> bool) {
    eventually(DEADLINE, &format!("the camera is {what}"), async || match newest(bus, camera)? {
        found if wanted(found.as_ref()) => Ok(()),
        found => Err(format!("{found:?}")),
    })
    .await;
}

fn source(config: &CameraConfig) -> FileSource {
    let Some(Source::File(file)) = config.source.clone() else { panic!("{config:?} is no file") };
    file
}

fn add_frames(uploads: &Uploads, camera: &str, session: u64, frames: std::ops::Range<u64>, end: bool) {
    let (first, count, last) = (frames.start, frames.end, frames.end - 1);
    uploads.api.execute(&format!(
        "INSERT INTO frames SELECT '{camera}', (SELECT start_time FROM uploads WHERE camera_id = '{camera}') + number * interval '0.1 s', \
         {session}, number, 3, now(), now(), now(), 640, 480, 'model', '1', 1, 2, {end} AND number = {last}, 0, 0, 0, 0, 0, 0 \
         FROM generate_series({first}, {count} - 1) number;
         INSERT INTO detections (camera_id, captured_at, session, sequence, object_index, class, score, track_state, box_left, box_top, \
         box_width, box_height) SELECT camera_id, captured_at, session, sequence, 0, 1, 0.5, 2, 1, 1, 1, 1 FROM frames \
         WHERE camera_id = '{camera}' AND sequence >= {first}"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_ends_when_all_frames_are_stored_and_its_deletion_leaves_nothing() {
    let (bus, uploads) = start("uploads-job").await;
    let site = &uploads.site;
    let wanted = json!({ "settings": {
        "name": "Gate", "push": {}, "lines": [{ "id": "kerb", "points": [[0.2, 0.5], [0.8, 0.5]] }]
    }, "credentials": { "username": "gate", "password": "secret-of-gate" } });
    let gate = uploads.admin.post(&format!("/api/v1/sites/{site}/cameras"), &wanted).await;
    let gate = gate.body["id"].as_str().expect("a camera").to_owned();
    let base64 = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let metadata = format!(
        "filename {},like_camera_id {},start_time {}",
        base64("Monday.avi"),
        base64(&gate),
        base64("2026-11-02T07:00:00.5Z")
    );
    let content = film(4000);
    let created = uploads.create_with(content.len(), &[("upload-metadata", &metadata)]).await;
    let path = created.header("location").to_owned();
    let head = uploads.admin.send(Method::HEAD, &path, &[TUS], "").await;
    assert_eq!((head.header("upload-metadata"), head.header("upload-length")), (metadata.as_str(), "4000"));
    super::uploads::patch(&uploads.admin, &path, 0, &content, &[]).await;
    let queued = uploads.reaches(&path, "queued").await;
    let camera = queued.body["camera_id"].as_str().expect("a camera").to_owned();
    assert_eq!((&queued.body["name"], &queued.body["frames"]), (&json!("Monday.avi"), &json!(0)));
    camera_is(&bus, &camera, "on the topic", |found| found.is_some_and(|found| found.enabled)).await;
    let config = newest(&bus, &camera).expect("a record").expect("a camera");
    let file = source(&config);
    let id = path.rsplit('/').next().unwrap_or_default();
    assert_eq!((file.object, file.path), (format!("uploads/{site}/{id}/video"), String::new()));
    assert_eq!((file.start_time_us, config.lines[0].id.as_str()), (1_793_602_800_500_000, "kerb"));
    assert_eq!((config.name.as_str(), file.session > 0), ("Monday.avi", true));

    add_frames(&uploads, &camera, file.session, 0..40, false);
    let analysing = uploads.reaches(&path, "analysing").await;
    assert_eq!((&analysing.body["frames"], analysing.body.get("frames_total")), (&json!(40), None));
    assert_eq!(analysing.body.get("progress"), None, "nobody knows how long the file is");
    let position = FilePosition {
        frame_id: Some(FrameId { camera_id: camera.clone(), session: file.session, sequence: 39 }),
        topic_id: vec![0; 16],
        expected_frames: 160,
        ..FilePosition::default()
    };
    let key = file_position_key(&camera, file.session);
    tokio::task::block_in_place(|| bus.produce_message(Topic::FilePositions, &key, &position));
    eventually(DEADLINE, "a share", async || {
        let told = uploads.admin.get(&path).await;
        let known = told.body["progress"] == 0.25 && told.body["frames_estimate"] == 160;
        if known { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await;
    let damage = FileFault {
        camera_id: camera.clone(),
        session: file.session,
        text: "2 of 100 frames could not be decoded".to_owned(),
        is_damage: true,
        ..FileFault::default()
    };
    let key = file_fault_key(&camera, file.session);
    tokio::task::block_in_place(|| bus.produce_message(Topic::FilePositions, &key, &damage));
    eventually(DEADLINE, "the damage", async || {
        let told = uploads.admin.get(&path).await;
        let known = told.body["damage"] == "2 of 100 frames could not be decoded" && told.body.get("problem").is_none();
        if known { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await;
    add_frames(&uploads, &camera, file.session, 42..100, true);
    let done = uploads.reaches(&path, "done").await;
    assert_eq!((&done.body["frames"], &done.body["frames_total"]), (&json!(98), &json!(100)), "{done:?}");
    assert_eq!((&done.body["progress"], &done.body["frames_estimate"]), (&json!(1.0), &json!(160)));
    assert_eq!(done.body["damage"], "2 of 100 frames could not be decoded", "it stays when the job has ended");
    camera_is(&bus, &camera, "stopped", |found| found.is_some_and(|found| !found.enabled)).await;
    let cancelled = uploads.admin.post(&format!("{path}/cancel"), &json!({})).await;
    assert_eq!(cancelled.body["state"], "done", "what has ended stays as it is");

    uploads.api.add_alert(&camera, "alert-of-file", 0, "");
    uploads.api.execute(
        "UPDATE alerts SET snapshot_key = 'snapshots/a.jpg', clip_key = 'clips/a.mp4' WHERE id = 'alert-of-file'",
    );
    for key in ["snapshots/a.jpg", "clips/a.mp4"] {
        uploads.bucket.put(key, "image/jpeg", "a picture".into(), 1 << 20).await.expect("it is stored");
    }
    assert_eq!(uploads.admin.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(uploads.admin.get(&path).await.problem(), (404, "not_found", ""));
    camera_is(&bus, &camera, "removed", |found| found.is_none()).await;
    // A frame that was on its way.
    add_frames(&uploads, &camera, file.session, 200..201, false);
    eventually(DEADLINE, "nothing is left", async || {
        let rows = uploads.api.query(&format!(
            "SELECT (SELECT count(*) FROM frames) + (SELECT count(*) FROM detections) + (SELECT count(*) FROM alerts) + \
             (SELECT count(*) FROM uploads WHERE id = '{id}')"
        ));
        let mut left = uploads.left(&path).await;
        for key in ["snapshots/a.jpg", "clips/a.mp4"] {
            left.extend(uploads.bucket.get(key).await.expect("an answer").map(|_| key.to_owned()));
        }
        if rows[0][0] == "0" && left.is_empty() { Ok(()) } else { Err(format!("{rows:?} {left:?}")) }
    })
    .await;
    let positions = tokio::task::block_in_place(|| bus.records(Topic::FilePositions));
    let key = format!("{camera}/{}", file.session);
    let tombstones = positions.iter().filter(|record| record.payload.is_none());
    assert!(tombstones.clone().any(|record| record.key.as_deref() == Some(key.as_bytes())), "{positions:?}");
    let log = uploads.api.query("SELECT action FROM audit_log WHERE action LIKE 'upload.%' ORDER BY id");
    assert_eq!(log, [["upload.create"], ["upload.delete"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_files_end_as_failed_jobs_with_an_error_in_words() {
    let (bus, uploads) = start("uploads-hostile").await;
    for (content, words) in [
        (&b"I am no video, but I am called film.mp4"[..], "a text"),
        (b"PK\x03\x04\x14\0\0\0\x08\0 and more of an archive", "a ZIP archive"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0", "a program"),
    ] {
        let path = uploads.upload(content).await;
        let failed = uploads.reaches(&path, "failed").await;
        let problem = failed.body["problem"].as_str().unwrap_or_default();
        assert!(problem.contains(words) && failed.body.get("camera_id").is_none(), "{failed:?}");
        assert_eq!(uploads.left(&path).await, [""; 0], "a file that is no video is not kept");
    }
    // What looks like a video and is none: ingest says so.
    let path = uploads.upload(&film(3000)).await;
    let queued = uploads.reaches(&path, "queued").await;
    let camera = queued.body["camera_id"].as_str().expect("a camera").to_owned();
    camera_is(&bus, &camera, "on the topic", |found| found.is_some_and(|found| found.enabled)).await;
    let session = source(&newest(&bus, &camera).expect("a record").expect("a camera")).session;
    let report = |session, is_final, text: &str| {
        let text = text.to_owned();
        let fault = FileFault { camera_id: camera.clone(), session, is_final, text, ..FileFault::default() };
        tokio::task::block_in_place(|| {
            bus.produce(Topic::FilePositions, "no fault/fault", Some(b"\xff"));
            bus.produce_message(Topic::FilePositions, &file_fault_key(&camera, session), &fault);
        });
    };
    report(session + 1, true, "of another session");
    report(session, false, "the bucket does not answer");
    eventually(DEADLINE, "it waits", async || {
        let waiting = uploads.admin.get(&path).await;
        let waits = waiting.body["state"] == "queued" && waiting.body["problem"] == "the bucket does not answer";
        if waits { Ok(()) } else { Err(format!("{waiting:?}")) }
    })
    .await;
    report(session, true, "cannot read video file: no frame of it can be decoded");
    let failed = uploads.reaches(&path, "failed").await;
    assert_eq!(failed.body["problem"], "cannot read video file: no frame of it can be decoded");
    camera_is(&bus, &camera, "stopped", |found| found.is_some_and(|found| !found.enabled)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_and_an_upload_are_cancelled() {
    let (bus, uploads) = start("uploads-cancel").await;
    let path = uploads.upload(&film(3000)).await;
    let queued = uploads.reaches(&path, "queued").await;
    let camera = queued.body["camera_id"].as_str().expect("a camera").to_owned();
    let receiving = uploads.create(500).await;
    let viewer = uploads.api.member("viewer", &uploads.site, 1).await;
    for path in [&path, &receiving] {
        let cancel = format!("{path}/cancel");
        assert_eq!(viewer.post(&cancel, &json!({})).await.problem(), (403, "forbidden", ""));
        let cancelled = uploads.admin.post(&cancel, &json!({})).await;
        assert_eq!(
            (cancelled.status, &cancelled.body["state"]),
            (StatusCode::OK, &json!("cancelled")),
            "{cancelled:?}"
        );
    }
    camera_is(&bus, &camera, "stopped", |found| found.is_some_and(|found| !found.enabled)).await;
    let late = super::uploads::patch(&uploads.admin, &receiving, 0, b"RIFF", &[]).await;
    assert_eq!(late.problem(), (410, "upload_cancelled", ""));
    let all: Vec<Value> = viewer.all(&uploads.path()).await;
    assert_eq!(all.iter().map(|upload| &upload["state"]).collect::<Vec<_>>(), ["cancelled"; 2]);
}
