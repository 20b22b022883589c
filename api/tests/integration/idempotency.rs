//! A POST that is sent again with its `Idempotency-Key`.

use hyper::Method;
use serde_json::{Value, json};
use vru_runtime::secret::Secret;

use super::api::{Answer, Api, ApiClient};

async fn post(client: &ApiClient, path: &str, key: &str, body: &Value) -> Answer {
    client.send(Method::POST, path, &[("idempotency-key", key)], &body.to_string()).await
}

fn site(name: &str) -> Value {
    json!({ "name": name, "time_zone": "Europe/Berlin" })
}

fn count(api: &Api, table: &str) -> String {
    api.query(&format!("SELECT count(*) FROM {table}"))[0][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repetition_is_answered_as_before_also_by_another_replica_and_changes_nothing() {
    let api = Api::start_with(|config| config.cameras.secrets_key = Secret::new("7".repeat(64))).await;
    let admin = api.admin().await;
    let first = post(&admin, "/api/v1/sites", "k1", &site("Street")).await;
    assert_eq!(first.status, 201);
    let replica = api.replica().await;
    for client in [admin.clone(), admin.at(&replica)] {
        let again = post(&client, "/api/v1/sites", "k1", &site("Street")).await;
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        for header in ["etag", "location", "content-type"] {
            assert_eq!(again.header(header), first.header(header));
        }
        assert_eq!(again.header("idempotency-replayed"), "true");
    }
    assert!(first.headers.get("idempotency-replayed").is_none());
    let own = first.body["id"].as_str().expect("an id").to_owned();
    let cameras = format!("/api/v1/sites/{own}/cameras");
    let camera = json!({ "settings": { "name": "Gate", "push": { "allow_anonymous": true } } });
    let made = post(&admin, &cameras, "k1-camera", &camera).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(post(&admin, &cameras, "k1-camera", &camera).await.body, made.body);
    assert_eq!((count(&api, "sites"), count(&api, "cameras")), ("1".to_owned(), "1".to_owned()));
    assert_eq!(api.query("SELECT count(*) FROM audit_log WHERE action LIKE '%.create' AND user_id <> ''")[0][0], "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_for_one_request_of_one_caller() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let made = post(&admin, "/api/v1/sites", "k", &site("Street")).await;
    assert_eq!(made.status, 201);
    let other = post(&admin, "/api/v1/sites", "k", &site("Square")).await;
    assert_eq!(other.problem(), (422, "idempotency_key_reused", "idempotency-key"));
    let elsewhere = post(&admin, "/api/v1/users", "k", &site("Street")).await;
    assert_eq!(elsewhere.problem(), (422, "idempotency_key_reused", "idempotency-key"));
    let program = api.program(&admin.create_key(None, &["sites:write"]).await);
    assert_eq!(post(&program, "/api/v1/sites", "k", &site("Square")).await.status, 201);
    // Nobody else learns of it.
    let viewer = api.member("viewer", made.body["id"].as_str().expect("an id"), 1).await;
    assert_eq!(post(&viewer, "/api/v1/sites", "k", &site("Street")).await.problem().1, "forbidden");
    assert_eq!(post(&api.client(), "/api/v1/sites", "k", &site("Street")).await.problem().1, "not_logged_in");
    for bad in ["", "two words", &"x".repeat(201)] {
        let refused = post(&admin, "/api/v1/sites", bad, &site("Street")).await;
        assert_eq!(refused.problem(), (400, "invalid_parameter", "idempotency-key"), "{bad}");
    }
    let twice = [("idempotency-key", "a"), ("idempotency-key", "b")];
    let refused = admin.send(Method::POST, "/api/v1/sites", &twice, &site("Street").to_string()).await;
    assert_eq!(refused.problem(), (400, "invalid_parameter", "idempotency-key"));
    assert_eq!(count(&api, "sites"), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_does_not_use_its_key_up() {
    let api = Api::start().await;
    let admin = api.admin().await;
    assert_eq!(post(&admin, "/api/v1/sites", "k", &site("")).await.status, 422);
    assert_eq!(post(&admin, "/api/v1/sites", "k", &site("Street")).await.status, 201);
    assert_eq!(post(&admin, "/api/v1/sites", "k", &site("Street")).await.header("idempotency-replayed"), "true");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_requests_at_the_same_time_one_changes_something() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let answers =
        futures::future::join_all((0..8).map(|_| async { post(&admin, "/api/v1/sites", "k", &site("Street")).await }))
            .await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert!(!made.is_empty() && made.iter().all(|answer| answer.body == made[0].body), "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert!(["served_now", "served_before"].contains(&answer.problem().1), "{answer:?}");
    }
    assert_eq!(count(&api, "sites"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_with_a_secret_is_not_kept_and_one_that_was_lost_says_what_was_changed() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let hour = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1)).to_string();
    let wanted = json!({ "name": "a program", "scopes": ["sites:read"], "expires_at": hour });
    let made = post(&admin, "/api/v1/keys", "k", &wanted).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (201, "no-store"));
    let again = post(&admin, "/api/v1/keys", "k", &wanted).await;
    assert_eq!(again.problem(), (409, "served_before", "idempotency-key"));
    let detail = again.body["detail"].as_str().expect("a text");
    assert!(detail.contains(made.body["id"].as_str().expect("an id")), "{detail}");
    assert_eq!(count(&api, "api_keys"), "1");
    let token = made.body["token"].as_str().expect("a token");
    let kept = api.query("SELECT coalesce(encode(answer_body, 'escape'), '') FROM idempotency_keys");
    assert!(!kept.concat().concat().contains(token), "the database keeps the key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_can_be_used_again_after_a_day() {
    let api = Api::start().await;
    let admin = api.admin().await;
    assert_eq!(post(&admin, "/api/v1/sites", "k", &site("Street")).await.status, 201);
    api.execute("UPDATE idempotency_keys SET made_at = now() - interval '25 hours'");
    let pool = vru_storage::postgres::Pool::new(
        &api.config.database.connection,
        "test",
        1,
        std::time::Duration::from_secs(10),
    );
    let client = pool.expect("a pool").get().await.expect("a connection");
    assert_eq!(vru_storage::idempotency::delete_old(&client).await.expect("deleted"), 1);
    assert_eq!(post(&admin, "/api/v1/sites", "k", &site("Square")).await.status, 201);
}
