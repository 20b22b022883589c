//! How many tracks began when.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::api::{Api, ApiClient};
use super::rows::SESSION;

struct Site {
    api: Api,
    client: ApiClient,
    path: String,
}

impl Site {
    /// A site in Berlin with two cameras.
    async fn start() -> Self {
        let api = Api::start().await;
        let admin = api.admin().await;
        let site = admin.create_site("own").await;
        for camera in ["cam-a", "cam-b"] {
            api.add_camera(&site, camera);
            api.execute(&format!(
                "INSERT INTO watches (camera_id, id, line_ids, zone_ids, classes, max_gap_us)
                 VALUES ('{camera}', 1, '{{kerb}}', '{{road}}', '{{1,2}}', 2000000)"
            ));
        }
        let client = api.member("viewer", &site, 1).await;
        Self { api, client, path: format!("/api/v1/sites/{site}/track-counts") }
    }

    fn watch(&self, camera: &str, file_session: i64, at: &str, seconds: i64) {
        self.api.execute(&format!(
            "INSERT INTO watched_15m (camera_id, starts_at, file_session, watch_id, watched_us)
             VALUES ('{camera}', '{at}', {file_session}, 1, {seconds} * 1000000)"
        ));
    }

    /// Each bin: count, and seconds in which somebody looked.
    async fn bins(&self, query: &str) -> Vec<(Value, f64)> {
        let answer = self.client.get(&format!("{}?{query}", self.path)).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}: {answer:?}");
        let bin = |bin: &Value| (bin["count"].clone(), bin["watched_seconds"].as_f64().expect("a number"));
        answer.body["bins"].as_array().expect("bins").iter().map(bin).collect()
    }
}

const HOUR: &str = "from=2026-03-01T12:00:00Z&to=2026-03-01T13:00:00Z&bin=15m";

#[tokio::test(flavor = "multi_thread")]
async fn zero_and_not_watched_differ_and_filters_are_those_of_the_search() {
    let site = Site::start().await;
    site.watch("cam-a", 0, "2026-03-01T12:00:00Z", 900);
    site.watch("cam-a", 0, "2026-03-01T12:15:00Z", 300);
    site.watch("cam-b", 0, "2026-03-01T12:15:00Z", 500);
    // Of a file.
    site.watch("cam-b", SESSION, "2026-03-01T12:45:00Z", 60);
    let api = &site.api;
    api.add_track("cam-a", 1, 0, "");
    api.add_track("cam-a", 2, 899, "class = 2");
    // It began in the second bin, and is seen in the third one.
    api.add_track("cam-b", 3, 1795, "");
    api.add_track("cam-b", 4, 2700, "zone_ids = '{road}'");
    api.add_track("cam-a", 5, 10, "confirmed_detections = 0");
    api.add_track("cam-a", 6, 3600, "");
    let bins = |counts: [Value; 4], watched: [f64; 4]| counts.into_iter().zip(watched).collect::<Vec<_>>();
    let all = [900.0, 500.0, 0.0, 60.0];
    assert_eq!(site.bins(HOUR).await, bins([json!(2), json!(1), Value::Null, json!(1)], all));
    let of_a = [900.0, 300.0, 0.0, 0.0];
    for (query, counts, watched) in [
        ("camera_id=cam-a", [json!(2), json!(0), Value::Null, Value::Null], of_a),
        ("class=cyclist", [json!(1), json!(0), Value::Null, json!(0)], all),
        ("zone_id=road", [json!(0), json!(0), Value::Null, json!(1)], all),
        // What was seen is counted, whatever else is known.
        ("class=pedestrian&class=bus", [json!(1), json!(1), Value::Null, json!(1)], [0.0; 4]),
        ("class=bus", [Value::Null, Value::Null, Value::Null, Value::Null], [0.0; 4]),
        ("zone_id=elsewhere", [Value::Null, Value::Null, Value::Null, Value::Null], [0.0; 4]),
        ("include_unconfirmed=true&camera_id=cam-a", [json!(3), json!(0), Value::Null, Value::Null], of_a),
    ] {
        assert_eq!(site.bins(&format!("{HOUR}&{query}")).await, bins(counts, watched), "{query}");
    }
    // A camera that is deleted keeps its tracks.
    api.execute("UPDATE cameras SET deleted_at = now()");
    assert_eq!(site.bins(HOUR).await[0], (json!(2), 900.0));
    // Together they are those of the list.
    let list =
        site.client.get(&format!("{}?{}", site.path.replace("-counts", "s"), HOUR.replace("&bin=15m", ""))).await;
    assert_eq!(list.body["items"].as_array().map(Vec::len), Some(4), "{list:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_those_of_the_site_and_what_is_no_question_is_refused() {
    let site = Site::start().await;
    let days = "from=2026-03-28T00:00:00%2B01:00&to=2026-03-30T00:00:00%2B02:00&bin=1h";
    let answer = site.client.get(&format!("{}?{days}", site.path)).await;
    assert_eq!((&answer.body["time_zone"], answer.status), (&json!("Europe/Berlin"), StatusCode::OK), "{answer:?}");
    // The clocks skip an hour.
    assert_eq!(answer.body["bins"].as_array().map(Vec::len), Some(47));
    assert_eq!(answer.body["bins"][26]["from"], "2026-03-29T03:00:00+02:00");
    for (query, field) in [
        ("bin=15m&to=2026-03-01T13:00:00Z", "from"),
        ("bin=15m&from=2026-03-01T13:00:00Z", "to"),
        ("from=2026-03-01T12:00:00Z&to=2026-03-01T13:00:00Z", "bin"),
        ("bin=2h&from=2026-03-01T12:00:00Z&to=2026-03-01T13:00:00Z", "bin"),
        ("bin=15m&from=2026-03-01T12:01:00Z&to=2026-03-01T13:00:00Z", "from"),
        ("bin=15m&from=2026-03-01T13:00:00Z&to=2026-03-01T12:00:00Z", "to"),
        ("bin=1m&from=2026-03-01T12:00:00Z&to=2026-03-02T12:00:00Z", "to"),
        (&format!("{HOUR}&class=horse"), "class"),
        (&format!("{HOUR}&limit=3"), "limit"),
    ] {
        let answer = site.client.get(&format!("{}?{query}", site.path)).await;
        assert_eq!(answer.problem(), (400, "invalid_parameter", field), "{query}: {answer:?}");
    }
}
