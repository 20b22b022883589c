//! Webhooks that are sent by a process of their own.

use std::time::Duration;

use hyper::StatusCode;
use serde_json::json;
use vru_runtime::test_util::{ServiceLaunch, eventually};

use super::{DEADLINE, KEY, Setup, raised};
use crate::receiver::{Receiver, Reply};

#[tokio::test(flavor = "multi_thread")]
async fn a_process_of_their_own_sends_webhooks_and_the_replicas_that_serve_do_not() {
    let setup = Setup::start("apart", |config| config.webhooks.enabled = false).await;
    let receiver = Receiver::start();
    receiver.answer(|_| Reply::Status(200));
    let (webhook, _) = setup.webhook(&receiver.url(), json!({})).await;
    let camera = setup.camera().await;
    setup.publish(&raised(&camera, "first"));
    // A replica would have queued it by then; a test call is still its own.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(setup.deliveries(&webhook).await.is_empty());
    let tested = setup.admin.post(&format!("{webhook}/test"), &json!({})).await;
    assert_eq!(tested.status, StatusCode::OK, "{tested:?}");
    let sender = ServiceLaunch::new("vru-api")
        .bus(&setup.bus)
        .args(["webhooks"])
        .set("database.url", &setup.api.database)
        .set("cameras.secrets_key", KEY)
        .set("webhooks.group", &setup.api.config.webhooks.group)
        .set("webhooks.allowed_networks", "[\"127.0.0.0/8\", \"::1\"]")
        .start();
    tokio::task::block_in_place(|| sender.wait_ready(DEADLINE));
    setup.publish(&raised(&camera, "second"));
    setup.reach(&webhook, "delivered", 2).await;
    eventually(DEADLINE, "the sender counts them", async || match sender.count("api_webhook_delivered_total", &[]) {
        2 => Ok(()),
        other => Err(other.to_string()),
    })
    .await;
    let ended = tokio::task::block_in_place(|| sender.stop());
    assert!(ended.success(), "{ended}");
}
