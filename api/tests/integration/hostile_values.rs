//! Each parameter and each field of the newer calls gets values that nobody who means well sends: the answer is a result or names what is
//! wrong, and nothing changes.

use hyper::Method;
use serde_json::{Value, json};
use vru_runtime::secret::Secret;

use super::api::{Answer, Api, ApiClient};

/// In queries; escaped.
const VALUES: [&str; 20] = [
    "",
    "%20",
    "%00",
    "%FF",
    "0",
    "-1",
    "1e999",
    "NaN",
    "99999999999999999999999",
    "null",
    "true",
    "'%20OR%20'1'='1",
    "..%2F..%2Fetc",
    "2026-02-30T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999999999Z",
    "2026-03-01T00:00:00.0000001Z",
    "%F0%9F%92%A9",
    "a%0Ab",
    "cam.1.2",
];

/// In bodies; as JSON.
const FIELDS: [&str; 16] = [
    "null",
    "true",
    "-1",
    "0",
    "1e308",
    "1e-320",
    "9223372036854775808",
    "\"\"",
    "\"a\\u0000\"",
    "\"\\ud83d\\ude00\"",
    "[]",
    "{}",
    "[[]]",
    "[null]",
    "{\"id\":7}",
    "1e999",
];

struct Site {
    api: Api,
    id: String,
    operator: ApiClient,
}

impl Site {
    async fn start() -> Self {
        let api = Api::start_with(|config| config.cameras.secrets_key = Secret::new("5".repeat(64))).await;
        let admin = api.admin().await;
        let id = admin.create_site("own").await;
        api.add_camera(&id, "cam");
        api.add_track("cam", 1, 0, "");
        let operator = api.member("operator", &id, 2).await;
        Self { api, id, operator }
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/v1/sites/{}/{rest}", self.id)
    }

    /// How many rows each table has.
    fn rows(&self) -> Vec<Vec<String>> {
        self.api.query(
            "SELECT table_name, (xpath('/row/count/text()', query_to_xml(format('SELECT count(*) FROM %I', table_name), false, true, '')))[1]
             FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1",
        )
    }
}

/// `wrong`: what the request has that may be wrong. Whether it was refused.
fn check(answer: &Answer, wrong: &str, request: &str) -> bool {
    let status = answer.status.as_u16();
    assert!(status < 500, "{request}: {answer:?}");
    if status < 300 {
        return false;
    }
    let (_, code, field) = answer.problem();
    let named = field.starts_with(wrong) || code == "malformed_json";
    // Both ends of a range, or of two bounds, may be at fault.
    let pair = [["from", "to"], ["min_duration_s", "max_duration_s"], ["direction", "zone_id"]];
    let paired = pair.iter().any(|pair| pair.contains(&wrong) && pair.contains(&field));
    assert!(named || paired, "{request} does not name `{wrong}`: {answer:?}");
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_means_nothing_is_named_and_nothing_changes() {
    let site = Site::start().await;
    let before = site.rows();
    let range = "from=2026-03-01T00:00:00%2B01:00&to=2026-03-02T00:00:00%2B01:00&bin=1h";
    let filters = [
        "camera_id",
        "class",
        "min_class_share",
        "zone_id",
        "line_id",
        "direction",
        "min_duration_s",
        "max_duration_s",
    ];
    let of_counts =
        ["from", "to", "bin", "camera_id", "line_id", "zone_id", "direction", "class", "group_by", "video", "format"];
    let of_tracks: Vec<&str> = ["from", "to", "bin", "include_unconfirmed"].into_iter().chain(filters).collect();
    let mut refused = 0;
    for (call, base, names) in [
        ("track-counts", range, &of_tracks[..]),
        ("counts", range, &of_counts[..]),
        ("track-snapshots", "track_id=cam.1.1", &["track_id"]),
    ] {
        for name in names {
            let others: Vec<&str> = base.split('&').filter(|pair| pair.split('=').next() != Some(name)).collect();
            let others = others.join("&");
            for value in VALUES {
                let path = site.path(&format!("{call}?{others}&{name}={value}"));
                // What an export would be is an entry in the audit log.
                let answer = site.operator.get(&path).await;
                // Without pictures, no list of them can be had.
                if answer.status != 404 {
                    refused += usize::from(check(&answer, name, &path));
                }
            }
            // More than a list may have, and another parameter.
            let path = site.path(&format!("{call}?{others}{}", format!("&{name}=x").repeat(1_001)));
            assert!(check(&site.operator.get(&path).await, name, &path), "{path}");
            let path = site.path(&format!("{call}?{base}&{name}x=1"));
            assert!(check(&site.operator.get(&path).await, &format!("{name}x"), &path), "{path}");
        }
    }
    assert!(refused > 200, "{refused}");
    assert_eq!(site.rows(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_means_nothing_is_named_and_nothing_changes() {
    let site = Site::start().await;
    let before = site.rows();
    let preview = json!({
        "drawn": {
            "zones": [{ "id": "right", "name": "a", "polygon": [[0.5, 0.0], [1.0, 0.0], [1.0, 1.0]] }],
            "lines": [{ "id": "middle", "name": "b", "points": [[0.5, 0.0], [0.5, 1.0]] }],
            "rules": [
                { "id": "stay", "severity": "warning", "dwell": { "zone": "right", "seconds": 3, "cooldown_seconds": 1, "classes": ["car"] } },
                { "id": "there", "zone_presence": { "zone": "right", "min_seconds": 1 } },
                { "id": "pass", "line_crossing": { "line": "middle", "direction": "in" } },
            ],
        },
        "minutes": 5,
    });
    // With a source that cannot be tried, so that the test of a camera is always refused.
    let settings = json!({
        "name": "a",
        "push": { "path": "b", "allow_anonymous": true },
        "location": { "latitude": 1.5, "longitude": 2.5, "heading": 3.5 },
    });
    let mut refused = 0;
    for (path, body, at) in [
        (site.path("cameras/cam/rule-preview"), &preview, ""),
        (site.path("camera-tests"), &json!({ "settings": settings }), "settings"),
        (site.path("cameras"), &json!({ "settings": settings }), "settings.location"),
    ] {
        for place in places(body, String::new()).iter().filter(|place| place[1..].replace('/', ".").starts_with(at)) {
            for value in FIELDS {
                let text = with(body, place, value);
                let answer = site.operator.send(Method::POST, &path, &[], &text).await;
                if answer.status == 201 {
                    // A place that is none, or has no direction.
                    assert!(["null", "0", "-1", "1e-320"].contains(&value), "{text}");
                    let made = format!("{path}/{}", answer.body["id"].as_str().expect("an id"));
                    site.operator.send(Method::DELETE, &made, &[("if-match", "\"1\"")], "").await;
                    continue;
                }
                let top = place[1..].split('/').next().unwrap_or_default();
                refused += usize::from(check(&answer, top, &text));
            }
        }
    }
    assert!(refused > 300, "{refused}");
    // Those that were made, and deleted, leave their history.
    let without_made = |rows: Vec<Vec<String>>| {
        let made = ["audit_log", "cameras", "camera_versions", "camera_outbox"];
        rows.into_iter().filter(|row| !made.contains(&row[0].as_str())).collect::<Vec<_>>()
    };
    assert_eq!(without_made(site.rows()), without_made(before));
    // What is nested too deeply, or too large, ends as an answer.
    let path = site.path("cameras/cam/rule-preview");
    let deep = format!("{{\"drawn\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    assert!(check(&site.operator.send(Method::POST, &path, &[], &deep).await, "drawn", "what is nested"));
    let zone = |at: usize| json!({ "id": at.to_string(), "polygon": [[0, 0], [1, 0], [1, 1]] });
    let zones: Vec<Value> = (0..1_001).map(zone).collect();
    let many = json!({ "drawn": { "zones": zones } });
    assert_eq!(site.operator.post(&path, &many).await.problem(), (422, "invalid_field", "drawn.zones"));
    let rule = |at: usize| json!({ "id": at.to_string(), "dwell": { "zone": "0", "seconds": 1 } });
    let rules: Vec<Value> = (0..1_001).map(rule).collect();
    let many = json!({ "drawn": { "zones": [zone(0)], "rules": rules } });
    assert_eq!(site.operator.post(&path, &many).await.problem(), (422, "invalid_field", "drawn.rules"));
    let long = json!({ "drawn": { "zones": [{ "id": "z", "name": "x".repeat(300_000), "polygon": [[0, 0], [1, 0], [1, 1]] }] } });
    assert_eq!(site.operator.post(&path, &long).await.problem(), (422, "invalid_field", "drawn"));
}

/// JSON pointers to all values below.
fn places(value: &Value, at: String) -> Vec<String> {
    let below: Vec<String> = match value {
        Value::Object(fields) => {
            fields.iter().flat_map(|(name, value)| places(value, format!("{at}/{name}"))).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(number, value)| places(value, format!("{at}/{number}"))).collect()
        }
        _ => Vec::new(),
    };
    (!at.is_empty()).then_some(at).into_iter().chain(below).collect()
}

/// The body with this text in place of a value.
fn with(body: &Value, place: &str, text: &str) -> String {
    let mut body = body.clone();
    *body.pointer_mut(place).expect("it is there") = json!("@@");
    body.to_string().replacen("\"@@\"", text, 1)
}
