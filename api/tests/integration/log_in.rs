use std::time::Duration;

use hyper::{Method, StatusCode};
use serde_json::json;

use super::api::{ADMIN, Api, PASSWORD};

#[tokio::test(flavor = "multi_thread")]
async fn a_session_begins_with_the_password_and_ends_with_the_log_out() {
    let api = Api::start().await;
    let mut client = api.client();
    let answer = client.log_in("ADA", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::OK);
    let cookie = answer.header("set-cookie");
    for part in ["__Host-vru_session=", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict", "; Max-Age=604800"] {
        assert!(cookie.contains(part), "{part} is not in {cookie}");
    }
    assert!(!cookie.contains("Domain"));
    let session = client.get("/api/v1/session").await;
    assert_eq!(session.body["user"]["name"], ADMIN);
    assert_eq!(session.body["user"]["system_admin"], true);
    assert_eq!(session.body, answer.body);
    // The hash is shorter than the token.
    assert!(client.cookie.as_ref().is_some_and(|cookie| cookie.len() > "__Host-vru_session=".len() + 42));
    assert_eq!(api.query("SELECT octet_length(token_hash), address FROM sessions"), [["32", "127.0.0.1"]]);
    let ended = client.delete("/api/v1/session").await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    assert!(ended.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(client.get("/api/v1/session").await.problem(), (401, "not_logged_in", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_names_and_wrong_passwords_are_not_told_apart() {
    let api = Api::start().await;
    let mut client = api.client();
    let name = client.log_in("Nobody", PASSWORD).await;
    let password = client.log_in(ADMIN, "wrong horse battery").await;
    let odd = client.log_in("Ada\0", PASSWORD).await;
    for answer in [&name, &password, &odd] {
        assert_eq!(answer.problem(), (401, "log_in_failed", ""));
        assert_eq!(answer.body, name.body);
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    api.execute("UPDATE users SET disabled_at = now()");
    assert_eq!(client.log_in(ADMIN, PASSWORD).await.problem(), (401, "log_in_failed", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_block_the_name_with_a_growing_back_off_and_no_other_name() {
    let api = Api::start().await;
    let other = api.admin().await;
    let mut client = api.client();
    let mut waits = Vec::new();
    for _ in 0..3 {
        // As if what was blocked had been waited for.
        api.execute("UPDATE log_in_failures SET blocked_until = now() WHERE failures >= 5");
        let mut failures = 0;
        let blocked = loop {
            let answer = client.log_in("guessed", "wrong horse battery").await;
            if answer.status == StatusCode::TOO_MANY_REQUESTS {
                break answer;
            }
            assert_eq!(answer.problem(), (401, "log_in_failed", ""));
            failures += 1;
            assert!(failures <= 10, "nothing blocks");
        };
        assert_eq!(blocked.problem(), (429, "log_in_blocked", ""));
        waits.push(blocked.header("retry-after").parse::<u64>().expect("seconds"));
        // In upper case it is the same name.
        assert_eq!(client.log_in("GUESSED", PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
        api.execute("UPDATE log_in_failures SET failures = failures + 3");
    }
    assert!(waits[0] < waits[1] && waits[1] < waits[2], "{waits:?}");
    assert_eq!(other.get("/api/v1/session").await.status, StatusCode::OK);
    assert_eq!(api.client().log_in(ADMIN, PASSWORD).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_at_the_same_time_are_counted_one_by_one() {
    let api = Api::start().await;
    let client = api.client();
    let attempts = (0..20).map(|_| {
        let mut client = client.clone();
        async move { client.log_in("guessed", "wrong horse battery").await.status }
    });
    let statuses = futures::future::join_all(attempts).await;
    let looked_at = statuses.iter().filter(|status| **status == StatusCode::UNAUTHORIZED).count();
    // The fifth blocks for a second, the sixth for two, and so on: a minute has room for eleven.
    assert!((5..=11).contains(&looked_at), "{statuses:?}");
    assert!(statuses.contains(&StatusCode::TOO_MANY_REQUESTS));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_cannot_try_many_names() {
    let api = Api::start_with(|config| config.log_in.free_per_address = 3).await;
    let mut client = api.client();
    for number in 0..3 {
        let answer = client.log_in(&format!("name {number}"), "wrong horse battery").await;
        assert_eq!(answer.problem(), (401, "log_in_failed", ""));
    }
    // Longer than the test may take.
    api.execute("UPDATE log_in_failures SET blocked_until = now() + interval '1 hour' WHERE failures >= 3");
    assert_eq!(client.log_in(ADMIN, PASSWORD).await.problem(), (429, "log_in_blocked", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_by_idleness_by_age_and_with_the_person() {
    let api = Api::start_with(|config| config.sessions.idle = Duration::from_mins(10)).await;
    for end in [
        "UPDATE sessions SET used_at = now() - interval '11 minutes'",
        "UPDATE sessions SET expires_at = now()",
        "UPDATE users SET disabled_at = now()",
    ] {
        let client = api.admin().await;
        assert_eq!(client.get("/api/v1/session").await.status, StatusCode::OK);
        api.execute(end);
        assert_eq!(client.get("/api/v1/session").await.problem(), (401, "not_logged_in", ""), "{end}");
        api.execute("UPDATE users SET disabled_at = NULL");
    }
    // Use prolongs a session.
    let client = api.admin().await;
    api.execute("UPDATE sessions SET used_at = now() - interval '9 minutes'");
    assert_eq!(client.get("/api/v1/session").await.status, StatusCode::OK);
    let recent = api.query("SELECT count(*) FROM sessions WHERE used_at > now() - interval '1 minute'");
    assert_eq!(recent[0][0], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_can_neither_log_in_nor_change_anything() {
    let api = Api::start().await;
    let client = api.admin().await;
    let body = json!({ "name": ADMIN, "password": PASSWORD }).to_string();
    for header in [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        let answer = client.send(Method::POST, "/api/v1/session", &[header], &body).await;
        assert_eq!(answer.problem(), (403, "foreign_origin", ""));
        let answer = client.send(Method::DELETE, "/api/v1/session", &[header], "").await;
        assert_eq!(answer.problem(), (403, "foreign_origin", ""));
    }
    let ours = format!("http://127.0.0.1:{}", api.address.port());
    let answer = client.send(Method::POST, "/api/v1/session", &[("origin", &ours)], &body).await;
    assert_eq!(answer.status, StatusCode::OK);
    // A form cannot send JSON, and what it can send is refused.
    let form = [("content-type", "text/plain")];
    let answer = client.send(Method::POST, "/api/v1/session", &form, &body).await;
    assert_eq!(answer.problem(), (415, "not_json", ""));
}
