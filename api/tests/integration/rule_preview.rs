//! What rules would have raised in the last hour.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::api::Api;
use super::rows::SESSION;

/// A road user who walks from the left to the right through the picture in 10 s, ten frames a second, from so many minutes ago; then five
/// seconds in which nobody is there.
fn walk(camera: &str, minutes: i64, sequence: i64, track: i64) -> String {
    format!(
        "INSERT INTO frames (camera_id, captured_at, session, sequence, clock_source, ingested_at, inferred_at, source_width, source_height, \
         model_name, model_version, object_count, delivery, end_of_stream, queued_us, decode_us, preprocess_us, inference_us, \
         postprocess_us, track_us) SELECT '{camera}', at, {SESSION}, {sequence} + n, 1, at, at, 1000, 1000, 'm', '1', \
         CASE WHEN n <= 100 THEN 1 ELSE 0 END, 1, false, 0, 0, 0, 0, 0, 0 \
         FROM generate_series(0, 150) n, LATERAL (SELECT now() - {minutes} * interval '1 min' + n * interval '100 ms' AS at) t; \
         INSERT INTO detections (camera_id, captured_at, session, sequence, object_index, class, score, track_id, track_state, \
         box_left, box_top, box_width, box_height) SELECT camera_id, captured_at, session, sequence, 0, 2, 0.8, {track}, 2, \
         10 * (sequence - {sequence}) - 20, 400, 40, 100 FROM frames \
         WHERE camera_id = '{camera}' AND sequence BETWEEN {sequence} AND {sequence} + 100"
    )
}

fn settings(rules: &Value) -> Value {
    json!({
        "name": "Gate",
        "pull": { "url": "rtsp://192.0.2.7/stream" },
        "zones": [{ "id": "right", "polygon": [[0.5, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 1.0]] }],
        "lines": [{ "id": "middle", "points": [[0.5, 0.0], [0.5, 1.0]] }],
        "rules": rules,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_tried_on_what_the_camera_saw() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let site = admin.create_site("own").await;
    api.add_camera(&site, "gate");
    api.add_camera(&site, "quiet");
    let viewer = api.member("viewer", &site, 1).await;
    // Two come within the hour, one before it; somebody else passes another camera.
    api.execute(&walk("gate", 90, 0, 1));
    api.execute(&walk("gate", 40, 20_000, 2));
    api.execute(&walk("gate", 10, 40_000, 3));
    api.execute(&walk("other", 10, 0, 4));
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
    let preview = ask(json!({ "settings": settings(&rules) })).await;
    // Half of the way of 10 s is in the zone, and a cyclist is no pedestrian.
    let counts = json!([
        { "rule_id": "short", "alerts": 2 },
        { "rule_id": "long", "alerts": 0 },
        { "rule_id": "walkers", "alerts": 0 },
        { "rule_id": "in", "alerts": 0 },
        { "rule_id": "out", "alerts": 2 },
    ]);
    assert_eq!((&preview["rules"], &preview["frames"]), (&counts, &json!(302)));
    assert!(preview["first_frame"].is_string());
    let newest = &preview["alerts"][0];
    assert_eq!(
        (&newest["rule_id"], &newest["kind"], &newest["severity"], &newest["class"], &newest["track_id"]),
        (&json!("short"), &json!("dwell"), &json!("warning"), &json!("cyclist"), &json!(format!("gate.{SESSION}.3")))
    );
    assert_eq!(preview["alerts"][1]["direction"], json!("out"));
    assert_eq!(preview["alerts"].as_array().map(Vec::len), Some(4));

    let shorter = ask(json!({ "settings": settings(&rules), "minutes": 20 })).await;
    assert_eq!((&shorter["frames"], &shorter["rules"][0]["alerts"]), (&json!(151), &json!(1)));

    // Nothing is saved.
    assert_eq!(api.query("SELECT settings FROM cameras WHERE id = 'gate'")[0][0], "{}");
    assert_eq!(api.query("SELECT count(*) FROM alerts")[0][0], "0");

    let quiet = format!("/api/v1/sites/{site}/cameras/quiet/rule-preview");
    let nothing = viewer.post(&quiet, &json!({ "settings": settings(&rules) })).await;
    assert_eq!((&nothing.body["frames"], &nothing.body["first_frame"]), (&json!(0), &Value::Null));

    let wrong = json!([{ "id": "gone", "dwell": { "zone": "nowhere", "seconds": 3 } }]);
    for (body, field) in [
        (json!({ "settings": settings(&rules), "minutes": 61 }), "minutes"),
        (json!({ "settings": settings(&rules), "minutes": 0 }), "minutes"),
        (json!({ "settings": settings(&wrong) }), "settings"),
        (json!({}), "settings"),
    ] {
        let refused = viewer.post(&path, &body).await;
        assert!(refused.status.is_client_error(), "{refused:?}");
        let named = refused.body["field"].as_str().unwrap_or_default();
        assert!(named.starts_with(field) || refused.body["detail"].to_string().contains(field), "{refused:?}");
    }
    let foreign = admin.create_site("foreign").await;
    let missing = format!("/api/v1/sites/{foreign}/cameras/gate/rule-preview");
    let missing = admin.post(&missing, &json!({ "settings": settings(&rules) })).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND, "{missing:?}");
}
