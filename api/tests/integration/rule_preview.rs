//! What rules would have raised in the last hour.

use hyper::StatusCode;
use serde_json::{Value, json};
use vru_runtime::secret::Secret;

use super::api::Api;
use super::rows::SESSION;

/// A road user who walks from the left to the right through the picture in 10 s, ten frames a second, from so many minutes ago; then five
/// seconds in which nobody is there. The smoothed box lies far away: rules judge the one that the model found.
fn walk(camera: &str, minutes: i64, sequence: i64, track: i64) -> String {
    format!(
        "INSERT INTO frames (camera_id, captured_at, session, sequence, clock_source, ingested_at, inferred_at, source_width, source_height, \
         model_name, model_version, object_count, delivery, end_of_stream, queued_us, decode_us, preprocess_us, inference_us, \
         postprocess_us, track_us, watch_id) SELECT '{camera}', at, {SESSION}, {sequence} + n, 1, at, at, 1000, 1000, 'm', '1', \
         CASE WHEN n <= 100 THEN 1 ELSE 0 END, 1, false, 0, 0, 0, 0, 0, 0, 1 \
         FROM generate_series(0, 150) n, LATERAL (SELECT now() - {minutes} * interval '1 min' + n * interval '100 ms' AS at) t; \
         INSERT INTO detections (camera_id, captured_at, session, sequence, object_index, class, score, track_id, track_state, \
         box_left, box_top, box_width, box_height, found_left, found_top, found_width, found_height) \
         SELECT camera_id, captured_at, session, sequence, 0, 2, 0.8, {track}, 2, \
         0, 0, 10, 10, 10 * (sequence - {sequence}) - 20, 400, 40, 100 FROM frames \
         WHERE camera_id = '{camera}' AND sequence BETWEEN {sequence} AND {sequence} + 100"
    )
}

fn drawn(rules: &Value) -> Value {
    json!({
        "zones": [{ "id": "right", "polygon": [[0.5, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 1.0]] }],
        "lines": [{ "id": "middle", "points": [[0.5, 0.0], [0.5, 1.0]] }],
        "rules": rules,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_tried_on_what_the_camera_saw() {
    let api = Api::start_with(|config| config.cameras.secrets_key = Secret::new("5".repeat(64))).await;
    let admin = api.admin().await;
    let site = admin.create_site("own").await;
    api.add_camera(&site, "gate");
    api.add_camera(&site, "quiet");
    let viewer = api.member("viewer", &site, 1).await;
    api.execute(
        "INSERT INTO watches (camera_id, id, line_ids, zone_ids, classes, max_gap_us) VALUES ('gate', 1, '{}', '{}', '{}', 2000000)",
    );
    // Two come within the hour, one before it; somebody else passes another camera.
    api.execute(&walk("gate", 90, 0, 1));
    api.execute(&walk("gate", 40, 20_000, 2));
    api.execute(&walk("gate", 10, 40_000, 3));
    api.execute(&walk("other", 10, 0, 4));
    // Rows of a version that did not store what the model found.
    api.execute(&walk("gate", 25, 30_000, 5));
    api.execute("UPDATE detections SET found_left = NULL WHERE track_id = 5");
    api.add_track("gate", 3, 0, "snapshot_key = 'snapshots/a.jpg'");
    let path = format!("/api/v1/sites/{site}/cameras/gate/rule-preview");
    let ask = async |body: Value| {
        let answer = viewer.post(&path, &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.body
    };

    let rules = json!([
        { "id": "short", "severity": "warning", "dwell": { "zone": "right", "seconds": 3 } },
        { "id": "long", "dwell": { "zone": "right", "seconds": 6 } },
        { "id": "walkers", "zone_presence": { "zone": "right", "classes": ["pedestrian"] } },
        { "id": "in", "line_crossing": { "line": "middle", "direction": "in" } },
        { "id": "out", "line_crossing": { "line": "middle", "direction": "out" } },
    ]);
    let preview = ask(json!({ "drawn": drawn(&rules) })).await;
    // Half of the way of 10 s is in the zone, and a cyclist is no pedestrian.
    let counts = json!([
        { "rule_id": "short", "alerts": 2 },
        { "rule_id": "long", "alerts": 0 },
        { "rule_id": "walkers", "alerts": 0 },
        { "rule_id": "in", "alerts": 0 },
        { "rule_id": "out", "alerts": 2 },
    ]);
    assert_eq!((&preview["rules"], &preview["frames"]), (&counts, &json!(352)));
    // Of the frames of the older version, only those without road users can be judged.
    assert_eq!((&preview["unjudged_frames"], &preview["truncated"]), (&json!(101), &json!(false)));
    assert_eq!(preview["watched_seconds"], json!(34.9));
    let time = |field: &str| preview[field].as_str().expect("a time").parse::<jiff::Timestamp>().expect("RFC 3339");
    assert_eq!(time("to").duration_since(time("from")).as_secs(), 3600);
    assert!(time("from") < time("first_frame") && time("first_frame") < time("last_frame"), "{preview}");
    assert!(time("last_frame") < time("to"), "{preview}");
    let newest = &preview["alerts"][0];
    assert_eq!(
        (&newest["rule_id"], &newest["kind"], &newest["severity"], &newest["class"], &newest["track_id"]),
        (&json!("short"), &json!("dwell"), &json!("warning"), &json!("cyclist"), &json!(format!("gate.{SESSION}.3")))
    );
    assert_eq!(preview["alerts"][1]["direction"], json!("out"));
    let foot = |alert: &Value| (alert["x"].as_f64().expect("a place"), alert["y"].as_f64().expect("a place"));
    // In the first frame beyond the line, and three seconds after they came to the edge of the zone.
    assert_eq!(foot(&preview["alerts"][1]), (0.51, 0.5));
    let (x, y) = foot(newest);
    assert!((0.795..0.815).contains(&x) && (y - 0.5).abs() < 1e-6, "{newest}");
    let pictured = |at: usize| &preview["alerts"][at]["has_snapshot"];
    assert_eq!([0, 1, 2, 3].map(pictured), [&json!(true), &json!(true), &json!(false), &json!(false)]);
    assert_eq!(preview["alerts"].as_array().map(Vec::len), Some(4));

    let shorter = ask(json!({ "drawn": drawn(&rules), "minutes": 20 })).await;
    assert_eq!((&shorter["frames"], &shorter["rules"][0]["alerts"]), (&json!(151), &json!(1)));

    // Nothing is saved.
    assert_eq!(api.query("SELECT settings FROM cameras WHERE id = 'gate'")[0][0], "{}");
    assert_eq!(api.query("SELECT count(*) FROM alerts")[0][0], "0");

    let quiet = format!("/api/v1/sites/{site}/cameras/quiet/rule-preview");
    let nothing = viewer.post(&quiet, &json!({ "drawn": drawn(&rules) })).await;
    assert_eq!((&nothing.body["frames"], &nothing.body["first_frame"]), (&json!(0), &Value::Null));

    let wrong = json!([{ "id": "gone", "dwell": { "zone": "nowhere", "seconds": 3 } }]);
    for (body, field) in [
        (json!({ "drawn": drawn(&rules), "minutes": 61 }), "minutes"),
        (json!({ "drawn": drawn(&rules), "minutes": 0 }), "minutes"),
        (json!({ "drawn": drawn(&wrong) }), "drawn.rules"),
        (json!({}), "drawn"),
        (json!({ "drawn": { "zones": [], "pull": {} } }), "pull"),
    ] {
        let refused = viewer.post(&path, &body).await;
        assert!(refused.status.is_client_error(), "{refused:?}");
        let named = refused.body["field"].as_str().unwrap_or_default();
        assert!(named.starts_with(field) || refused.body["detail"].to_string().contains(field), "{refused:?}");
    }
    // The login of a camera that pushes is stored, and not needed.
    let pushed = json!({ "settings": {"name": "Yard", "push": {} }, "credentials": {"username": "cam", "password": "long enough"} });
    let made = admin.post(&format!("/api/v1/sites/{site}/cameras"), &pushed).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let yard = made.body["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/sites/{site}/cameras/{yard}/rule-preview");
    let answer = viewer.post(&path, &json!({ "drawn": drawn(&rules) })).await;
    assert_eq!((answer.status, &answer.body["frames"]), (StatusCode::OK, &json!(0)), "{answer:?}");
    let foreign = admin.create_site("foreign").await;
    let missing = format!("/api/v1/sites/{foreign}/cameras/gate/rule-preview");
    let missing = admin.post(&missing, &json!({ "drawn": drawn(&rules) })).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND, "{missing:?}");
}
