//! Counts, from stored bins to the answer.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use vru_runtime::secret::Secret;
use vru_runtime::test_util::{Bus, kafka};

use super::api::{Answer, Api, ApiClient};
use super::data::python;

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

struct Site {
    api: Api,
    client: ApiClient,
    counts: String,
    camera: String,
    /// The broker's topics live as long as this.
    _bus: Bus,
}

/// A site in Berlin with a camera that has a line and a zone.
async fn site(name: &str) -> Site {
    let bus = tokio::task::block_in_place(|| kafka().bus(name, 1));
    let api = Api::start_with(|config| {
        config.kafka = bus.config();
        config.cameras.secrets_key = Secret::new(KEY);
    })
    .await;
    let client = api.admin().await;
    let site = client.create_site("own").await;
    let settings = json!({
        "name": "north", "pull": { "url": "rtsp://192.0.2.7/stream" },
        "lines": [{ "id": "kerb", "points": [[0.0, 0.5], [1.0, 0.5]] }],
        "zones": [{ "id": "road", "polygon": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]] }],
    });
    let created = client.post(&format!("/api/v1/sites/{site}/cameras"), &json!({ "settings": settings })).await;
    assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
    let camera = created.body["id"].as_str().expect("an id").to_owned();
    let counts = format!("/api/v1/sites/{site}/counts");
    Site { api, client, counts, camera, _bus: bus }
}

impl Site {
    /// Watches both from `begin` on, each minute for so many seconds, as the sink stores it.
    fn watch(&self, begin: &str, seconds: &[i64]) {
        let camera = &self.camera;
        self.api.execute(&format!(
            "INSERT INTO watches (camera_id, id, line_ids, zone_ids, classes, max_gap_us)
             VALUES ('{camera}', 1, '{{kerb}}', '{{road}}', '{{1,2}}', 2000000) ON CONFLICT DO NOTHING"
        ));
        for (minute, seconds) in seconds.iter().enumerate().filter(|(_, seconds)| **seconds > 0) {
            let at = format!("'{begin}'::timestamptz + {minute} * interval '1 minute'");
            for (table, width) in [("watched_1m", "1 minute"), ("watched_15m", "15 minutes")] {
                self.api.execute(&format!(
                    "INSERT INTO {table} AS held SELECT '{camera}', date_bin('{width}', {at}, '2000-01-01 00:00+00'), 0, 1, {seconds} * 1000000
                     ON CONFLICT (camera_id, starts_at, file_session, watch_id) DO UPDATE SET watched_us = held.watched_us + excluded.watched_us"
                ));
            }
        }
    }

    fn count(&self, at: &str, line: &str, zone: &str, direction: i16, class: i16, passages: i64) {
        let camera = &self.camera;
        for (table, width) in [("counts_1m", "1 minute"), ("counts_15m", "15 minutes")] {
            self.api.execute(&format!(
                "INSERT INTO {table} AS held SELECT '{camera}', '{line}', '{zone}', date_bin('{width}', '{at}'::timestamptz, '2000-01-01 00:00+00'),
                 0, {direction}, {class}, {passages} ON CONFLICT (camera_id, line_id, zone_id, starts_at, file_session, direction, class)
                 DO UPDATE SET passages = held.passages + excluded.passages"
            ));
        }
    }

    async fn ask(&self, query: &str) -> Answer {
        self.client.get(&format!("{}?{query}", self.counts)).await
    }

    /// Each series with its counts and watched seconds.
    async fn series(&self, query: &str) -> Vec<(String, Vec<(Value, f64)>)> {
        let answer = self.ask(query).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let series = answer.body["series"].as_array().expect("series").iter().map(|series| {
            assert_eq!(series["camera_id"], self.camera);
            let text = |name: &str| series[name].as_str().unwrap_or_default();
            let name = format!("{}{} {} {}", text("line_id"), text("zone_id"), text("direction"), text("class"));
            let bin = |bin: &Value| (bin["count"].clone(), bin["watched_seconds"].as_f64().expect("a number"));
            (name.trim_end().to_owned(), series["bins"].as_array().expect("bins").iter().map(bin).collect())
        });
        series.collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_zero_null_or_partly_watched_as_the_frames_say() {
    let site = site("counts").await;
    let begin = "2026-03-02T10:00:00Z";
    // Watched, watched in part, not watched, watched.
    site.watch(begin, &[60, 20, 0, 60]);
    site.count("2026-03-02T10:00:00Z", "kerb", "", 1, 1, 2);
    site.count("2026-03-02T10:00:30Z", "kerb", "", 2, 2, 1);
    site.count("2026-03-02T10:01:59Z", "kerb", "", 1, 2, 4);
    site.count("2026-03-02T10:03:00Z", "", "road", 0, 1, 5);
    let range = format!("from={begin}&to=2026-03-02T10:04:00Z&bin=1m");
    let watched = [60.0, 20.0, 0.0, 60.0];
    let bins = |counts: [Value; 4]| counts.into_iter().zip(watched).collect::<Vec<_>>();
    let all = site.series(&range).await;
    assert_eq!(
        all,
        [
            ("road".to_owned(), bins([json!(0), json!(0), Value::Null, json!(5)])),
            ("kerb".to_owned(), bins([json!(3), json!(4), Value::Null, json!(0)])),
        ]
    );
    let grouped =
        site.series(&format!("{range}&line_id=kerb&group_by=direction&group_by=class&class=cyclist&class=car")).await;
    let nothing = vec![(Value::Null, 0.0); 4];
    assert_eq!(
        grouped,
        [
            ("kerb in cyclist".to_owned(), bins([json!(0), json!(4), Value::Null, json!(0)])),
            // This model finds no cars.
            ("kerb in car".to_owned(), nothing.clone()),
            ("kerb out cyclist".to_owned(), bins([json!(1), json!(0), Value::Null, json!(0)])),
            ("kerb out car".to_owned(), nothing),
        ]
    );
    // The same in longer bins, and after a change of the configuration: what was counted stays.
    let hour = format!("from={begin}&to=2026-03-02T12:00:00Z&bin=1h&line_id=kerb");
    assert_eq!(site.series(&hour).await, [("kerb".to_owned(), vec![(json!(7), 140.0), (Value::Null, 0.0)])]);
    site.api.execute("UPDATE cameras SET settings = settings - 'lines'");
    assert_eq!(site.series(&hour).await.len(), 1);
    assert_eq!(site.series("from=2026-03-03T00:00:00Z&to=2026-03-03T01:00:00Z&bin=1h").await.len(), 1, "only the zone");
    // Files are another question.
    assert_eq!(site.series(&format!("{range}&video=file")).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_those_of_the_site_when_the_clocks_change() {
    let site = site("counts-days").await;
    // Two o'clock on 29 March 2026 does not exist in Berlin. The day has 23 hours; its last minute is 21:59 UTC.
    site.count("2026-03-28T22:59:00Z", "kerb", "", 1, 1, 1);
    site.count("2026-03-28T23:00:00Z", "kerb", "", 1, 1, 10);
    site.count("2026-03-29T21:59:00Z", "kerb", "", 1, 1, 100);
    site.count("2026-03-29T22:00:00Z", "kerb", "", 1, 1, 1_000);
    let range = "from=2026-03-28T00:00:00%2B01:00&to=2026-03-31T00:00:00%2B02:00&bin=1d&line_id=kerb";
    let answer = site.ask(range).await;
    assert_eq!(answer.body["time_zone"], "Europe/Berlin");
    let bins: Vec<_> = answer.body["series"][0]["bins"]
        .as_array()
        .expect("bins")
        .iter()
        .map(|bin| (bin["from"].clone(), bin["seconds"].clone(), bin["count"].clone()))
        .collect();
    assert_eq!(
        bins,
        [
            (json!("2026-03-28T00:00:00+01:00"), json!(86_400), json!(1)),
            (json!("2026-03-29T00:00:00+01:00"), json!(82_800), json!(110)),
            (json!("2026-03-30T00:00:00+02:00"), json!(86_400), json!(1_000)),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_a_csv_file_and_stands_in_the_audit_log() {
    let site = site("counts-csv").await;
    site.watch("2026-03-02T10:00:00Z", &[60, 0]);
    let query = "from=2026-03-02T10:00:00Z&to=2026-03-02T10:02:00Z&bin=1m&line_id=kerb&format=csv";
    let (answer, text) = site.client.text(Method::GET, &format!("{}?{query}", site.counts)).await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert!(answer.header("content-disposition").contains("counts.csv"));
    let camera = &site.camera;
    assert_eq!(
        text,
        format!(
            "camera_id,line_id,zone_id,direction,class,session,from,to,seconds,watched_seconds,count\r\n\
             {camera},kerb,,,,,2026-03-02T11:00:00+01:00,2026-03-02T11:01:00+01:00,60,60,0\r\n\
             {camera},kerb,,,,,2026-03-02T11:01:00+01:00,2026-03-02T11:02:00+01:00,60,0,\r\n"
        )
    );
    let logged = site.api.query(
        "SELECT details->>'bin', details->>'series' FROM audit_log WHERE action = 'counts.export' AND user_id <> ''",
    );
    assert_eq!(logged, [["1m", "1"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_cannot_be_answered_names_its_parameter() {
    let site = site("counts-refused").await;
    let range = "from=2026-03-02T10:00:00Z&to=2026-03-02T10:02:00Z&bin=1m";
    for (query, field) in [
        ("", "from"),
        ("from=2026-03-02T10:00:30Z&to=2026-03-02T10:02:00Z&bin=1m", "from"),
        ("from=2026-03-02T10:00:00Z&to=2026-03-02T10:02:30Z&bin=1m", "to"),
        ("from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z&bin=1m", "to"),
        // 48 hours in minutes: two places are allowed that, 24 series are not.
        ("from=2026-03-02T00:00:00Z&to=2026-03-04T00:00:00Z&bin=1m&group_by=class&group_by=direction", "to"),
        // Fifteen years of quarters of an hour at two places.
        ("from=2010-01-01T00:00:00%2B01:00&to=2025-01-01T00:00:00%2B01:00&bin=1d", "to"),
        (&format!("{range}&camera_id=none"), "camera_id"),
        (&format!("{range}&line_id=road"), "line_id"),
        (&format!("{range}&zone_id=kerb"), "zone_id"),
        (&format!("{range}&limit=3"), "limit"),
    ] {
        assert_eq!(site.ask(query).await.problem(), (400, "invalid_parameter", field), "{query}");
    }
    assert_eq!(site.ask("from=2026-03-02T00:00:00Z&to=2026-03-04T00:00:00Z&bin=1m").await.status, StatusCode::OK);
    // Cameras of another site do not exist.
    let other = site.client.create_site("other").await;
    let path = format!("/api/v1/sites/{other}/counts?{range}");
    assert_eq!(site.client.get(&path).await.body["series"], json!([]));
    assert_eq!(
        site.client.get(&format!("{path}&camera_id={}", site.camera)).await.problem(),
        (400, "invalid_parameter", "camera_id")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_a_parquet_table_too_and_what_nobody_watched_is_null() {
    const READ: &str = "
import sys, duckdb
print(duckdb.sql(f\"\"\"select line_id, zone_id, epoch_us(\"from\"), seconds, watched_seconds, count from read_parquet('{sys.argv[1]}')
    order by \"from\" \"\"\").fetchall())
";
    let site = site("counts-parquet").await;
    site.watch("2026-03-02T10:00:00Z", &[60, 0]);
    let query = "from=2026-03-02T10:00:00Z&to=2026-03-02T10:02:00Z&bin=1m&line_id=kerb";
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("counts.parquet");
    for (format, headers) in [("&format=parquet", &[][..]), ("", &[("accept", "application/vnd.apache.parquet")])] {
        let path = format!("{}?{query}{format}", site.counts);
        let (status, headers, body) = site.client.send_for_bytes(Method::GET, &path, headers).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers["content-type"], "application/vnd.apache.parquet");
        std::fs::write(&file, &body).expect("a file");
        let found = tokio::task::block_in_place(|| python(READ, &[file.to_str().expect("a text")]));
        assert_eq!(
            found,
            "[('kerb', None, 1772445600000000, 60, 60.0, 0), ('kerb', None, 1772445660000000, 60, 0.0, None)]"
        );
    }
    // A format that the question names counts more than what is accepted.
    let path = format!("{}?{query}&format=csv", site.counts);
    let (_, headers, _) =
        site.client.send_for_bytes(Method::GET, &path, &[("accept", "application/vnd.apache.parquet")]).await;
    assert_eq!(headers["content-type"], "text/csv; charset=utf-8; header=present");
}

/// Read by GDAL, as programs that draw maps do.
const READ_FEATURES: &str = "
import json, struct, sys, pyogrio
meta, _, shapes, columns = pyogrio.raw.read(sys.argv[1], datetime_as_string=True)
names = list(meta['fields'])
rows = []
for shape, *values in zip(shapes, *columns):
    row = dict(zip(names, values))
    at = shape and list(struct.unpack('<dd', shape[5:21]))
    count = row['count']
    rows.append([at, row['position'], row['heading'] if row['heading'] == row['heading'] else None, row['line_id'], str(row['from']),
                 float(row['watched_seconds']), None if count != count else float(count)])
print(json.dumps([meta['crs'], meta['geometry_type'], rows]))
";

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_features_of_a_map_where_the_camera_is_or_else_its_site() {
    let site = site("counts-geojson").await;
    site.watch("2026-03-02T10:00:00Z", &[60, 0]);
    site.count("2026-03-02T10:00:10Z", "kerb", "", 1, 1, 3);
    let query = "from=2026-03-02T10:00:00Z&to=2026-03-02T10:02:00Z&bin=1m&line_id=kerb";
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("counts.geojson");
    let read = async |format: &str, headers: &[(&str, &str)]| {
        let path = format!("{}?{query}{format}", site.counts);
        let (status, headers, body) = site.client.send_for_bytes(Method::GET, &path, headers).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers["content-type"], "application/geo+json");
        assert_eq!(headers["content-disposition"], "attachment; filename=\"counts.geojson\"");
        std::fs::write(&file, &body).expect("a file");
        let found = tokio::task::block_in_place(|| python(READ_FEATURES, &[file.to_str().expect("a text")]));
        (serde_json::from_slice::<Value>(&body).expect("JSON"), serde_json::from_str::<Value>(&found).expect("JSON"))
    };
    let row = |at: Value, position: Value, heading: Value, minute: &str, watched: f64, count: Value| {
        json!([at, position, heading, "kerb", format!("2026-03-02T11:0{minute}:00+01:00"), watched, count])
    };
    let rows = |at: Value, position: Value, heading: Value| {
        json!([
            row(at.clone(), position.clone(), heading.clone(), "0", 60.0, json!(3.0)),
            row(at, position, heading, "1", 0.0, Value::Null)
        ])
    };
    // Nobody knows where it is.
    let (text, found) = read("&format=geojson", &[]).await;
    assert_eq!(
        (&text["type"], &text["time_zone"], &text["bin"]),
        (&json!("FeatureCollection"), &json!("Europe/Berlin"), &json!("1m"))
    );
    assert_eq!(text["features"][0]["geometry"], Value::Null);
    assert_eq!(found[2], rows(Value::Null, Value::Null, Value::Null));
    site.api.execute("UPDATE sites SET latitude = 52.5, longitude = 13.25");
    let (_, found) = read("", &[("accept", "application/geo+json")]).await;
    assert_eq!((&found[0], &found[1]), (&json!("EPSG:4326"), &json!("Point")));
    assert_eq!(found[2], rows(json!([13.25, 52.5]), json!("site"), Value::Null));
    // The camera's own position counts more. It is part of its settings.
    let path = site.counts.replace("/counts", &format!("/cameras/{}", site.camera));
    let camera = site.client.get(&path).await;
    let mut settings = camera.body["settings"].clone();
    settings["location"] = json!({ "latitude": 52.51, "longitude": -13.5, "heading": 270.0 });
    let mut wrong = settings.clone();
    wrong["location"]["latitude"] = json!(91);
    let refused = site.client.put(&path, camera.header("etag"), &json!({ "settings": wrong })).await;
    assert_eq!(refused.problem(), (422, "invalid_field", "settings.location.latitude"));
    let changed = site.client.put(&path, camera.header("etag"), &json!({ "settings": settings })).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    let (_, found) = read("&format=geojson", &[]).await;
    assert_eq!(found[2], rows(json!([-13.5, 52.51]), json!("camera"), json!(270.0)));
    // A file, as the other formats are.
    let audit = site.client.get(&site.counts.replace("/counts", "/audit")).await;
    let exports =
        audit.body["items"].as_array().expect("items").iter().filter(|entry| entry["action"] == "counts.export");
    assert_eq!(exports.count(), 3);
}
