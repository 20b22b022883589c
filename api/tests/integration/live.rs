//! What cameras show now, as the API answers it: known, unknown, unknowable.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};
use vru_runtime::live::{EXPIRY, LiveAlert, LiveCamera, LiveStore, Update, Worker};
use vru_runtime::redis::{Redis, RedisConfig, cmd};
use vru_runtime::test_util::{RedisServer, eventually, redis_client};

use super::api::{Api, ApiClient};

const PEDESTRIAN: i32 = 1;
const CYCLIST: i32 = 2;

fn config(server: &RedisServer) -> RedisConfig {
    RedisConfig { url: server.url(), timeout: Duration::from_secs(2), ..RedisConfig::default() }
}

fn state(pedestrians: u32) -> LiveCamera {
    let counts = BTreeMap::from([(PEDESTRIAN, pedestrians), (CYCLIST, 0)]);
    let alert = LiveAlert {
        rule_id: "lingers".to_owned(),
        zone_id: "crossing".to_owned(),
        kind: 2,
        severity: 2,
        class: PEDESTRIAN,
        began_at_us: 1_700_000_000_000_000,
        ..LiveAlert::default()
    };
    LiveCamera {
        worker: "worker-1".to_owned(),
        file: false,
        captured_at_us: 1_700_000_000_000_000,
        analysed_at_us: 1_700_000_000_050_000,
        frame_rate: 9.996,
        width: 1920,
        height: 1080,
        objects: counts.clone(),
        zones: BTreeMap::from([("crossing".to_owned(), counts)]),
        alerts: if pedestrians > 0 { vec![alert] } else { Vec::new() },
    }
}

async fn write(store: &LiveStore, camera: &str, state: LiveCamera) {
    let worker = Worker { name: "worker-1".to_owned(), ..Worker::default() };
    let update = Update { camera: camera.to_owned(), state, new_frame: true };
    store.write(&worker, &[update]).await.expect("it is written");
}

async fn create_camera(admin: &ApiClient, site: &str) -> String {
    let wanted = json!({ "settings": { "name": "Gate", "push": { "allow_anonymous": true } } });
    let answer = admin.post(&format!("/api/v1/sites/{site}/cameras"), &wanted).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    answer.body["id"].as_str().expect("an id").to_owned()
}

fn states(items: &[Value]) -> Vec<(&str, &str)> {
    items
        .iter()
        .map(|item| (item["camera_id"].as_str().unwrap_or_default(), item["state"].as_str().unwrap_or_default()))
        .collect()
}

async fn older(redis: &Redis, camera: &str, age: Duration) {
    let left = EXPIRY.saturating_sub(age).as_millis() as u64;
    let key = redis.key(&format!("live:camera:{camera}"));
    let there: bool = redis.query(cmd("PEXPIRE").arg(key).arg(left)).await.expect("an answer");
    assert!(there);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_street_a_silent_camera_and_an_unknown_one_are_told_apart() {
    let server = tokio::task::block_in_place(RedisServer::start);
    let api = Api::start_with(|of_api| of_api.redis = config(&server)).await;
    let (redis, _stop) = redis_client(config(&server)).await;
    let store = LiveStore::Redis(redis.clone());
    let admin = api.admin().await;
    let site = admin.create_site("Street").await;
    let mut cameras = Vec::new();
    for _ in 0..6 {
        cameras.push(create_camera(&admin, &site).await);
    }
    cameras.sort();
    let at = async |camera: &str| admin.get(&format!("/api/v1/sites/{site}/cameras/{camera}/live")).await;
    write(&store, &cameras[0], state(0)).await;
    write(&store, &cameras[1], state(3)).await;
    write(&store, &cameras[2], state(1)).await;
    older(&redis, &cameras[2], Duration::from_mins(2)).await;
    write(&store, "of-no-site", state(2)).await;
    // Files that were analysed, one of them long ago.
    write(&store, &cameras[4], LiveCamera { file: true, ..state(1) }).await;
    older(&redis, &cameras[4], Duration::from_mins(2)).await;
    api.execute(&format!("UPDATE cameras SET upload_id = 'upload_a' WHERE id = '{}'", cameras[5]));

    let answer = at(&cameras[0]).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let zero = json!([{ "class": "pedestrian", "count": 0 }, { "class": "cyclist", "count": 0 }]);
    assert_eq!(
        (&answer.body["state"], &answer.body["objects"], &answer.body["open_alerts"]),
        (&json!("live"), &zero, &json!([]))
    );
    let answer = at(&cameras[1]).await;
    let three = json!([{ "class": "pedestrian", "count": 3 }, { "class": "cyclist", "count": 0 }]);
    assert_eq!(answer.body["zones"], json!([{ "zone_id": "crossing", "objects": three }]));
    let frame = json!({
        "captured_at": "2023-11-14T22:13:20Z", "analysed_at": "2023-11-14T22:13:20.05Z", "lag_ms": 50,
        "frames_per_second": 10.0, "width": 1920, "height": 1080, "file": false,
    });
    assert_eq!(answer.body["frame"], frame);
    let alert = json!({
        "rule_id": "lingers", "zone_id": "crossing", "kind": "dwell", "severity": "warning", "class": "pedestrian",
        "began_at": "2023-11-14T22:13:20Z",
    });
    assert_eq!((&answer.body["open_alerts"], &answer.body["worker"]), (&json!([alert]), &json!("worker-1")));
    let answer = at(&cameras[2]).await;
    assert_eq!(answer.body["state"], "silent");
    assert!(answer.body["age_seconds"].as_f64().is_some_and(|age| age >= 120.0), "{answer:?}");
    let answer = at(&cameras[3]).await;
    assert_eq!(answer.body, json!({ "camera_id": cameras[3], "state": "unknown" }));
    let answer = at(&cameras[4]).await;
    assert_eq!((&answer.body["state"], &answer.body["frame"]["file"]), (&json!("idle"), &json!(true)));
    assert_eq!(at(&cameras[5]).await.body, json!({ "camera_id": cameras[5], "state": "idle" }));
    assert_eq!(at("none").await.problem(), (404, "not_found", ""));

    let of_site = admin.all(&format!("/api/v1/sites/{site}/live")).await;
    let words = ["live", "live", "silent", "unknown", "idle", "idle"];
    let wanted: Vec<(&str, &str)> = cameras.iter().map(String::as_str).zip(words).collect();
    assert_eq!(states(&of_site), wanted);
    // All that are known, in pages.
    let all = admin.all("/api/v1/live").await;
    let mut known = wanted[..3].to_vec();
    known.extend([("of-no-site", "live"), (cameras[4].as_str(), "idle")]);
    known.sort_unstable();
    assert_eq!(states(&all), known);
    assert_eq!(admin.get("/api/v1/cameras/of-no-site/live").await.body["state"], "live");
    assert_eq!(admin.get(&format!("/api/v1/cameras/{}/live", cameras[3])).await.body["state"], "unknown");
    assert_eq!(admin.get("/api/v1/cameras/none/live").await.problem(), (404, "not_found", ""));
    // What has expired is not known any more, and leaves the list.
    older(&redis, "of-no-site", EXPIRY.saturating_sub(Duration::from_millis(1))).await;
    eventually(Duration::from_mins(1), "the state to expire", async || {
        let answer = admin.get("/api/v1/cameras/of-no-site/live").await;
        if answer.status == StatusCode::NOT_FOUND { Ok(()) } else { Err(format!("{answer:?}")) }
    })
    .await;
    assert_eq!(admin.all("/api/v1/live").await.len(), 4);

    server.server.pause();
    for path in [
        format!("/api/v1/sites/{site}/cameras/{}/live", cameras[0]),
        format!("/api/v1/sites/{site}/live"),
        "/api/v1/live".to_owned(),
    ] {
        let answer = admin.get(&path).await;
        assert_eq!(answer.problem(), (503, "live_state_unavailable", ""), "{path}");
        assert_eq!(answer.header("retry-after"), "1");
    }
    server.server.resume();
    eventually(Duration::from_mins(1), "the state to be there again", async || {
        let answer = at(&cameras[1]).await;
        if answer.status == StatusCode::OK { Ok(()) } else { Err(format!("{answer:?}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_nothing_is_said_about_cameras() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let site = admin.create_site("Street").await;
    let camera = create_camera(&admin, &site).await;
    for path in [
        format!("/api/v1/sites/{site}/cameras/{camera}/live"),
        format!("/api/v1/sites/{site}/live"),
        "/api/v1/live".to_owned(),
    ] {
        assert_eq!(admin.get(&path).await.problem(), (409, "live_state_not_configured", ""), "{path}");
    }
}
