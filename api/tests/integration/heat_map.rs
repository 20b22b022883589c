//! Where in the picture road users were, of tracks with known paths.

use hyper::StatusCode;
use serde_json::json;

use super::api::Api;
use super::rows::SESSION;

const RANGE: &str = "from=2026-03-01T12:00:00Z&to=2026-03-01T12:15:00Z";

#[tokio::test(flavor = "multi_thread")]
async fn each_cell_has_the_seconds_in_which_road_users_were_there() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let site = admin.create_site("own").await;
    api.add_camera(&site, "gate");
    let viewer = api.member("viewer", &site, 1).await;
    // From (240, 648) to (960, 540) of 1920 × 1080 in 10 s.
    api.add_track("gate", 1, 0, "");
    api.add_track(
        "gate",
        2,
        60,
        "class = 2, path_x = '{0,0}', path_y = '{0,0}', path_at = ARRAY[first_seen, last_seen]",
    );
    // Not in this range, not sure, of another camera.
    api.add_track("gate", 3, 900, "");
    api.add_track("gate", 4, 120, "confirmed_detections = 0");
    api.add_track("other", 5, 0, "");
    let path = format!("/api/v1/sites/{site}/cameras/gate/heat-map");
    let read = async |query: &str| {
        let answer = viewer.get(&format!("{path}?{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}: {answer:?}");
        answer.body
    };

    let map = read(&format!("{RANGE}&columns=8&rows=2")).await;
    // 90 pixels a second, in cells of 240 × 540.
    assert_eq!(
        map["seconds"],
        json!([[10.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 3.333, 3.333, 3.333, 0.0, 0.0, 0.0, 0.0]])
    );
    assert_eq!((&map["tracks"], &map["columns"], &map["rows"]), (&json!(2), &json!(8), &json!(2)));
    assert_eq!((&map["from"], &map["watched_seconds"]), (&json!("2026-03-01T12:00:00Z"), &json!(0.0)));
    let cyclists = read(&format!("{RANGE}&columns=2&rows=1&class=cyclist")).await;
    assert_eq!((&cyclists["tracks"], &cyclists["seconds"]), (&json!(1), &json!([[10.0, 0.0]])));
    let by_default = read(RANGE).await;
    assert_eq!(by_default["seconds"].as_array().map(Vec::len), Some(36));
    assert_eq!(by_default["seconds"][0].as_array().map(Vec::len), Some(64));

    // Nobody came, and somebody looked.
    api.execute(&format!(
        "INSERT INTO watched_15m (camera_id, watch_id, starts_at, file_session, watched_us) VALUES \
         ('gate', 1, '2026-03-01T13:00:00Z', 0, 600000000), ('gate', 1, '2026-03-01T13:15:00Z', {SESSION}, 60500000), \
         ('gate', 1, '2026-03-01T13:30:00Z', 0, 1), ('other', 1, '2026-03-01T13:00:00Z', 0, 1)"
    ));
    let empty = read("from=2026-03-01T13:00:00Z&to=2026-03-01T14:30:00%2B01:00&columns=1&rows=1").await;
    assert_eq!((&empty["tracks"], &empty["watched_seconds"]), (&json!(0), &json!(660.5)));
    assert_eq!(empty["seconds"], json!([[0.0]]));

    for (query, field) in [
        ("to=2026-03-01T12:15:00Z", "from"),
        ("from=2026-03-01T12:00:00Z", "to"),
        ("from=2026-03-01T12:00:01Z&to=2026-03-01T12:15:00Z", "from"),
        ("from=2026-03-01T12:15:00Z&to=2026-03-01T12:15:00Z", "to"),
        ("from=1970-01-01T00:00:00Z&to=2026-03-01T12:15:00Z", "from"),
        (&format!("{RANGE}&columns=0"), "columns"),
        (&format!("{RANGE}&rows=257"), "rows"),
        (&format!("{RANGE}&class=walker"), "class"),
        (&format!("{RANGE}&colour=red"), "colour"),
    ] {
        let refused = viewer.get(&format!("{path}?{query}")).await;
        assert_eq!((refused.status, refused.body["field"].as_str()), (StatusCode::BAD_REQUEST, Some(field)), "{query}");
    }
    let foreign = admin.create_site("other").await;
    let missing = admin.get(&format!("/api/v1/sites/{foreign}/cameras/gate/heat-map?{RANGE}")).await;
    assert_eq!(missing.problem(), (404, "not_found", ""));
}
