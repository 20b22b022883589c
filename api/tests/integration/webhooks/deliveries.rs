//! What a webhook receives, and in which order.

use std::collections::BTreeSet;
use std::time::Duration;

use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use vru_proto::v1;
use vru_runtime::test_util::{Topic, eventually};

use super::{DEADLINE, Setup, camera, ended, raised, verifies, wanted};
use crate::receiver::{Received, Receiver, Reply};

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_and_its_end_are_delivered_once_each_signed_and_in_words() {
    let setup = Setup::start("hooks", |_| {}).await;
    let (camera, receiver) = (setup.camera().await, Receiver::start());
    let (webhook, secret) = setup.webhook(&receiver.url(), json!({})).await;
    assert_eq!(setup.admin.get(&webhook).await.body["state"], "idle");
    setup.publish(&raised(&camera, "a-1"));
    // As inference does after a crash.
    setup.publish(&raised(&camera, "a-1"));
    setup.publish(&ended(&camera, "a-1"));
    // Of a camera that nobody knows, and no alert at all: the stream goes on.
    setup.publish(&raised("unknown", "u-1"));
    tokio::task::block_in_place(|| setup.bus.produce(Topic::Alerts, &camera, Some(b"no alert")));
    setup.publish(&ended(&camera, "a-1"));
    setup.publish(&raised(&camera, "a-2"));
    setup.reach(&webhook, "delivered", 3).await;
    assert_eq!(receiver.accepted(), ["a-1.raised", "a-1.ended", "a-2.raised"]);
    let received = receiver.received();
    let first = &received[0];
    assert_eq!(
        (first.request.as_str(), first.headers["host"].as_str()),
        ("POST /in?from=vru HTTP/1.1", &*format!("localhost:{}", receiver.address.port()))
    );
    assert_eq!(
        (first.headers["content-type"].as_str(), first.headers["vru-event"].as_str()),
        ("application/json", "alert.raised")
    );
    let event = first.event();
    assert_eq!((&event["id"], &event["event"]), (&json!("a-1.raised"), &json!("alert.raised")));
    assert_eq!((&event["site_id"], &event["camera_id"]), (&json!(setup.site), &json!(camera)));
    let alert = &event["alert"];
    assert_eq!(
        (&alert["kind"], &alert["severity"], &alert["class"]),
        (&json!("dwell"), &json!("warning"), &json!("pedestrian"))
    );
    assert_eq!((&alert["tracks"], &alert["zone_id"]), (&json!([format!("{camera}.3.7")]), &json!("zone-1")));
    assert!(
        alert.get("ended_at").is_none() && alert["captured_at"].as_str().is_some_and(|at| at.ends_with('Z')),
        "{alert}"
    );
    let end = received[1].event();
    assert_eq!((&end["alert"]["end_reason"], end["alert"]["ended_at"].is_string()), (&json!("left"), true));
    for received in &received {
        assert!(verifies(received, &secret), "{received:?}");
        assert!(!verifies(received, "vruhook_other"));
    }
    let mut forged = first.clone();
    forged.body = forged.body.replace("warning", "info");
    assert!(!verifies(&forged, &secret));
    let shown = setup.admin.get(&webhook).await;
    assert_eq!(shown.body["state"], "delivering", "{shown:?}");
    let delivery = &setup.deliveries(&webhook).await[0];
    assert_eq!(
        (&delivery["status"], &delivery["attempts"], &delivery["event"]),
        (&json!(200), &json!(1), &json!("alert.raised"))
    );
    assert_eq!(delivery["body"]["id"], "a-2.raised");
    // The secret is in no answer, in no row and in no entry of the log.
    let stored = setup
        .api
        .query("SELECT (SELECT json_agg(w) FROM webhooks w)::text || (SELECT json_agg(a) FROM audit_log a)::text");
    assert!(!stored[0][0].contains(&secret) && stored[0][0].contains("sealed:"), "{stored:?}");
    assert!(!shown.body.to_string().contains("vruhook_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_waits_for_its_failed_delivery_and_others_do_not() {
    let setup = Setup::start("order", |_| {}).await;
    let (bad, good, receiver) = (setup.camera().await, setup.camera().await, Receiver::start());
    let (webhook, _) = setup.webhook(&receiver.url(), json!({})).await;
    let broken = bad.clone();
    receiver.answer(move |received| Reply::Status(if received.camera() == broken { 500 } else { 204 }));
    for number in 0..4 {
        setup.publish(&raised(&bad, &format!("bad-{number}")));
        setup.publish(&raised(&good, &format!("good-{number}")));
    }
    setup.reach(&webhook, "delivered", 4).await;
    assert_eq!(receiver.accepted(), [0, 1, 2, 3].map(|number| format!("good-{number}.raised")));
    let tries = || receiver.received().iter().filter(|received| received.id() == "bad-0.raised").count();
    eventually(DEADLINE, "the first one is tried again", async || {
        let tries = tries();
        if tries >= 3 { Ok(()) } else { Err(format!("{tries} tries")) }
    })
    .await;
    setup.publish(&raised(&good, "good-4"));
    setup.reach(&webhook, "delivered", 5).await;
    let others = |received: &Received| received.id().starts_with("bad-") && received.id() != "bad-0.raised";
    assert!(!receiver.received().iter().any(others), "a later one was sent before it");
    let shown = setup.admin.get(&webhook).await.body;
    assert!(
        shown["last_error"].as_str().is_some_and(|error| error.contains("500"))
            && shown["state"] == "failing"
            && shown["waiting_since"].is_string(),
        "what other cameras delivered hides the failure: {shown}"
    );
    let pending = setup.reach(&webhook, "pending", 4).await;
    assert_eq!((&pending[0]["status"], pending[0]["next_attempt_at"].is_string()), (&json!(500), true), "{pending:?}");
    assert!(pending[1].get("next_attempt_at").is_none(), "{pending:?}");
    receiver.answer(|_| Reply::Status(200));
    setup.reach(&webhook, "delivered", 9).await;
    let accepted = receiver.accepted();
    assert_eq!(accepted[5..], [0, 1, 2, 3].map(|number| format!("bad-{number}.raised")));
    assert_eq!(setup.admin.get(&webhook).await.body["state"], "delivering");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_dead_after_its_day_and_is_sent_again_when_somebody_says_so() {
    let setup = Setup::start("dead", |config| config.webhooks.give_up_after = Duration::from_secs(3)).await;
    let (camera, mut receiver) = (setup.camera().await, Receiver::start());
    let (webhook, _) = setup.webhook(&receiver.url(), json!({})).await;
    receiver.kill();
    for number in 0..3 {
        setup.publish(&raised(&camera, &format!("a-{number}")));
    }
    let dead = setup.reach(&webhook, "dead", 3).await;
    assert!(dead[0]["attempts"].as_i64().is_some_and(|attempts| attempts > 2), "{dead:?}");
    assert!(dead[0]["error"].as_str().is_some_and(|error| error.contains("no connection")), "{dead:?}");
    // Those behind it say why they were not sent.
    assert!(dead.iter().all(|delivery| delivery["error"].is_string() && delivery["ended_at"].is_string()), "{dead:?}");
    assert_eq!(setup.admin.get(&webhook).await.body["state"], "failing");
    // What nobody could send yet is sent, however old it is, when the target is back.
    receiver.restart();
    setup.publish(&raised(&camera, "later"));
    setup.reach(&webhook, "delivered", 1).await;
    let retry = |delivery: &Value| format!("{webhook}/deliveries/{}/retry", delivery["id"].as_str().expect("an id"));
    for delivery in &dead[..2] {
        let answer = setup.admin.post(&retry(delivery), &json!({})).await;
        assert_eq!((answer.status, &answer.body["state"]), (StatusCode::OK, &json!("pending")), "{answer:?}");
    }
    setup.reach(&webhook, "delivered", 3).await;
    let accepted: BTreeSet<String> = receiver.accepted().into_iter().collect();
    assert_eq!(accepted, ["a-0.raised", "a-1.raised", "later.raised"].map(str::to_owned).into());
    assert_eq!(setup.admin.post(&retry(&dead[0]), &json!({})).await.problem(), (409, "not_dead", ""));
    let unknown = format!("{webhook}/deliveries/999999/retry");
    assert_eq!(setup.admin.post(&unknown, &json!({})).await.problem(), (404, "not_found", ""));
    let only = setup.admin.get(&format!("{webhook}/deliveries?state=dead")).await;
    assert_eq!(only.body["items"].as_array().map(Vec::len), Some(1), "{only:?}");
    assert_eq!(setup.admin.get(&format!("{webhook}/deliveries?state=lost")).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_hangs_delays_no_other_webhook() {
    let setup = Setup::start("hang", |config| {
        config.webhooks.concurrency = 3;
        config.webhooks.concurrency_per_webhook = 2;
        config.webhooks.timeout = Duration::from_secs(10);
    })
    .await;
    let (slow, fast) = (Receiver::start(), Receiver::start());
    slow.answer(|_| Reply::Hang);
    let (hanging, _) = setup.webhook(&slow.url(), json!({})).await;
    let mut cameras = Vec::new();
    for _ in 0..5 {
        cameras.push(setup.camera().await);
    }
    for camera in &cameras {
        setup.publish(&raised(camera, &format!("first-{}", camera.replace('_', "-"))));
    }
    eventually(DEADLINE, "the target hangs", async || {
        let count = slow.received().len();
        if count >= 2 { Ok(()) } else { Err(format!("{count} requests")) }
    })
    .await;
    let (webhook, _) = setup.webhook(&fast.url(), json!({})).await;
    for camera in &cameras {
        setup.publish(&raised(camera, &format!("second-{}", camera.replace('_', "-"))));
    }
    setup.reach(&webhook, "delivered", cameras.len()).await;
    // As many as may be sent to it at once were sent, and nobody has heard of their end.
    let pending = setup.reach(&hanging, "pending", 2 * cameras.len()).await;
    assert!(slow.received().len() <= 4, "{:?}", slow.received());
    assert!(pending.iter().filter(|delivery| delivery["attempts"] != 0).count() <= 2, "{pending:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_told_of_what_it_asks_for_and_waits_while_it_is_paused() {
    let setup = Setup::start("filters", |config| {
        config.webhooks.give_up_after = Duration::from_secs(20);
        config.webhooks.retention = Duration::from_secs(40);
    })
    .await;
    let (first, second) = (setup.camera().await, setup.camera().await);
    let other_site = setup.admin.create_site("other").await;
    let foreign = camera(&setup.admin, &other_site).await;
    let receiver = Receiver::start();
    let ends = json!({ "events": ["alert.ended"], "severities": ["critical"] });
    let (ends, _) = setup.webhook(&receiver.url(), ends).await;
    let (crossings, _) = setup.webhook(&receiver.url(), json!({ "kinds": ["line_crossing"] })).await;
    let (of_second, _) = setup.webhook(&receiver.url(), json!({ "camera_ids": [second] })).await;
    let (paused, _) = setup.webhook(&receiver.url(), json!({ "enabled": false })).await;
    let with = |alert: v1::Alert, severity: v1::Severity, kind: v1::AlertKind| v1::Alert {
        severity: severity.into(),
        kind: kind.into(),
        ..alert
    };
    let (info, critical) = (v1::Severity::Info, v1::Severity::Critical);
    let (dwell, crossing) = (v1::AlertKind::Dwell, v1::AlertKind::LineCrossing);
    setup.publish(&with(raised(&first, "a"), critical, dwell));
    setup.publish(&with(ended(&first, "a"), critical, dwell));
    setup.publish(&with(ended(&first, "b"), info, dwell));
    setup.publish(&with(raised(&second, "c"), info, crossing));
    setup.publish(&with(raised(&second, "d"), info, dwell));
    setup.publish(&with(raised(&foreign, "e"), critical, dwell));
    let ids = |deliveries: Vec<Value>| -> BTreeSet<String> {
        deliveries.iter().map(|delivery| delivery["event_id"].as_str().expect("an id").to_owned()).collect()
    };
    let set = |ids: &[&str]| -> BTreeSet<String> { ids.iter().map(|&id| id.to_owned()).collect() };
    assert_eq!(ids(setup.reach(&ends, "delivered", 1).await), set(&["a.ended"]));
    assert_eq!(ids(setup.reach(&crossings, "delivered", 1).await), set(&["c.raised"]));
    assert_eq!(ids(setup.reach(&of_second, "delivered", 1).await), set(&["d.raised"]));
    let all = set(&["a.raised", "a.ended", "b.ended", "d.raised"]);
    assert_eq!(ids(setup.reach(&paused, "pending", 4).await), all);
    let shown = setup.admin.get(&paused).await;
    assert_eq!((&shown.body["state"], receiver.received().len()), (&json!("paused"), 3), "{shown:?}");
    let enabled = setup.admin.put(&paused, shown.header("etag"), &wanted(&receiver.url(), json!({}))).await;
    assert_eq!(enabled.status, StatusCode::OK, "{enabled:?}");
    assert_eq!(ids(setup.reach(&paused, "delivered", 4).await), all);
    // Paused for longer than a delivery may wait.
    let tag = enabled.header("etag").to_owned();
    assert_eq!(
        setup.admin.put(&paused, &tag, &wanted(&receiver.url(), json!({ "enabled": false }))).await.status,
        StatusCode::OK
    );
    setup.publish(&raised(&second, "f"));
    let dead = setup.reach(&paused, "dead", 1).await;
    assert!(dead[0]["error"].as_str().is_some_and(|error| error.contains("was not enabled")), "{dead:?}");
    // What ended is deleted in the end.
    eventually(DEADLINE, "old deliveries are deleted", async || {
        let left = setup.deliveries(&ends).await;
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await;
    // Of all this nothing was told twice.
    assert_eq!(receiver.received().len(), 3 + 4 + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_is_told_and_a_dismissal_is_not() {
    let setup = Setup::start("reviews", |_| {}).await;
    let (camera, receiver) = (setup.camera().await, Receiver::start());
    let (webhook, secret) = setup.webhook(&receiver.url(), json!({})).await;
    for (id, review) in [
        ("dismissed", json!({ "state": "dismissed", "reason": "test" })),
        ("known", json!({ "state": "acknowledged" })),
    ] {
        setup.api.add_alert(&camera, id, 0, "");
        let path = format!("/api/v1/sites/{}/alerts/{id}/review", setup.site);
        assert_eq!(setup.admin.put(&path, "\"0\"", &review).await.status, StatusCode::OK);
    }
    setup.reach(&webhook, "delivered", 1).await;
    let received = receiver.received();
    let event = received[0].event();
    assert_eq!(
        (received.len(), &event["id"], &event["event"]),
        (1, &json!("known.acknowledged"), &json!("alert.acknowledged"))
    );
    assert_eq!((&event["alert"]["id"], &event["alert"]["kind"]), (&json!("known"), &json!("presence")));
    assert!(verifies(&received[0], &secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_rotated_without_a_gap() {
    let setup = Setup::start("rotation", |_| {}).await;
    let (camera, receiver) = (setup.camera().await, Receiver::start());
    let (webhook, old) = setup.webhook(&receiver.url(), json!({})).await;
    let rotate =
        async |tag: &str| setup.admin.send(Method::POST, &format!("{webhook}/secret"), &[("if-match", tag)], "").await;
    assert_eq!(rotate("\"2\"").await.problem(), (412, "changed_meanwhile", ""));
    let rotated = rotate("\"1\"").await;
    assert_eq!((rotated.status, rotated.header("etag")), (StatusCode::OK, "\"2\""), "{rotated:?}");
    let new = rotated.body["secret"].as_str().expect("a secret").to_owned();
    assert!(rotated.body["old_secret_until"].is_string() && new != old, "{rotated:?}");
    setup.publish(&raised(&camera, "both"));
    setup.reach(&webhook, "delivered", 1).await;
    let both = receiver.received()[0].clone();
    assert!(verifies(&both, &old) && verifies(&both, &new), "{both:?}");
    setup.api.execute("UPDATE webhooks SET old_secret_until = now()");
    setup.publish(&raised(&camera, "new"));
    setup.reach(&webhook, "delivered", 2).await;
    let newer = receiver.received()[1].clone();
    assert!(!verifies(&newer, &old) && verifies(&newer, &new), "{newer:?}");
}
