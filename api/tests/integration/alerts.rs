//! Search in alerts, and their inbox.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::api::{Answer, Api, ApiClient};

/// With a viewer and an operator.
async fn start() -> (Api, ApiClient, ApiClient, String) {
    let api = Api::start().await;
    let admin = api.admin().await;
    let site = admin.create_site("own").await;
    api.add_camera(&site, "cam-a");
    api.add_camera(&site, "cam-b");
    let (viewer, operator) = (api.member("viewer", &site, 1).await, api.member("operator", &site, 2).await);
    (api, viewer, operator, format!("/api/v1/sites/{site}/alerts"))
}

async fn found(client: &ApiClient, path: &str) -> Vec<String> {
    let answer = client.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
    let items = answer.body["items"].as_array().expect("items").clone();
    items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

fn acknowledged() -> Value {
    json!({ "state": "acknowledged" })
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_are_found_by_what_they_say_and_crossings_only_when_asked_for() {
    let (api, client, operator, alerts) = start().await;
    api.add_alert("cam-a", "a", 0, "");
    api.add_alert(
        "cam-a",
        "b",
        60,
        "kind = 2, severity = 3, class = 2, ended_at = began_at + interval '5 s', end_reason = 1",
    );
    api.add_alert(
        "cam-b",
        "c",
        120,
        "rule_id = 'lingers', zone_id = 'kerb', kind = 9, severity = 9, class = 0, end_reason = 99, clock_source = 9",
    );
    api.add_alert("cam-b", "d", 180, "began_at = NULL, severity = 1, box_left = NULL");
    api.add_crossing("cam-a", "x", 240, 1, "kerb", 1);
    let tag = [("if-match", "\"0\"")];
    let body = json!({ "state": "dismissed", "reason": "test" });
    operator.put(&format!("{alerts}/a/review"), "\"0\"", &acknowledged()).await;
    operator.put(&format!("{alerts}/b/review"), "\"0\"", &body).await;
    operator.put(&format!("{alerts}/c/review"), "\"0\"", &acknowledged()).await;
    operator.put(&format!("{alerts}/c/review"), "\"1\"", &json!({ "state": "new" })).await;
    assert_eq!(client.send(Method::PUT, &format!("{alerts}/d/seen"), &tag, "").await.status, StatusCode::NO_CONTENT);
    for (query, expected) in [
        ("", &["d", "c", "b", "a"][..]),
        ("camera_id=cam-b", &["d", "c"]),
        ("from=2026-03-01T12:01:00Z&to=2026-03-01T12:03:00Z", &["c", "b"]),
        ("kind=presence", &["d", "a"]),
        ("kind=dwell&kind=line_crossing", &["x", "b"]),
        ("kind=line_crossing", &["x"]),
        ("severity=critical&severity=info", &["d", "b"]),
        ("class=cyclist", &["b"]),
        ("rule_id=lingers", &["c"]),
        ("zone_id=crossing", &["d", "b", "a"]),
        ("open=true", &["c", "a"]),
        ("open=false", &["d", "b"]),
        ("state=new", &["d", "c"]),
        ("state=acknowledged&state=dismissed", &["b", "a"]),
        ("state=dismissed", &["b"]),
        ("seen=true", &["d"]),
        ("seen=false", &["c", "b", "a"]),
        ("state=new&seen=false&camera_id=cam-b", &["c"]),
    ] {
        assert_eq!(found(&client, &format!("{alerts}?{query}")).await, expected, "{query}");
    }
    let pages: Vec<_> = client.all(&alerts).await.iter().map(|alert| alert["id"].clone()).collect();
    assert_eq!(pages, ["d", "c", "b", "a"]);
    let read = client.get(&format!("{alerts}/b")).await;
    let mut alert = read.body.clone();
    alert["review"] = Value::Null;
    let expected = json!({
        "id": "b", "camera_id": "cam-a", "site_id": alert["site_id"], "kind": "dwell", "severity": "critical", "class": "cyclist",
        "rule_id": "somebody-there", "zone_id": "crossing", "captured_at": "2026-03-01T12:01:00Z", "clock": "camera",
        "began_at": "2026-03-01T12:01:00Z", "ended_at": "2026-03-01T12:01:05Z", "open": false, "end_reason": "left",
        "occurrence": 0, "tracks": ["cam-a.1700000000000000.1"],
        "box": { "left": 0.1, "top": 0.1, "width": 0.05, "height": 0.5 },
        "has_snapshot": true, "has_clip": true, "review": null, "comments": 0, "seen": false
    });
    assert_eq!(alert, expected);
    // Numbers of another version have no words.
    let odd = client.get(&format!("{alerts}/c")).await.body;
    for word in ["kind", "severity", "class", "end_reason", "clock"] {
        assert_eq!(odd.get(word), None, "{word}");
    }
    let crossing = client.get(&format!("{alerts}/x")).await.body;
    assert_eq!(
        (&crossing["line_id"], &crossing["direction"], &crossing["has_clip"]),
        (&json!("kerb"), &json!("in"), &json!(false))
    );
    assert_eq!(crossing.get("zone_id"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_acknowledged_dismissed_and_reopened_and_the_audit_log_tells_who_did() {
    let (api, viewer, operator, alerts) = start().await;
    api.add_alert("cam-a", "a", 0, "");
    let path = format!("{alerts}/a/review");
    let fresh = viewer.get(&path).await;
    assert_eq!(
        (fresh.status, fresh.header("etag"), &fresh.body),
        (StatusCode::OK, "\"0\"", &json!({ "state": "new", "version": 0 }))
    );
    assert_eq!(viewer.put(&path, "\"0\"", &acknowledged()).await.problem(), (403, "forbidden", ""));
    let done = operator.put(&path, "\"0\"", &acknowledged()).await;
    assert_eq!(
        (done.status, done.header("etag"), &done.body["state"]),
        (StatusCode::OK, "\"1\"", &json!("acknowledged"))
    );
    assert_eq!(done.body["user_name"], "operator");
    // Somebody else did not know.
    for tag in ["\"0\"", "\"2\"", "\"-1\"", "\"x\"", "*", "1"] {
        assert_eq!(operator.put(&path, tag, &acknowledged()).await.problem(), (412, "changed_meanwhile", ""), "{tag}");
    }
    let missing = operator.send(Method::PUT, &path, &[], &acknowledged().to_string()).await;
    assert_eq!(missing.problem(), (428, "if_match_required", ""));
    let dismissal = json!({ "state": "dismissed", "reason": "other", "note": "It was the gardener.\nAgain." });
    let done = operator.put(&path, "\"1\"", &dismissal).await;
    assert_eq!((&done.body["reason"], &done.body["note"]), (&json!("other"), &dismissal["note"]));
    let done = operator.put(&path, "\"2\"", &json!({ "state": "new" })).await;
    assert_eq!((&done.body["state"], done.body.get("reason"), &done.body["version"]), (&json!("new"), None, &json!(3)));
    assert_eq!(viewer.get(&format!("{alerts}/a")).await.body["review"], done.body);
    let log = api.query("SELECT action, object, details->>'reason', details->>'version', user_id <> '' FROM audit_log WHERE action LIKE 'alert.%' ORDER BY id");
    let rows = [
        ["alert.acknowledge", "a", "", "1", "t"],
        ["alert.dismiss", "a", "other", "2", "t"],
        ["alert.reopen", "a", "", "3", "t"],
    ];
    assert_eq!(log, rows);
    // The admin of the site reads it there.
    assert_eq!(
        api.query(
            "SELECT count(DISTINCT site_id) FROM audit_log WHERE action LIKE 'alert.%' AND site_id LIKE 'site_%'"
        )[0][0],
        "1"
    );
    // A program may too.
    let site = alerts.split('/').nth(4).expect("a site");
    let key = api.program(&api.admin().await.create_key(Some(site), &["alerts:write"]).await);
    let done = key.put(&path, "\"3\"", &acknowledged()).await;
    assert!(done.body["key_id"].is_string() && done.body.get("user_id").is_none(), "{done:?}");
    assert_eq!(key.get(&path).await.problem(), (403, "forbidden", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_reviews_at_once_one_wins() {
    let (api, _, operator, alerts) = start().await;
    api.add_alert("cam-a", "a", 0, "");
    let path = format!("{alerts}/a/review");
    for version in 0..5 {
        let tag = format!("\"{version}\"");
        let dismissal = json!({ "state": "dismissed", "reason": "allowed" });
        let acknowledgement = acknowledged();
        let (left, right) =
            tokio::join!(operator.put(&path, &tag, &acknowledgement), operator.put(&path, &tag, &dismissal));
        let mut statuses = [left.status.as_u16(), right.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    }
    assert_eq!(api.query("SELECT count(*) FROM audit_log WHERE action LIKE 'alert.%'")[0][0], "5");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_review_or_comment_is_refused_with_the_field_and_changes_nothing() {
    let (api, _, operator, alerts) = start().await;
    api.add_alert("cam-a", "a", 0, "");
    let long = "x".repeat(3000);
    for (body, field) in [
        (json!({}), ""),
        (json!({ "state": "gone" }), "state"),
        (json!({ "state": 2 }), "state"),
        (json!({ "state": "dismissed" }), "reason"),
        (json!({ "state": "dismissed", "reason": "boring" }), "reason"),
        (json!({ "state": "dismissed", "reason": "other" }), "note"),
        (json!({ "state": "dismissed", "reason": "other", "note": " \n" }), "note"),
        (json!({ "state": "acknowledged", "reason": "test" }), "reason"),
        (json!({ "state": "new", "reason": "test" }), "reason"),
        (json!({ "state": "acknowledged", "note": long }), "note"),
        (json!({ "state": "acknowledged", "note": "a\u{0}" }), "note"),
        (json!({ "state": "acknowledged", "by": "me" }), "by"),
    ] {
        let answer = operator.put(&format!("{alerts}/a/review"), "\"0\"", &body).await;
        assert_eq!(answer.problem(), (422, "invalid_field", field), "{body}");
    }
    for (body, field) in [
        (json!({}), ""),
        (json!({ "comment": "" }), "comment"),
        (json!({ "comment": " \t\n" }), "comment"),
        (json!({ "comment": long }), "comment"),
        (json!({ "comment": "a\u{0}" }), "comment"),
        (json!({ "comment": 7 }), "comment"),
        (json!({ "comment": "a", "at": "now" }), "at"),
    ] {
        let answer = operator.post(&format!("{alerts}/a/comments"), &body).await;
        assert_eq!(answer.problem(), (422, "invalid_field", field), "{body}");
    }
    for id in ["unknown", "a'b", "%00", &"a".repeat(300)] {
        let path = format!("{alerts}/{id}");
        let comment = json!({ "comment": "a" });
        for answer in [
            operator.get(&path).await,
            operator.get(&format!("{path}/review")).await,
            operator.get(&format!("{path}/comments")).await,
            operator.get(&format!("{path}/snapshot")).await,
            operator.put(&format!("{path}/review"), "\"0\"", &acknowledged()).await,
            operator.post(&format!("{path}/comments"), &comment).await,
            operator.send(Method::PUT, &format!("{path}/seen"), &[], "").await,
            operator.delete(&format!("{path}/seen")).await,
            operator.delete(&format!("{path}/comments/1")).await,
        ] {
            assert_eq!(answer.problem(), (404, "not_found", ""), "{id}");
        }
    }
    for comment in ["1", "x", "-1", "99999999999999999999"] {
        assert_eq!(operator.delete(&format!("{alerts}/a/comments/{comment}")).await.problem(), (404, "not_found", ""));
    }
    for (query, field) in [
        ("kind=walk", "kind"),
        ("kind=3", "kind"),
        ("severity=", "severity"),
        ("class=unknown", "class"),
        ("state=open", "state"),
        ("open=maybe", "open"),
        ("seen=0", "seen"),
        ("from=x", "from"),
        ("rule_id=%00", "rule_id"),
        ("rule_id=a&rule_id=b", "rule_id"),
        ("from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z", "to"),
        ("class=car&zone=x", "zone"),
        ("cursor=x", "cursor"),
    ] {
        let answer = operator.get(&format!("{alerts}?{query}")).await;
        assert_eq!(answer.problem(), (400, "invalid_parameter", field), "{query}");
    }
    let rows = "SELECT (SELECT count(*) FROM alert_reviews) + (SELECT count(*) FROM alert_comments) + (SELECT count(*) FROM alert_seen) \
         + (SELECT count(*) FROM audit_log WHERE action LIKE 'alert.%')";
    assert_eq!(api.query(rows)[0][0], "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_are_read_by_all_and_deleted_by_their_author_or_an_admin() {
    let (api, viewer, operator, alerts) = start().await;
    let site = alerts.split('/').nth(4).expect("a site").to_owned();
    let other = api.member("another", &site, 2).await;
    let manager = api.member("manager", &site, 3).await;
    api.add_alert("cam-a", "a", 0, "");
    api.add_alert("cam-a", "b", 0, "");
    let comments = format!("{alerts}/a/comments");
    let add = async |client: &ApiClient, text: &str| {
        let answer = client.post(&comments, &json!({ "comment": text })).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        format!("{comments}/{}", answer.body["id"].as_str().expect("an id"))
    };
    let first = add(&operator, " first\nwith two lines ").await;
    let second = add(&other, "second").await;
    let third = add(&operator, "third").await;
    assert_eq!(viewer.post(&comments, &json!({ "comment": "x" })).await.problem(), (403, "forbidden", ""));
    add(&operator, "fourth").await;
    let texts = |items: &[Value]| items.iter().map(|item| item["comment"].clone()).collect::<Vec<_>>();
    let read = viewer.all(&comments).await;
    assert_eq!(texts(&read), ["first\nwith two lines", "second", "third", "fourth"]);
    assert_eq!((&read[1]["user_name"], read[1]["at"].is_string()), (&json!("another"), true));
    assert_eq!(viewer.get(&format!("{alerts}/a")).await.body["comments"], 4);
    assert_eq!(operator.delete(&second).await.problem(), (403, "forbidden", ""));
    assert_eq!(viewer.delete(&second).await.problem(), (403, "forbidden", ""));
    assert_eq!(operator.delete(&first.replace("/a/", "/b/")).await.problem(), (404, "not_found", ""));
    assert_eq!(operator.delete(&first).await.status, StatusCode::NO_CONTENT);
    assert_eq!(operator.delete(&first).await.problem(), (404, "not_found", ""));
    assert_eq!(manager.delete(&third).await.status, StatusCode::NO_CONTENT);
    assert_eq!(texts(&viewer.all(&comments).await), ["second", "fourth"]);
    // The author leaves, the comment stays.
    api.execute("DELETE FROM users WHERE name = 'another'");
    let read = viewer.all(&comments).await;
    assert_eq!((read[0].get("user_name"), read[0]["user_id"].is_string()), (None, true));
    let log = api.query("SELECT action, count(*), count(*) FILTER (WHERE details::text LIKE '%second%') FROM audit_log WHERE action LIKE 'alert.%' GROUP BY action ORDER BY action");
    assert_eq!(log, [["alert.comment", "4", "0"], ["alert.delete_comment", "2", "0"]]);
    // No more than the alert can hold, also at once.
    api.execute("INSERT INTO alert_comments (alert_id, user_id, key_id, comment) SELECT 'b', '', '', 'x' FROM generate_series(1, 198)");
    let path = format!("{alerts}/b/comments");
    let body = json!({ "comment": "one more" });
    let posts = futures::future::join_all((0..4).map(|_| operator.post(&path, &body))).await;
    let mut answers: Vec<_> = posts.iter().map(|answer: &Answer| answer.status.as_u16()).collect();
    answers.sort_unstable();
    assert_eq!(answers, [201, 201, 409, 409]);
    assert_eq!(operator.post(&path, &body).await.problem(), (409, "too_many_comments", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn seen_is_of_each_person_and_goes_with_them() {
    let (api, viewer, operator, alerts) = start().await;
    api.add_alert("cam-a", "a", 0, "");
    let path = format!("{alerts}/a/seen");
    for _ in 0..2 {
        assert_eq!(viewer.send(Method::PUT, &path, &[], "").await.status, StatusCode::NO_CONTENT);
    }
    let seen = async |client: &ApiClient| client.get(&format!("{alerts}/a")).await.body["seen"].clone();
    assert_eq!((seen(&viewer).await, seen(&operator).await), (json!(true), json!(false)));
    assert_eq!(viewer.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(seen(&viewer).await, json!(false));
    assert_eq!(viewer.delete(&path).await.status, StatusCode::NO_CONTENT);
    operator.send(Method::PUT, &path, &[], "").await;
    api.execute("DELETE FROM users WHERE name = 'operator'");
    assert_eq!(api.query("SELECT count(*) FROM alert_seen")[0][0], "0");
    // Programs see nothing this way.
    let site = alerts.split('/').nth(4).expect("a site");
    let scopes = ["alerts:read", "alerts:write"];
    let key = api.program(&api.admin().await.create_key(Some(site), &scopes).await);
    assert_eq!(key.send(Method::PUT, &path, &[], "").await.problem(), (403, "forbidden", ""));
    assert_eq!(found(&key, &format!("{alerts}?seen=false")).await, ["a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_has_its_own_alerts_only_and_those_of_no_site_are_for_who_sees_all() {
    let (api, viewer, operator, alerts) = start().await;
    let admin = api.admin().await;
    let other = admin.create_site("other").await;
    api.add_camera(&other, "cam-other");
    api.add_alert("cam-a", "own", 0, "");
    api.add_alert("cam-other", "foreign", 1, "");
    api.add_alert("file.mp4", "loose", 2, "");
    assert_eq!(found(&viewer, &alerts).await, ["own"]);
    for id in ["foreign", "loose"] {
        assert_eq!(viewer.get(&format!("{alerts}/{id}")).await.problem(), (404, "not_found", ""));
        let answer = operator.put(&format!("{alerts}/{id}/review"), "\"0\"", &acknowledged()).await;
        assert_eq!(answer.problem(), (404, "not_found", ""));
    }
    assert_eq!(viewer.get("/api/v1/alerts").await.problem(), (403, "forbidden", ""));
    assert_eq!(found(&admin, "/api/v1/alerts").await, ["loose", "foreign", "own"]);
    assert_eq!(found(&admin, "/api/v1/alerts?camera_id=file.mp4&camera_id=cam-a").await, ["loose", "own"]);
    let done = admin.put("/api/v1/alerts/loose/review", "\"0\"", &acknowledged()).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
    let done = admin.put("/api/v1/alerts/foreign/review", "\"0\"", &acknowledged()).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
    let made = admin.post("/api/v1/alerts/loose/comments", &json!({ "comment": "seen" })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let comment = format!("/api/v1/alerts/loose/comments/{}", made.body["id"].as_str().expect("an id"));
    assert_eq!(admin.all("/api/v1/alerts/loose/comments").await.len(), 1);
    assert_eq!(admin.send(Method::PUT, "/api/v1/alerts/loose/seen", &[], "").await.status, StatusCode::NO_CONTENT);
    let read = admin.get("/api/v1/alerts/loose").await.body;
    assert_eq!(
        (&read["seen"], &read["review"]["state"], read.get("site_id")),
        (&json!(true), &json!("acknowledged"), None)
    );
    assert_eq!(admin.delete(&comment).await.status, StatusCode::NO_CONTENT);
    assert_eq!(admin.delete("/api/v1/alerts/loose/seen").await.status, StatusCode::NO_CONTENT);
    // What is done at a site stands in its log, whichever way it was done.
    let log =
        api.query(&format!("SELECT object FROM audit_log WHERE action = 'alert.acknowledge' AND site_id = '{other}'"));
    assert_eq!(log, [["foreign"]]);
}
