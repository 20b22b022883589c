//! Events that are published to a real MQTT broker.

use std::time::Duration;

use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use vru_runtime::test_util::{Authority, Mosquitto, ServiceProcess, eventually};

use super::faults::process;
use super::{DEADLINE, Setup, ended, raised, wanted};

fn events(messages: &[(String, String)], camera: &str) -> Vec<String> {
    let of_camera = messages.iter().filter(|(topic, _)| topic.ends_with(&format!("/{camera}/events")));
    let id = |(_, body): &(String, String)| {
        let event: Value = serde_json::from_str(body).expect("JSON");
        event["id"].as_str().expect("an id").to_owned()
    };
    of_camera.map(id).collect()
}

/// The topics of the alerts that the broker retains.
fn open_alerts(broker: &Mosquitto) -> Vec<String> {
    let retained = tokio::task::block_in_place(|| broker.retained());
    retained.into_iter().map(|(topic, _)| topic).filter(|topic| topic.contains("/alerts/")).collect()
}

fn senders(broker: &Mosquitto) -> usize {
    let retained = tokio::task::block_in_place(|| broker.retained());
    retained.iter().filter(|(topic, payload)| topic.contains("/senders/vru") && payload == "online").count()
}

/// What the command in docs/api.md prints within two seconds, with another prefix.
fn documented(broker: &Mosquitto, prefix: &str) -> String {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api.md")).expect("docs/api.md");
    let command = text.lines().find(|line| line.starts_with("mosquitto_sub ")).expect("docs/api.md has the command");
    let command = command.replace("'vru/", &format!("'{prefix}/"));
    let output = std::process::Command::new("timeout")
        .args(["2", "bash", "-c", &command])
        .envs([("BROKER", "localhost".to_owned()), ("PORT", broker.port().to_string())])
        .output();
    String::from_utf8(output.expect("it runs").stdout).expect("UTF-8")
}

fn url(broker: &Mosquitto) -> String {
    format!("mqtt://localhost:{}/city", broker.port())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_gets_events_in_order_and_retains_what_is_open() {
    let setup = Setup::start("mqtt", |_| {}).await;
    let broker = tokio::task::block_in_place(Mosquitto::start);
    let subscriber = broker.subscribe("city");
    let camera = setup.camera().await;
    let kinds = json!(["presence", "dwell", "line_crossing"]);
    let (webhook, _) = setup.webhook(&url(&broker), json!({ "kinds": kinds })).await;
    setup.publish(&raised(&camera, "a-1"));
    setup.publish(&raised(&camera, "a-2"));
    let crossing =
        vru_proto::v1::Alert { kind: vru_proto::v1::AlertKind::LineCrossing.into(), ..raised(&camera, "c-1") };
    setup.publish(&crossing);
    setup.reach(&webhook, "delivered", 3).await;
    let topic = |alert: &str| format!("city/{}/{camera}/alerts/{alert}", setup.site);
    assert_eq!(open_alerts(&broker), [topic("a-1"), topic("a-2")]);
    assert_eq!(senders(&broker), 1);
    setup.publish(&ended(&camera, "a-1"));
    setup.reach(&webhook, "delivered", 4).await;
    assert_eq!(open_alerts(&broker), [topic("a-2")]);
    let wanted = ["a-1.raised", "a-2.raised", "c-1.raised", "a-1.ended"];
    let messages = eventually(DEADLINE, "all messages are read", async || {
        let messages = subscriber.messages();
        let seen = events(&messages, &camera);
        if seen == wanted && messages.iter().any(|message| *message == (topic("a-1"), String::new())) {
            Ok(messages)
        } else {
            Err(format!("{messages:?}"))
        }
    })
    .await;
    // The state of an alert is the event that made it.
    let event = &messages.iter().find(|(topic, _)| topic.ends_with("/events")).expect("an event").1;
    assert!(messages.contains(&(topic("a-1"), event.clone())), "{messages:?}");
    let event: Value = serde_json::from_str(event).expect("JSON");
    assert_eq!((&event["event"], &event["alert"]["severity"]), (&json!("alert.raised"), &json!("warning")));
    let shown = setup.deliveries(&webhook).await;
    assert!(shown.iter().all(|delivery| delivery.get("status").is_none() && delivery["attempts"] == 1), "{shown:?}");
    // A raise that is sent again after its end brings nothing back.
    setup.api.execute("UPDATE webhook_deliveries SET state = 3, ended_at = now() WHERE event_id = 'a-1.raised'");
    let dead = setup.reach(&webhook, "dead", 1).await;
    let retry = format!("{webhook}/deliveries/{}/retry", dead[0]["id"].as_str().expect("an id"));
    let answer = setup.admin.post(&retry, &json!({})).await;
    assert!(answer.status.is_success(), "{answer:?}");
    setup.reach(&webhook, "delivered", 4).await;
    assert_eq!(open_alerts(&broker), [topic("a-2")]);
    assert!(documented(&broker, "city").contains(&topic("a-2")));
    let tested = setup.admin.post(&format!("{webhook}/test"), &json!({})).await;
    assert_eq!((&tested.body["accepted"], tested.body.get("status")), (&json!(true), None), "{tested:?}");
    eventually(DEADLINE, "the test comes", async || {
        let name = format!("city/{}/test", setup.site);
        if subscriber.messages().iter().any(|(topic, _)| *topic == name) {
            Ok(())
        } else {
            Err("it did not".to_owned())
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_lost_and_each_camera_stays_in_order_whoever_is_killed_at_a_broker() {
    const EVENTS: usize = 30;
    let setup = Setup::start("broker-kills", |config| {
        config.webhooks.timeout = Duration::from_secs(2);
        config.kafka.session_timeout = Duration::from_secs(3);
    })
    .await;
    let broker = tokio::task::block_in_place(Mosquitto::start);
    let subscriber = broker.subscribe("city");
    let (webhook, _) = setup.webhook(&url(&broker), json!({})).await;
    let cameras = [setup.camera().await, setup.camera().await];
    let replica: ServiceProcess = process(&setup);
    tokio::task::block_in_place(|| replica.wait_ready(DEADLINE));
    for number in 0..EVENTS {
        for camera in &cameras {
            setup.publish(&raised(camera, &format!("{}-{number}", camera.replace('_', "-"))));
        }
        tokio::task::block_in_place(|| match number {
            5 => broker.server.pause(),
            8 => broker.server.resume(),
            // Killed, it forgets what it acknowledged last.
            12 => broker.server.stop(),
            18 => broker.server.restart(),
            22 => {
                replica.kill();
                replica.restart();
            }
            _ => std::thread::sleep(Duration::from_millis(30)),
        });
    }
    setup.reach(&webhook, "delivered", EVENTS * cameras.len()).await;
    for camera in &cameras {
        let wanted: Vec<String> =
            (0..EVENTS).map(|number| format!("{}-{number}.raised", camera.replace('_', "-"))).collect();
        eventually(DEADLINE, "the subscriber has all events", async || {
            let mut first: Vec<String> = Vec::new();
            for id in events(&subscriber.messages(), camera) {
                if !first.contains(&id) {
                    first.push(id);
                }
            }
            if first == wanted { Ok(()) } else { Err(format!("{first:?}")) }
        })
        .await;
    }
    assert_eq!(open_alerts(&broker).len(), EVENTS * cameras.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_at_a_broker_is_sealed_and_stays_with_its_broker() {
    let setup = Setup::start("broker-login", |_| {}).await;
    let broker = tokio::task::block_in_place(|| Mosquitto::with_login("vru", "right-one"));
    let camera = setup.camera().await;
    let login = |password: &str| json!({ "username": "vru", "password": password });
    let (webhook, _) = setup.webhook(&url(&broker), json!({ "credentials": login("wrong-one") })).await;
    let call = async || setup.admin.post(&format!("{webhook}/test"), &json!({})).await.body;
    let result = call().await;
    assert!(result["error"].as_str().is_some_and(|error| error.contains("refuses the login")), "{result}");
    setup.publish(&raised(&camera, "a"));
    eventually(DEADLINE, "the webhook fails", async || {
        let shown = setup.admin.get(&webhook).await.body;
        let said = shown["last_error"].as_str().unwrap_or_default().contains("refuses the login");
        if said && shown["state"] == "failing" { Ok(()) } else { Err(shown.to_string()) }
    })
    .await;
    let put = async |version: u32, body: Value| setup.admin.put(&webhook, &format!("\"{version}\""), &body).await;
    let right = wanted(&url(&broker), json!({ "credentials": login("right-one") }));
    let changed = put(1, right).await;
    assert_eq!((changed.status, &changed.body["has_credentials"]), (StatusCode::OK, &json!(true)), "{changed:?}");
    setup.reach(&webhook, "delivered", 1).await;
    // Another topic of the same broker keeps the login, another broker does not get it.
    let same = format!("mqtt://localhost:{}/town", broker.port());
    assert_eq!(put(2, wanted(&same, json!({}))).await.body["has_credentials"], true);
    assert_eq!(call().await["accepted"], true);
    let other = wanted("mqtts://broker.example.org", json!({}));
    assert_eq!(put(3, other).await.problem(), (422, "invalid_field", "credentials"));
    let none = put(3, wanted("mqtts://broker.example.org", json!({ "credentials": null }))).await;
    assert_eq!(none.body["has_credentials"], false, "{none:?}");
    let stored = setup
        .api
        .query("SELECT (SELECT json_agg(w) FROM webhooks w)::text || (SELECT json_agg(a) FROM audit_log a)::text");
    assert!(!stored[0][0].contains("right-one") && !changed.body.to_string().contains("right-one"), "{stored:?}");
    let elsewhere = wanted("https://hooks.example.org/", json!({ "credentials": login("right-one") }));
    assert_eq!(setup.admin.post(&setup.path(), &elsewhere).await.problem(), (422, "invalid_field", "credentials"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_must_prove_its_name_and_stand_where_it_may() {
    let authority = Authority::new("brokers");
    let ca = authority.certificate();
    let setup = Setup::start("broker-names", |config| {
        config.webhooks.ca.clone_from(&ca);
        config.webhooks.timeout = Duration::from_secs(2);
    })
    .await;
    let start = |name: &str, names: &str| {
        let certificate = authority.issue(name, names);
        tokio::task::block_in_place(|| Mosquitto::secured(&certificate, &ca))
    };
    let (good, other) = (start("localhost", "DNS:localhost"), start("other", "DNS:other.example.org"));
    let call = async |url: &str| {
        let (webhook, _) = setup.webhook(url, json!({ "enabled": false })).await;
        setup.admin.post(&format!("{webhook}/test"), &json!({})).await.body
    };
    let accepted = call(&format!("mqtts://localhost:{}", good.port())).await;
    assert_eq!(accepted["accepted"], true, "{accepted}");
    for (url, words) in [
        (format!("mqtts://localhost:{}", other.port()), "no TLS connection"),
        (format!("mqtt://localhost:{}", good.port()), "the broker"),
        ("mqtts://no-such-host.invalid".to_owned(), "cannot be looked up"),
    ] {
        let result = call(&url).await;
        assert!(result["error"].as_str().is_some_and(|error| error.contains(words)), "{url}: {result}");
    }
    for refused in ["mqtts://10.0.0.1", "mqtts://169.254.169.254", "mqtt://broker.example.org", "mqtt://10.0.0.1"] {
        let answer = setup.admin.post(&setup.path(), &wanted(refused, json!({}))).await;
        assert_eq!(answer.problem(), (422, "invalid_field", "url"), "{refused}");
    }
    // What was allowed once and is not any more is not reached.
    let (webhook, _) = setup.webhook(&format!("mqtts://localhost:{}", good.port()), json!({})).await;
    setup.api.execute("UPDATE webhooks SET url = 'mqtts://10.0.0.1'");
    let result = setup.admin.post(&format!("{webhook}/test"), &json!({})).await.body;
    assert!(result["error"].as_str().is_some_and(|error| error.contains("10.0.0.1, which is private")), "{result}");
    let deleted = setup.admin.send(Method::DELETE, &webhook, &[("if-match", "\"1\"")], "").await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
}
