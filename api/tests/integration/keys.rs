use hyper::{Method, StatusCode};
use serde_json::json;

use super::api::Api;

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_its_site_until_it_is_revoked_or_expires() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let (own, other) = (admin.create_site("own").await, admin.create_site("other").await);
    let manager = api.member("manager", &own, 3).await;
    let token = manager.create_key(Some(&own), &["sites:read", "sites:write"]).await;
    assert!(token.starts_with("vru_") && token.len() > 40, "{token}");
    let program = api.program(&token);
    assert_eq!(program.get(&format!("/api/v1/sites/{own}")).await.status, StatusCode::OK);
    assert_eq!(program.get(&format!("/api/v1/sites/{other}")).await.problem(), (404, "not_found", ""));
    let listed = program.get("/api/v1/sites").await;
    assert_eq!(listed.body["items"].as_array().map(Vec::len), Some(1));
    let body = json!({ "name": "by a program", "time_zone": "UTC" });
    assert_eq!(program.put(&format!("/api/v1/sites/{own}"), "\"1\"", &body).await.status, StatusCode::OK);
    let keys = format!("/api/v1/sites/{own}/keys");
    let key = manager.get(&keys).await.body["items"][0].clone();
    assert!(key["used_at"].is_string() && key.get("token").is_none(), "{key}");
    let log = api.query("SELECT user_id, key_id FROM audit_log WHERE action = 'site.change'");
    assert_eq!(log, [["", key["id"].as_str().expect("an id")]]);
    // The hash is shorter than the key.
    assert_eq!(api.query("SELECT octet_length(token_hash) FROM api_keys"), [["32"]]);
    api.execute("UPDATE api_keys SET expires_at = now()");
    assert_eq!(program.get("/api/v1/sites").await.problem(), (401, "key_invalid", ""));
    api.execute("UPDATE api_keys SET expires_at = now() + interval '1 hour'");
    assert_eq!(program.get("/api/v1/sites").await.status, StatusCode::OK);
    let path = format!("{keys}/{}", key["id"].as_str().expect("an id"));
    // A key of a site is not one for all sites.
    let global = format!("/api/v1/keys/{}", key["id"].as_str().expect("an id"));
    assert_eq!(admin.delete(&global).await.problem(), (404, "not_found", ""));
    assert_eq!(manager.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(program.get("/api/v1/sites").await.problem(), (401, "key_invalid", ""));
    assert_eq!(manager.delete(&path).await.problem(), (404, "not_found", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_is_no_key_is_refused_although_the_cookie_is_good() {
    let api = Api::start().await;
    let admin = api.admin().await;
    for value in ["Bearer", "Bearer ", "Basic YTpi", "Bearer vru_x", "vru_x"] {
        let answer = admin.send(Method::GET, "/api/v1/session", &[("authorization", value)], "").await;
        assert_eq!(answer.problem(), (401, "key_invalid", ""), "{value}");
    }
    let token = admin.create_key(None, &["sites:read"]).await;
    let twice = [("authorization", &*format!("Bearer {token}")), ("authorization", "Bearer x")];
    let answer = admin.send(Method::GET, "/api/v1/sites", &twice, "").await;
    assert_eq!(answer.problem(), (401, "key_invalid", ""));
    // The key is meant, not the person who sends it along.
    let mut both = api.program(&token);
    both.cookie.clone_from(&admin.cookie);
    assert_eq!(both.get("/api/v1/users").await.problem(), (403, "forbidden", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_of_a_key_are_refused_with_the_field() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let later = |hours: i64| (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours)).to_string();
    for (name, scopes, expires_at, field) in [
        ("", json!(["sites:read"]), later(1), "name"),
        ("a", json!([]), later(1), "scopes"),
        ("a", json!(["sites"]), later(1), "scopes[0]"),
        ("a", json!(["sites:read"]), later(-1), "expires_at"),
        ("a", json!(["sites:read"]), later(24 * 800), "expires_at"),
        ("a", json!(["sites:read"]), "9999-12-31T00:00:00Z".to_owned(), "expires_at"),
        ("a", json!(["sites:read"]), "tomorrow".to_owned(), "expires_at"),
    ] {
        let body = json!({ "name": name, "scopes": scopes, "expires_at": expires_at });
        assert_eq!(admin.post("/api/v1/keys", &body).await.problem(), (422, "invalid_field", field), "{body}");
    }
    assert_eq!(api.query("SELECT count(*) FROM api_keys")[0][0], "0");
}
