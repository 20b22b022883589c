//! Signing in with a real OpenID Connect provider: the npm package oidc-provider under Node, with its own pages.

mod browser;
mod provider;

use std::time::Duration;

use hyper::{Method, StatusCode};
use serde_json::json;
use vru_api::ApiConfig;
use vru_runtime::secret::Secret;
use vru_runtime::test_util::free_port;

use super::api::{ADMIN, Api, ApiClient, PASSWORD};
use browser::{Browser, Shown};
use provider::Provider;

const DEADLINE: Duration = Duration::from_mins(1);

/// A provider, and an API that knows it.
async fn start(change: impl FnOnce(&mut ApiConfig, &Provider)) -> (Api, Provider) {
    let port = free_port();
    let provider = tokio::task::block_in_place(|| Provider::start(port));
    let api = Api::start_with(|config| {
        config.http.listen.set_port(port);
        config.cameras.secrets_key = Secret::new("5".repeat(64));
        config.sign_in.providers = vec![provider.config()];
        config.sign_in.allowed_networks = vec!["127.0.0.0/8".parse().expect("a network")];
        change(config, &provider);
    })
    .await;
    (api, provider)
}

/// A new user without a password; their id.
async fn add_user(admin: &ApiClient, name: &str) -> String {
    let answer = admin.post("/api/v1/users", &json!({ "name": name, "display_name": name })).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    answer.body["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_linked_or_invited_signs_in_and_nobody_else() {
    let (api, _provider) = start(|_, _| {}).await;
    let admin = api.admin().await;
    let listed = api.client().get("/api/v1/sign-in").await;
    let wanted = json!([{ "id": "company", "name": "The Company", "path": "/api/v1/sign-in/company" }]);
    assert_eq!(listed.body["items"], wanted);
    // The provider says the e-mail address and the name of the admin, unverified: neither opens anything.
    let ada = add_user(&admin, "ada@example.org").await;
    let mut stranger = Browser::new();
    let refused = stranger.sign_in(&api, "", "stranger").await;
    assert_eq!(refused.problem(), (403, "not_invited".to_owned()));
    assert_eq!(refused.cookie("__Host-vru_session"), None);
    assert_eq!(stranger.session(&api).await.0, StatusCode::UNAUTHORIZED);

    let identities = format!("/api/v1/users/{ada}/identities");
    let linked = admin.post(&identities, &json!({ "provider": "company", "subject": "ada" })).await;
    assert_eq!(linked.status, StatusCode::CREATED, "{linked:?}");
    let mut browser = Browser::new();
    let shown = browser.sign_in(&api, "", "ada").await;
    assert_eq!(shown.location(), "/");
    let cookie = shown.cookie("__Host-vru_session").expect("a session");
    assert!(cookie.ends_with("Path=/; Secure; HttpOnly; SameSite=Strict"), "{cookie}");
    assert!(!browser.cookies.contains_key("__Host-vru_sign_in"));
    let (status, session) = browser.session(&api).await;
    assert_eq!((status, &session["user"]["id"]), (StatusCode::OK, &json!(ada)));
    let listed = admin.get(&identities).await.body["items"][0].clone();
    assert_eq!((&listed["subject"], &listed["provider"]), (&json!("ada"), &json!("company")));
    assert!(listed["used_at"].is_string(), "{listed}");
    // The session is as any other one.
    let out = browser.show(Method::DELETE, &format!("http://{}/api/v1/session", api.address), "").await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert_eq!(browser.session(&api).await.0, StatusCode::UNAUTHORIZED);

    // An invitation links an account that nobody here knew, once.
    let bob = add_user(&admin, "bob").await;
    let invite = async || {
        let answer = admin.post(&format!("/api/v1/users/{bob}/invitation"), &json!({ "provider": "company" })).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        let link = answer.body["link"].as_str().expect("a link").to_owned();
        link.strip_prefix(&format!("http://{}/api/v1/sign-in/company", api.address)).expect("ours").to_owned()
    };
    let link = invite().await;
    let mut guest = Browser::new();
    assert_eq!(guest.sign_in(&api, &link, "bob-at-company").await.location(), "/");
    assert_eq!(guest.session(&api).await.1["user"]["id"], json!(bob));
    let again = Browser::new().sign_in(&api, &link, "mallory").await;
    assert_eq!(again.problem(), (403, "invitation_invalid".to_owned()));
    assert_eq!(Browser::new().sign_in(&api, "", "bob-at-company").await.location(), "/");
    // An account that is somebody's does not become another's.
    let taken = Browser::new().sign_in(&api, &invite().await, "ada").await;
    assert_eq!(taken.problem(), (409, "identity_taken".to_owned()));
    let late = invite().await;
    api.execute("UPDATE invitations SET expires_at = now()");
    assert_eq!(Browser::new().sign_in(&api, &late, "carol").await.problem(), (403, "invitation_invalid".to_owned()));
    let log =
        api.query("SELECT action, object, details->>'by' FROM audit_log WHERE action = 'identity.link' ORDER BY id");
    assert_eq!(log, [["identity.link", &ada, "admin"], ["identity.link", &bob, "invitation"]]);

    // Who is disabled, or was unlinked, is out.
    api.execute(&format!("UPDATE users SET disabled_at = now() WHERE id = '{bob}'"));
    let disabled = Browser::new().sign_in(&api, "", "bob-at-company").await;
    assert_eq!(disabled.problem(), (403, "user_disabled".to_owned()));
    let path = format!("{identities}/{}", linked.body["id"].as_str().expect("an id"));
    assert_eq!(admin.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(admin.delete(&path).await.problem(), (404, "not_found", ""));
    assert_eq!(Browser::new().sign_in(&api, "", "ada").await.problem(), (403, "not_invited".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_of_a_provider_becomes_a_user_without_rights_if_the_configuration_says_so() {
    let (api, _provider) = start(|config, _| config.sign_in.providers[0].create_users = true).await;
    let mut browser = Browser::new();
    assert_eq!(browser.sign_in(&api, "", "dora").await.location(), "/");
    let (_, session) = browser.session(&api).await;
    assert_eq!(session["user"]["display_name"], "Person dora");
    assert_eq!((&session["user"]["system_admin"], &session["sites"]), (&json!(false), &json!([])));
    let mut other = Browser::new();
    assert_eq!(other.sign_in(&api, "", "dora").await.location(), "/");
    assert_eq!(other.session(&api).await.1["user"]["id"], session["user"]["id"]);
    assert_eq!(api.query("SELECT count(*) FROM users")[0][0], "2");
    let log = api.query(
        "SELECT action, user_id = object FROM audit_log WHERE details ? 'provider' OR details->>'by' <> '' ORDER BY id",
    );
    assert_eq!(log, [["user.create", "t"], ["identity.link", "t"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_for_this_browser_and_this_moment_signs_nobody_in() {
    let (api, mut provider) = start(|config, _| config.sign_in.providers[0].create_users = true).await;
    let expired = (401, "sign_in_expired".to_owned());
    // Somebody else's browser, with an answer that was meant for an attacker.
    let mut attacker = Browser::new();
    let back = attacker.log_in_at_provider(&api, "", "attacker").await;
    let mut victim = Browser::new();
    assert_eq!(victim.get(&back).await.problem(), expired);
    victim.log_in_at_provider(&api, "", "victim").await;
    assert_eq!(victim.get(&back).await.problem(), expired);
    // Another state, none, and a cookie that was changed.
    for change in ["state=", "state=x"] {
        let mut browser = Browser::new();
        let back = browser.log_in_at_provider(&api, "", "ada").await;
        let (before, rest) = back.split_once("state=").expect("a state");
        let after = rest.split_once('&').map_or("", |(_, after)| after);
        assert_eq!(browser.get(&format!("{before}{change}&{after}")).await.problem(), expired);
    }
    let mut browser = Browser::new();
    let back = browser.log_in_at_provider(&api, "", "ada").await;
    let cookie = browser.cookies.get_mut("__Host-vru_sign_in").expect("a cookie");
    let last = if cookie.ends_with('0') { '1' } else { '0' };
    cookie.pop();
    cookie.push(last);
    assert_eq!(browser.get(&back).await.problem(), expired);
    // A code is good once, also for whoever has kept the cookie.
    let mut browser = Browser::new();
    let back = browser.log_in_at_provider(&api, "", "ada").await;
    let kept = browser.cookies.clone();
    assert_eq!(browser.get(&back).await.location(), "/");
    let mut again = Browser::new();
    assert_eq!(again.get(&back).await.problem(), expired);
    again.cookies = kept;
    assert_eq!(again.get(&back).await.problem(), (401, "sign_in_failed".to_owned()));
    // The answer of another issuer, one without a code, and a refusal.
    for (tail, wanted) in [
        ("&code=x&iss=https%3A%2F%2Fother.example.org", (401, "sign_in_failed")),
        ("", (401, "sign_in_failed")),
        ("&error=access_denied", (403, "sign_in_refused")),
        ("&code=x&code=y", (400, "invalid_parameter")),
    ] {
        let mut browser = Browser::new();
        let back = browser.log_in_at_provider(&api, "", "ada").await;
        let state = back.split("state=").nth(1).and_then(|rest| rest.split('&').next()).expect("a state");
        let address = format!("http://{}/api/v1/sign-in/company/callback?state={state}{tail}", api.address);
        assert_eq!(browser.get(&address).await.problem(), (wanted.0, wanted.1.to_owned()), "{tail}");
    }
    for how in ["nonce", "no-nonce", "issuer", "audience", "expired", "signature", "none"] {
        tokio::task::block_in_place(|| provider.falsify(how));
        let mut browser = Browser::new();
        let refused = browser.sign_in(&api, "", "ada").await;
        assert_eq!(refused.problem(), (401, "sign_in_failed".to_owned()), "{how}");
        assert_eq!(browser.session(&api).await.0, StatusCode::UNAUTHORIZED, "{how}");
    }
    tokio::task::block_in_place(|| provider.falsify(""));
    assert_eq!(Browser::new().sign_in(&api, "", "ada").await.location(), "/");
    assert_eq!(api.client().get("/api/v1/sign-in/unknown").await.problem(), (404, "not_found", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_cannot_be_used_is_a_problem_and_passwords_work() {
    let unavailable = |shown: &Shown| assert_eq!(shown.problem(), (503, "provider_unavailable".to_owned()));
    let (api, provider) = start(|config, _| {
        config.sign_in.timeout = Duration::from_secs(2);
        config.sign_in.concurrent = 2;
    })
    .await;
    let begin = format!("http://{}/api/v1/sign-in/company", api.address);
    let mut browser = Browser::new();
    let back = browser.log_in_at_provider(&api, "", "ada").await;
    provider.signal("STOP");
    // More people than places, all with the code for which the provider must be asked.
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let mut browser = Browser { client: browser.client.clone(), cookies: browser.cookies.clone() };
        let back = back.clone();
        waiting.spawn(async move { browser.get(&back).await });
    }
    let mut client = api.client();
    assert_eq!(client.log_in(ADMIN, PASSWORD).await.status, StatusCode::OK);
    for shown in waiting.join_all().await {
        unavailable(&shown);
        assert!(shown.headers.contains_key("retry-after"));
    }
    provider.signal("CONT");
    // One that says another issuer, one that may not be reached, and one that is not there.
    let other = |change: &dyn Fn(&mut ApiConfig)| {
        let mut changed = api.config.clone();
        change(&mut changed);
        changed.sign_in
    };
    let port = provider.port;
    for section in [
        other(&|config| config.sign_in.providers[0].issuer = format!("http://localhost:{port}")),
        other(&|config| config.sign_in.allowed_networks.clear()),
        other(&|config| config.sign_in.providers[0].issuer = format!("http://127.0.0.1:{}", free_port())),
    ] {
        let replica = api.replica_with(|config| config.sign_in = section).await;
        unavailable(&Browser::new().get(&format!("http://{}/api/v1/sign-in/company", replica.address)).await);
        assert_eq!(replica.client().log_in(ADMIN, PASSWORD).await.status, StatusCode::OK);
    }
    assert_eq!(browser.get(&begin).await.status, StatusCode::SEE_OTHER);
    drop(provider);
    // What is known of it is kept for a while; the browser will see that it is gone.
    assert_eq!(browser.get(&begin).await.status, StatusCode::SEE_OTHER);
}
