//! What a player needs of an upload: its frames with what was found in each, and its file.

use hyper::StatusCode;
use serde_json::{Value, json};
use vru_runtime::secret::Secret;
use vru_runtime::test_util::kafka;

use super::uploads::{Uploads, film};

const START: &str = "2026-11-02T07:00:00.5Z";

/// An upload that has become a camera, with the settings of this one.
async fn queued(uploads: &Uploads, blur: bool) -> (String, String) {
    let site = &uploads.site;
    let wanted =
        json!({ "settings": { "name": "Gate", "push": { "allow_anonymous": true }, "privacy": { "blur": blur } } });
    let gate = uploads.admin.post(&format!("/api/v1/sites/{site}/cameras"), &wanted).await;
    let gate = gate.body["id"].as_str().unwrap_or_else(|| panic!("{gate:?}")).to_owned();
    let base64 = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let metadata = format!("like_camera_id {},start_time {}", base64(&gate), base64(START));
    let content = film(4000);
    let created = uploads.create_with(content.len(), &[("upload-metadata", &metadata)]).await;
    let path = created.header("location").to_owned();
    super::uploads::patch(&uploads.admin, &path, 0, &content, &[]).await;
    let camera = uploads.reaches(&path, "queued").await.body["camera_id"].as_str().expect("a camera").to_owned();
    (path, camera)
}

/// `count` frames, ten a second and twelve microseconds later each, of which every second has two objects.
fn add_frames(uploads: &Uploads, camera: &str, count: u64) {
    uploads.api.execute(&format!(
        "INSERT INTO frames SELECT '{camera}', start_time + number * interval '0.100012 s', session, number, 3, now(), now(), now(), \
         200, 100, 'model', '1', 1, 2, false, 0, 0, 0, 0, 0, 0 FROM uploads, generate_series(0, {count} - 1) number \
         WHERE camera_id = '{camera}';
         INSERT INTO detections (camera_id, captured_at, session, sequence, object_index, class, score, track_id, track_state, box_left, \
         box_top, box_width, box_height, zone_ids) SELECT camera_id, captured_at, session, sequence, number, 1 + number, 0.5, \
         CASE WHEN number = 0 THEN 7 END, 2 - number, sequence, 10, 20, 30, CASE WHEN number = 0 THEN '{{kerb}}'::text[] END \
         FROM frames, generate_series(0, 1) number WHERE camera_id = '{camera}' AND sequence % 2 = 0"
    ));
}

async fn start(name: &str) -> Uploads {
    let config = tokio::task::block_in_place(|| kafka().bus(name, 1)).config();
    Uploads::start(|api| {
        api.kafka = config;
        api.s3.enabled = true;
        api.cameras.secrets_key = Secret::new("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_frame_comes_once_with_what_was_found_in_it() {
    let uploads = start("uploads-frames").await;
    let (path, camera) = queued(&uploads, false).await;
    let (other_path, other) = queued(&uploads, false).await;
    add_frames(&uploads, &camera, 25);
    add_frames(&uploads, &other, 3);
    let frames = async |query: &str| uploads.admin.get(&format!("{path}/frames{query}")).await;

    let mut all: Vec<Value> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = frames(&format!("?limit=4{cursor}")).await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        all.extend(page.body["items"].as_array().expect("frames").iter().cloned());
        let Some(next) = page.body["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let sequences: Vec<_> = all.iter().map(|frame| frame["sequence"].as_i64().expect("a number")).collect();
    assert_eq!(sequences, (0..25).collect::<Vec<_>>());
    assert_eq!((&all[0]["seconds"], &all[10]["seconds"]), (&json!(0.0), &json!(1.000_12)));
    assert_eq!(all[10]["at"], "2026-11-02T07:00:01.50012Z");
    assert_eq!(all[11]["objects"], json!([]));
    let session = uploads.api.query(&format!("SELECT session FROM uploads WHERE camera_id = '{camera}'"));
    let rect = json!({ "left": 0.05, "top": 0.1, "width": 0.1, "height": 0.3 });
    assert_eq!(
        all[10]["objects"],
        json!([
            { "track_id": format!("{camera}.{}.7", session[0][0]), "class": "pedestrian", "score": 0.5, "confirmed": true,
              "box": rect, "zones": ["kerb"] },
            { "class": "cyclist", "score": 0.5, "confirmed": false, "box": rect, "zones": [] },
        ])
    );

    // From the first time on and before the second.
    let page = frames(&format!("?from={}&to={}", "2026-11-02T07:00:01.50012Z", "2026-11-02T07:00:01.800156Z")).await;
    let some: Vec<_> = page.body["items"].as_array().expect("frames").iter().map(|frame| &frame["sequence"]).collect();
    assert_eq!(some, [10, 11, 12]);
    assert_eq!(frames("?from=2026-11-02T08:00:00Z").await.body["items"], json!([]));
    assert_eq!(frames("?from=2026-11-02T08:00:00Z&to=2026-11-02T07:00:00Z").await.problem().2, "to");
    let cursor = cursor.trim_start_matches("&cursor=");
    let foreign = uploads.admin.get(&format!("{other_path}/frames?cursor={cursor}")).await;
    assert_eq!(foreign.problem().2, "cursor");
    assert_eq!(uploads.admin.get(&format!("{path}x/frames")).await.problem(), (404, "not_found", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_shown_by_an_address_that_ends_and_not_where_pictures_are_blurred() {
    let uploads = start("uploads-video").await;
    let (path, camera) = queued(&uploads, false).await;
    let (blurred, blurred_camera) = queued(&uploads, true).await;
    let video = async |path: &str| uploads.admin.get(&format!("{path}/video")).await;

    let answer = video(&path).await;
    assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "no-store"), "{answer:?}");
    let url = answer.body["url"].as_str().expect("an address").to_owned();
    let part = tokio::task::block_in_place(|| {
        let mut command = std::process::Command::new("curl");
        command.args(["--silent", "--fail", "--range", "1000-1999", &url]).output().expect("curl runs").stdout
    });
    assert_eq!(part, film(4000)[1000..2000]);
    let log = uploads.api.query("SELECT action, object FROM audit_log WHERE action LIKE 'upload.see%'");
    assert_eq!(log, [["upload.see_video", path.rsplit('/').next().expect("an id")]]);

    assert_eq!(video(&blurred).await.problem(), (409, "video_hidden", ""));
    // Its frames were analysed while pictures were hidden; and the other way round.
    set_blur(&uploads, &blurred_camera, false);
    assert_eq!(video(&blurred).await.problem(), (409, "video_hidden", ""));
    set_blur(&uploads, &camera, true);
    assert_eq!(video(&path).await.problem(), (409, "video_hidden", ""));
    let receiving = uploads.create(4000).await;
    assert_eq!(video(&receiving).await.problem(), (409, "no_video", ""));
}

/// As the settings say now. Those of an upload change by no call.
fn set_blur(uploads: &Uploads, camera: &str, blur: bool) {
    let privacy = json!({ "privacy": { "blur": blur } });
    uploads.api.execute(&format!("UPDATE cameras SET settings = settings || '{privacy}'::jsonb WHERE id = '{camera}'"));
}
