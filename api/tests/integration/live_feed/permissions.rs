use hyper::{Method, StatusCode};
use serde_json::json;

use super::super::api::ApiClient;
use super::client::{Received, Watcher};
use super::{Street, camera};

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_of_another_site_does_not_exist_and_a_membership_that_ends_takes_the_feed_with_it() {
    let street = Street::start("members").await;
    let own = street.camera().await;
    let other_site = street.admin.create_site("other").await;
    let other = camera(&street.admin, &other_site).await;
    let viewer = street.api.member("Vi", &street.site, 1).await;
    let mut watcher = Watcher::open(&street.api, &viewer).await;
    let answer = watcher.watch(&[(&own, "none"), (&other, "none"), ("no-such-camera", "none")]).await;
    let status = |at: usize| answer["cameras"][at]["status"].as_str().expect("a word").to_owned();
    assert_eq!([status(0), status(1), status(2)], ["watching", "not_found", "not_found"]);
    street.begin(&own, &mut watcher).await;
    // What is not theirs does not come, although it is read for somebody else.
    let mut admin = Watcher::open(&street.api, &street.admin).await;
    admin.watch(&[(&other, "none")]).await;
    street.begin(&other, &mut admin).await;

    street.api.execute("DELETE FROM memberships");
    loop {
        match watcher.next().await {
            Received::Text(text) if text["type"] == "watching" => {
                assert!(
                    text["cameras"].as_array().unwrap().iter().all(|camera| camera["status"] == "not_found"),
                    "{text}"
                );
                break;
            }
            Received::Picture(picture) => assert_eq!(picture.head["camera_id"], own),
            Received::Text(_) => {}
            Received::Closed(code) => panic!("closed with {code}"),
        }
    }
    street.detections(&own, 3_000);
    street.detections(&other, 3_000);
    admin.picture().await;
    assert!(watcher.next_picture_within(std::time::Duration::from_secs(1)).await.is_none());
    // And comes again with a new membership.
    street
        .api
        .execute(&format!("INSERT INTO memberships SELECT id, '{}', 1 FROM users WHERE name = 'Vi'", street.site));
    assert_eq!(watcher.text("watching").await["cameras"][0]["status"], "watching");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_or_a_key_that_ends_ends_its_feeds() {
    let street = Street::start("sessions").await;
    let camera = street.camera().await;
    let viewer = street.api.member("Vi", &street.site, 1).await;
    let mut of_session = Watcher::open(&street.api, &viewer).await;
    of_session.watch(&[(&camera, "none")]).await;
    assert_eq!(viewer.delete("/api/v1/session").await.status, StatusCode::NO_CONTENT);
    assert_eq!(of_session.text("error").await["code"], "not_logged_in");
    assert_eq!(of_session.closed().await, 4401);

    let key = street.admin.create_key(Some(&street.site), &["live:read"]).await;
    let mut of_key = Watcher::open(&street.api, &street.api.program(&key)).await;
    assert_eq!(of_key.watch(&[(&camera, "none")]).await["cameras"][0]["status"], "watching");
    let keys = street.admin.get(&format!("/api/v1/sites/{}/keys", street.site)).await;
    let id = keys.body["items"][0]["id"].as_str().expect("an id");
    let answer = street.admin.send(Method::DELETE, &format!("/api/v1/sites/{}/keys/{id}", street.site), &[], "").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    assert_eq!(of_key.closed().await, 4401);
    let refused = Watcher::try_open(&street.api, &street.api.program(&key), &[]).await.err().expect("it is refused");
    assert_eq!((refused.0, &refused.1["code"]), (401, &json!("key_invalid")));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_strangers_and_keys_for_something_else_open_no_feed() {
    let street = Street::start("strangers").await;
    let api = &street.api;
    let refused = async |client: ApiClient, headers: &[(&str, &str)]| {
        let (status, problem) = Watcher::try_open(api, &client, headers).await.err().expect("it is refused");
        (status, problem["code"].as_str().unwrap_or_default().to_owned())
    };
    let foreign = refused(street.admin.clone(), &[("origin", "https://evil.example")]).await;
    assert_eq!(foreign, (403, "foreign_origin".to_owned()));
    assert_eq!(refused(street.admin.clone(), &[("origin", "null")]).await, (403, "foreign_origin".to_owned()));
    let own = format!("http://{}", api.address);
    assert!(Watcher::try_open(api, &street.admin, &[("origin", &own)]).await.is_ok());
    assert_eq!(refused(api.client(), &[]).await, (401, "not_logged_in".to_owned()));
    let key = street.admin.create_key(None, &["cameras:read", "pictures:read"]).await;
    assert_eq!(refused(api.program(&key), &[]).await, (403, "forbidden".to_owned()));
    let plain = street.admin.get("/api/v1/live/feed").await;
    assert_eq!(plain.problem(), (426, "not_a_websocket", ""));
}
