use futures::SinkExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use vru_runtime::test_util::eventually;

use super::super::api::ApiClient;
use super::client::Watcher;
use super::{DEADLINE, Street};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_followed_names_its_field_and_changes_nothing() {
    let street = Street::start_with("malformed", |config| config.live.max_cameras = 2).await;
    let camera = street.camera().await;
    let mut watcher = Watcher::open(&street.api, &street.admin).await;
    watcher.watch(&[(&camera, "none")]).await;
    let wish = |camera: &str| json!({ "camera_id": camera, "rendition": "none" });
    let many = json!({ "watch": [wish("a"), wish("b"), wish("c")] }).to_string();
    for (text, field) in [
        ("hello", Value::Null),
        (r#"{"watch":[],"pause":true}"#, json!("pause")),
        (r#"{"watch":[{"camera_id":"gate","rendition":"huge"}]}"#, json!("watch[0].rendition")),
        (r#"{"watch":[{"camera_id":"../x","rendition":"tile"}]}"#, json!("watch[0].camera_id")),
        (&many, json!("watch")),
    ] {
        watcher.say(text).await;
        let error = watcher.text("error").await;
        assert_eq!((&error["code"], &error["field"]), (&json!("invalid_message"), &field), "{text}: {error}");
    }
    watcher.socket.send(Message::binary(vec![1, 2, 3])).await.expect("it is sent");
    assert_eq!(watcher.text("error").await["code"], "invalid_message");
    street.begin(&camera, &mut watcher).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_says_too_much_is_closed() {
    let street = Street::start("floods").await;
    let mut watcher = Watcher::open(&street.api, &street.admin).await;
    for _ in 0..50 {
        if watcher.socket.send(Message::text(r#"{"watch":[]}"#)).await.is_err() {
            break;
        }
    }
    assert_eq!(watcher.closed().await, 4429);
    let mut watcher = Watcher::open(&street.api, &street.admin).await;
    watcher.socket.send(Message::text(" ".repeat(100 * 1024))).await.expect("it is sent");
    let code = watcher.closed().await;
    assert!([1009, 0].contains(&code), "{code}");
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_are_bounded_for_each_caller_and_for_all() {
    let street = Street::start_with("bounds", |config| {
        config.live.max_feeds = 3;
        config.live.max_feeds_per_caller = 2;
    })
    .await;
    let api = &street.api;
    let other = api.member("Vi", &street.site, 1).await;
    let refused = async |client: &ApiClient| {
        let (status, problem) = Watcher::try_open(api, client, &[]).await.err().expect("it is refused");
        (status, problem["code"].as_str().unwrap_or_default().to_owned())
    };
    let first = Watcher::open(api, &street.admin).await;
    let _second = Watcher::open(api, &street.admin).await;
    assert_eq!(refused(&street.admin).await, (429, "too_many_feeds".to_owned()));
    let _third = Watcher::open(api, &other).await;
    assert_eq!(refused(&other).await, (503, "feeds_full".to_owned()));
    // A place is free again when its client is gone.
    drop(first);
    eventually(DEADLINE, "a place", async || {
        Watcher::try_open(api, &other, &[]).await.map(drop).map_err(|refused| format!("{refused:?}"))
    })
    .await;
}
