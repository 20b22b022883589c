use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::api::Api;

pub fn site(name: &str) -> Value {
    json!({
        "name": name, "time_zone": "Europe/Berlin", "units": "metric",
        "location": { "latitude": 52.5, "longitude": 13.4 },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_is_created_read_and_changed_and_each_change_is_in_the_audit_log() {
    let api = Api::start().await;
    let client = api.admin().await;
    let created = client.post("/api/v1/sites", &site("North")).await;
    assert_eq!((created.status, created.header("etag")), (StatusCode::CREATED, "\"1\""));
    let path = created.header("location");
    let read = client.get(path).await;
    assert_eq!((read.status, &read.body), (StatusCode::OK, &created.body));
    let headers = [("if-none-match", "\"1\"")];
    assert_eq!(client.send(Method::GET, path, &headers, "").await.status, StatusCode::NOT_MODIFIED);
    let mut changed = site("North crossing");
    changed["location"] = Value::Null;
    let answer = client.put(path, "\"1\"", &changed).await;
    assert_eq!((answer.status, answer.header("etag")), (StatusCode::OK, "\"2\""));
    assert_eq!(answer.body["name"], "North crossing");
    assert_eq!(answer.body["location"], Value::Null);
    assert_eq!(client.get(path).await.body, answer.body);
    let log = api.query(
        "SELECT action, site_id = object, details ->> 'name', u.name, request_id <> '' FROM audit_log a \
         JOIN users u ON u.id = a.user_id ORDER BY a.id",
    );
    assert_eq!(log, [["site.create", "t", "North", "Ada", "t"], ["site.change", "t", "North crossing", "Ada", "t"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_version_that_is_not_the_newest_changes_nothing() {
    let api = Api::start().await;
    let client = api.admin().await;
    let path = format!("/api/v1/sites/{}", client.create_site("North").await);
    assert_eq!(client.put(&path, "\"1\"", &site("second")).await.status, StatusCode::OK);
    for tag in ["\"1\"", "\"3\"", "2", "\"x\"", "*", "W/\"2\""] {
        assert_eq!(client.put(&path, tag, &site("third")).await.problem(), (412, "changed_meanwhile", ""), "{tag}");
    }
    let without = client.send(Method::PUT, &path, &[], &site("third").to_string()).await;
    assert_eq!(without.problem(), (428, "if_match_required", ""));
    assert_eq!(client.get(&path).await.body["name"], "second");
    // Of two at once, one wins.
    let body = site("at once");
    let (first, second) = tokio::join!(client.put(&path, "\"2\"", &body), client.put(&path, "\"2\"", &body));
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_may_do_what_it_may_and_only_at_its_site() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let (own, other) = (admin.create_site("own").await, admin.create_site("other").await);
    let (own_path, other_path) = (format!("/api/v1/sites/{own}"), format!("/api/v1/sites/{other}"));
    for (name, role, may_change) in [("viewer", 1, false), ("operator", 2, false), ("manager", 3, true)] {
        let client = api.member(name, &own, role).await;
        let session = client.get("/api/v1/session").await;
        assert_eq!(session.body["sites"][0]["site_id"], own);
        let list = client.get("/api/v1/sites").await;
        assert_eq!(list.body["items"].as_array().map(Vec::len), Some(1));
        let read = client.get(&own_path).await;
        assert_eq!(read.status, StatusCode::OK);
        let changed = client.put(&own_path, read.header("etag"), &site(name)).await;
        if may_change {
            assert_eq!(changed.status, StatusCode::OK);
        } else {
            assert_eq!(changed.problem(), (403, "forbidden", ""));
        }
        assert_eq!(client.post("/api/v1/sites", &site("new")).await.problem(), (403, "forbidden", ""));
        // Another site does not exist for them.
        assert_eq!(client.get(&other_path).await.problem(), (404, "not_found", ""));
        assert_eq!(client.put(&other_path, "\"1\"", &site("x")).await.problem(), (404, "not_found", ""));
    }
    assert_eq!(admin.get("/api/v1/sites/site_0").await.problem(), (404, "not_found", ""));
    assert_eq!(admin.get(&other_path).await.body["name"], "other");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_give_each_site_once() {
    let api = Api::start().await;
    let client = api.admin().await;
    let mut names = Vec::new();
    for number in 0..7 {
        names.push(format!("site {number}"));
        client.create_site(&names[number]).await;
    }
    let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = client.get(&format!("/api/v1/sites?limit=3{cursor}")).await;
        let items = page.body["items"].as_array().expect("items");
        seen.extend(items.iter().map(|site| site["name"].as_str().expect("a name").to_owned()));
        pages += 1;
        match page.body.get("next_cursor").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    seen.sort();
    assert_eq!((pages, seen), (3, names));
    for (query, field) in
        [("limit=0", "limit"), ("limit=201", "limit"), ("cursor=%00", "cursor"), ("cursor=AA", "cursor")]
    {
        let answer = client.get(&format!("/api/v1/sites?{query}")).await;
        assert_eq!(answer.problem(), (400, "invalid_parameter", field), "{query}");
    }
    for query in ["limit=x", "colour=red"] {
        let answer = client.get(&format!("/api/v1/sites?{query}")).await;
        assert_eq!(answer.problem().1, "invalid_parameter", "{query}");
    }
}
