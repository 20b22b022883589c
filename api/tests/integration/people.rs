//! Users and memberships.

use hyper::{Method, StatusCode};
use serde_json::json;

use super::api::{ADMIN, Api, PASSWORD};

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_added_changed_disabled_and_deleted() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let new = json!({ "name": "Grace", "display_name": "Grace H.", "password": PASSWORD });
    let created = admin.post("/api/v1/users", &new).await;
    assert_eq!((created.status, created.header("etag")), (StatusCode::CREATED, "\"1\""));
    assert!(!created.body.to_string().contains("argon2"), "{created:?}");
    let path = created.header("location");
    assert_eq!(admin.get(path).await.body, created.body);
    let again = json!({ "name": "GRACE", "display_name": "another" });
    assert_eq!(admin.post("/api/v1/users", &again).await.problem(), (409, "name_taken", "name"));
    let mut grace = api.client();
    assert_eq!(grace.log_in("grace", PASSWORD).await.status, StatusCode::OK);
    let settings = json!({ "display_name": "Grace", "system_admin": false, "disabled": true });
    let changed = admin.put(path, "\"1\"", &settings).await;
    assert_eq!((changed.status, changed.header("etag")), (StatusCode::OK, "\"2\""));
    assert_eq!(changed.body["disabled"], true);
    assert_eq!(grace.get("/api/v1/session").await.problem(), (401, "not_logged_in", ""));
    assert_eq!(admin.put(path, "\"1\"", &settings).await.problem(), (412, "changed_meanwhile", ""));
    let ids: Vec<_> = admin.all("/api/v1/users").await.into_iter().map(|user| user["name"].clone()).collect();
    assert!(ids.len() == 2 && ids.contains(&json!("Grace")), "{ids:?}");
    assert_eq!(admin.delete(path).await.status, StatusCode::NO_CONTENT);
    for answer in [admin.delete(path).await, admin.get(path).await, admin.put(path, "\"2\"", &settings).await] {
        assert_eq!(answer.problem(), (404, "not_found", ""));
    }
    let log = api.query("SELECT action FROM audit_log WHERE object LIKE 'user_%' AND request_id <> '' ORDER BY id");
    assert_eq!(log, [["user.create"], ["user.change"], ["user.delete"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_of_a_user_are_refused_with_the_field() {
    let api = Api::start().await;
    let admin = api.admin().await;
    for (body, field) in [
        (json!({ "name": "", "display_name": "x" }), "name"),
        (json!({ "name": " a", "display_name": "x" }), "name"),
        (json!({ "name": "a\u{0}", "display_name": "x" }), "name"),
        (json!({ "name": "a", "display_name": "" }), "display_name"),
        (json!({ "name": "a", "display_name": "x\n" }), "display_name"),
        (json!({ "name": "a", "display_name": "x", "password": "short" }), "password"),
        (json!({ "name": "a", "display_name": "x", "password": "x".repeat(257) }), "password"),
    ] {
        assert_eq!(admin.post("/api/v1/users", &body).await.problem(), (422, "invalid_field", field), "{body}");
    }
    for id in ["%00", "a%20b", "%FF", "..%2F"] {
        let answer = admin.get(&format!("/api/v1/users/{id}")).await;
        assert_eq!(answer.problem(), (404, "not_found", ""), "{id}");
        let answer = admin.get(&format!("/api/v1/sites/{id}")).await;
        assert_eq!(answer.problem(), (404, "not_found", ""), "{id}");
    }
    assert_eq!(api.query("SELECT count(*) FROM users")[0][0], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_system_admin_stays_also_when_two_leave_at_once() {
    let api = Api::start().await;
    let (admin, mut other) = (api.admin().await, api.client());
    let ada =
        format!("/api/v1/users/{}", admin.get("/api/v1/session").await.body["user"]["id"].as_str().expect("an id"));
    let settings = json!({ "display_name": "x", "system_admin": false, "disabled": false });
    assert_eq!(admin.put(&ada, "\"1\"", &settings).await.problem(), (409, "last_system_admin", ""));
    let disabled = json!({ "display_name": "x", "system_admin": true, "disabled": true });
    assert_eq!(admin.put(&ada, "\"1\"", &disabled).await.problem(), (409, "last_system_admin", ""));
    assert_eq!(admin.delete(&ada).await.problem(), (409, "last_system_admin", ""));
    let new = json!({ "name": "Grace", "display_name": "x", "password": PASSWORD, "system_admin": true });
    let grace = admin.post("/api/v1/users", &new).await.header("location").to_owned();
    assert_eq!(other.log_in("Grace", PASSWORD).await.status, StatusCode::OK);
    for _ in 0..10 {
        api.execute("UPDATE users SET system_admin = true, version = 1");
        let (first, second) = tokio::join!(admin.put(&ada, "\"1\"", &settings), other.put(&grace, "\"1\"", &settings));
        let mut statuses = [first.status.as_u16(), second.status.as_u16()];
        statuses.sort_unstable();
        // Who is demoted first may not change the other any more.
        assert!(statuses == [200, 409] || statuses == [200, 403], "{statuses:?}");
        assert_eq!(api.query("SELECT count(*) FROM users WHERE system_admin")[0][0], "1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_by_its_owner_or_set_by_an_admin_and_sessions_end() {
    let api = Api::start().await;
    let (mut here, elsewhere) = (api.admin().await, api.admin().await);
    let path = "/api/v1/session/password";
    let change = |current: &str, new: &str| json!({ "current": current, "new": new });
    let put = async |body| here.send(Method::PUT, path, &[], &serde_json::Value::to_string(&body)).await;
    let wrong = put(change("wrong horse battery", "another good one")).await;
    assert_eq!(wrong.problem(), (422, "invalid_field", "current"));
    assert_eq!(put(change(PASSWORD, "short")).await.problem(), (422, "invalid_field", "new"));
    assert_eq!(put(change(PASSWORD, "another good one")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(here.get("/api/v1/session").await.status, StatusCode::OK);
    assert_eq!(elsewhere.get("/api/v1/session").await.problem(), (401, "not_logged_in", ""));
    assert_eq!(here.log_in(ADMIN, PASSWORD).await.problem(), (401, "log_in_failed", ""));
    assert_eq!(here.log_in(ADMIN, "another good one").await.status, StatusCode::OK);
    let me = here.get("/api/v1/session").await.body["user"]["id"].as_str().expect("an id").to_owned();
    let body = json!({ "password": PASSWORD }).to_string();
    let set = here.send(Method::PUT, &format!("/api/v1/users/{me}/password"), &[], &body).await;
    assert_eq!(set.status, StatusCode::NO_CONTENT);
    assert_eq!(here.get("/api/v1/session").await.problem(), (401, "not_logged_in", ""));
    assert_eq!(here.log_in(ADMIN, PASSWORD).await.status, StatusCode::OK);
    // A wrong current password counts as a failed log-in: a stolen session is no way to guess it.
    let body = change("wrong horse battery", "another good one").to_string();
    for _ in 0..3 {
        assert_eq!(here.send(Method::PUT, path, &[], &body).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    // Of the name since it logged in, and of the address since the beginning.
    assert_eq!(api.query("SELECT failures FROM log_in_failures ORDER BY failures"), [["3"], ["5"]]);
    api.execute("UPDATE log_in_failures SET blocked_until = now() + interval '1 hour'");
    let body = change(PASSWORD, "another good one").to_string();
    assert_eq!(here.send(Method::PUT, path, &[], &body).await.problem(), (429, "log_in_blocked", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_added_by_name_gets_another_role_and_is_removed() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let (own, other) = (admin.create_site("own").await, admin.create_site("other").await);
    let manager = api.member("manager", &own, 3).await;
    let new = json!({ "name": "Grace", "display_name": "Grace H.", "password": PASSWORD });
    let id = admin.post("/api/v1/users", &new).await.body["id"].as_str().expect("an id").to_owned();
    let members = format!("/api/v1/sites/{own}/members");
    let added = manager.post(&members, &json!({ "name": "grace", "role": "viewer" })).await;
    let expected = json!({ "user_id": id, "name": "Grace", "display_name": "Grace H.", "role": "viewer" });
    assert_eq!((added.status, &added.body), (StatusCode::CREATED, &expected));
    let again = manager.post(&members, &json!({ "name": "grace", "role": "admin" })).await;
    assert_eq!(again.problem(), (409, "member_already", "name"));
    for name in ["Nobody", "", "a\u{0}"] {
        let unknown = manager.post(&members, &json!({ "name": name, "role": "viewer" })).await;
        assert_eq!(unknown.problem(), (422, "invalid_field", "name"));
    }
    let odd = manager.post(&members, &json!({ "name": "grace", "role": "owner" })).await;
    assert_eq!(odd.problem(), (422, "invalid_field", "role"));
    assert!(manager.all(&members).await.contains(&expected));
    let mut grace = api.client();
    grace.log_in("grace", PASSWORD).await;
    let site = format!("/api/v1/sites/{own}");
    let change = json!({ "name": "own", "time_zone": "UTC" });
    assert_eq!(grace.put(&site, "\"1\"", &change).await.problem(), (403, "forbidden", ""));
    let member = format!("{members}/{id}");
    let role = json!({ "role": "admin" }).to_string();
    assert_eq!(manager.send(Method::PUT, &member, &[], &role).await.status, StatusCode::NO_CONTENT);
    // At once, in the session that exists.
    assert_eq!(grace.put(&site, "\"1\"", &change).await.status, StatusCode::OK);
    assert_eq!(grace.get(&format!("/api/v1/sites/{other}")).await.problem(), (404, "not_found", ""));
    assert_eq!(manager.delete(&member).await.status, StatusCode::NO_CONTENT);
    assert_eq!(grace.get(&site).await.problem(), (404, "not_found", ""));
    assert_eq!(manager.delete(&member).await.problem(), (404, "not_found", ""));
    assert_eq!(manager.send(Method::PUT, &member, &[], &role).await.problem(), (404, "not_found", ""));
    let log = api.query("SELECT action, site_id FROM audit_log WHERE action LIKE 'member.%' ORDER BY id");
    let at = |action: &str| vec![action.to_owned(), own.clone()];
    assert_eq!(log, [at("member.add"), at("member.change"), at("member.remove")]);
}
