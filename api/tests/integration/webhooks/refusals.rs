//! Settings that are refused, and what a test call says.

use std::time::Duration;

use hyper::{Method, StatusCode};
use serde_json::json;
use vru_runtime::test_util::{Authority, eventually, free_port};

use super::{DEADLINE, Setup, camera, raised, verifies, wanted};
use crate::api::{Answer, Api};
use crate::receiver::{Receiver, Reply};

#[tokio::test(flavor = "multi_thread")]
async fn a_test_call_says_why_a_target_does_not_accept_it() {
    let authority = Authority::new("targets");
    let certificate = authority.issue("localhost", "DNS:localhost,IP:127.0.0.1");
    let other = Authority::new("others").issue("localhost", "DNS:localhost");
    let ca = authority.certificate();
    let setup = Setup::start("answers", |config| {
        config.webhooks.ca = ca;
        config.webhooks.timeout = Duration::from_secs(2);
    })
    .await;
    let receiver = Receiver::start_tls(&certificate);
    let (webhook, secret) = setup.webhook(&receiver.url(), json!({ "enabled": false })).await;
    let call = async |webhook: &str| {
        let answer = setup.admin.post(&format!("{webhook}/test"), &json!({})).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.body
    };
    let accepted = call(&webhook).await;
    assert_eq!((&accepted["accepted"], &accepted["status"]), (&json!(true), &json!(200)), "{accepted}");
    let received = &receiver.received()[0];
    assert_eq!((received.event()["event"].as_str(), verifies(received, &secret)), (Some("test"), true));
    for (reply, status, words) in [
        (Reply::Status(500), Some(500), "it answered 500"),
        (Reply::Status(404), Some(404), "it answered 404"),
        (
            Reply::Raw("HTTP/1.1 302 Found\r\nlocation: https://localhost/\r\n\r\n"),
            Some(302),
            "redirects are not followed",
        ),
        (Reply::Raw("hello\r\n\r\n"), None, "no complete answer"),
        (Reply::Raw("HTTP/1.1 200"), None, "no complete answer"),
        (Reply::Drop, None, "no complete answer"),
        (Reply::Hang, None, "no complete answer within 2s"),
        (Reply::EndlessHead, None, "no complete answer"),
    ] {
        let answer = reply.clone();
        receiver.answer(move |_| answer.clone());
        let result = call(&webhook).await;
        assert_eq!((&result["accepted"], result["status"].as_u64()), (&json!(false), status), "{reply:?}: {result}");
        assert!(result["error"].as_str().is_some_and(|error| error.contains(words)), "{reply:?}: {result}");
    }
    // The status says all.
    receiver.answer(|_| Reply::EndlessBody);
    assert_eq!(call(&webhook).await["accepted"], true);
    // Nothing was sent anywhere else.
    assert!(receiver.received().iter().all(|received| received.request.starts_with("POST /in?")));
    let untrusted = Receiver::start_tls(&other);
    let gone = format!("https://localhost:{}/", free_port());
    for (url, words) in [
        (untrusted.url().as_str(), "no TLS connection"),
        (gone.as_str(), "no connection to"),
        ("https://no-such-host.invalid/", "cannot be looked up"),
    ] {
        let (webhook, _) = setup.webhook(url, json!({ "enabled": false })).await;
        let result = call(&webhook).await;
        assert!(result["error"].as_str().is_some_and(|error| error.contains(words)), "{url}: {result}");
    }
    assert!(untrusted.received().is_empty());
    assert!(setup.deliveries(&webhook).await.is_empty());
    // What was allowed once and is not any more is not reached.
    setup.api.execute("UPDATE webhooks SET url = 'https://10.0.0.1/'");
    let result = call(&webhook).await;
    assert!(result["error"].as_str().is_some_and(|error| error.contains("10.0.0.1, which is private")), "{result}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_webhooks_are_refused_with_the_field_and_change_nothing() {
    let setup = Setup::start("refused", |config| config.webhooks.allowed_networks.clear()).await;
    let other_site = setup.admin.create_site("other").await;
    let foreign = camera(&setup.admin, &other_site).await;
    let good = "https://hooks.example.org/in";
    for (body, field) in [
        (json!({}), ""),
        (wanted("http://hooks.example.org/", json!({})), "url"),
        (wanted("https://127.0.0.1/", json!({})), "url"),
        (wanted("https://localhost/", json!({})), "url"),
        (wanted("https://user:secret@hooks.example.org/", json!({})), "url"),
        (wanted("https://169.254.169.254/latest/meta-data", json!({})), "url"),
        (wanted(good, json!({ "name": "" })), "name"),
        (wanted(good, json!({ "events": [] })), "events"),
        (wanted(good, json!({ "events": ["alert.lost"] })), "events[0]"),
        (wanted(good, json!({ "kinds": [] })), "kinds"),
        (wanted(good, json!({ "kinds": ["all"] })), "kinds[0]"),
        (wanted(good, json!({ "severities": ["urgent"] })), "severities[0]"),
        (wanted(good, json!({ "camera_ids": ["unknown"] })), "camera_ids"),
        (wanted(good, json!({ "camera_ids": [foreign] })), "camera_ids"),
        (wanted(good, json!({ "camera_ids": ["a\u{0}"] })), "camera_ids"),
        (wanted(good, json!({ "secret": "mine" })), "secret"),
    ] {
        let answer = setup.admin.post(&setup.path(), &body).await;
        assert_eq!(answer.problem(), (422, "invalid_field", field), "{body}: {answer:?}");
    }
    assert_eq!(setup.api.query("SELECT count(*) FROM webhooks")[0][0], "0");
    let (webhook, _) = setup.webhook(good, json!({})).await;
    assert_eq!(
        setup.admin.put(&webhook, "\"2\"", &wanted(good, json!({}))).await.problem(),
        (412, "changed_meanwhile", "")
    );
    let unknown = format!("{}/webhook_unknown", setup.path());
    assert_eq!(setup.admin.put(&unknown, "\"1\"", &wanted(good, json!({}))).await.problem(), (404, "not_found", ""));
    // Of another site it does not exist.
    let elsewhere = webhook.replace(&setup.site, &other_site);
    assert_eq!(setup.admin.get(&elsewhere).await.problem(), (404, "not_found", ""));
    let answer = setup.admin.get(&format!("{elsewhere}/deliveries")).await;
    assert_eq!(answer.problem(), (404, "not_found", ""));
    let delete = async |tag: &str| setup.admin.send(Method::DELETE, &webhook, &[("if-match", tag)], "").await;
    assert_eq!(delete("\"7\"").await.problem(), (412, "changed_meanwhile", ""));
    assert_eq!(delete("\"1\"").await.status, StatusCode::NO_CONTENT);
    assert_eq!(setup.admin.get(&webhook).await.problem(), (404, "not_found", ""));
    let log = setup.api.query("SELECT action FROM audit_log WHERE object LIKE 'webhook_%' ORDER BY id");
    assert_eq!(log, [["webhook.create"], ["webhook.delete"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_there_is_no_webhook_and_nothing_is_sent_unsigned() {
    let setup = Setup::start("unsigned", |_| {}).await;
    let (camera, receiver) = (setup.camera().await, Receiver::start());
    let (webhook, _) = setup.webhook(&receiver.url(), json!({})).await;
    // As after a restart with another key.
    setup.api.execute("UPDATE webhooks SET secret = 'sealed:00'");
    setup.publish(&raised(&camera, "a"));
    eventually(DEADLINE, "the webhook fails", async || {
        let shown = setup.admin.get(&webhook).await.body;
        let said = shown["last_error"].as_str().unwrap_or_default().contains("nothing is sent unsigned");
        if said && shown["state"] == "failing" { Ok(()) } else { Err(shown.to_string()) }
    })
    .await;
    assert!(receiver.received().is_empty());
    let without = Api::start().await;
    let admin = without.admin().await;
    let path = format!("/api/v1/sites/{}/webhooks", admin.create_site("own").await);
    let answer: Answer = admin.post(&path, &wanted("https://hooks.example.org/", json!({}))).await;
    assert_eq!(answer.problem(), (409, "no_secrets_key", ""));
}
