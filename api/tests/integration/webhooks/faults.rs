//! Processes that are killed, and permissions that are missing.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde_json::json;
use vru_runtime::test_util::acls::{Acl, allow, forbid};
use vru_runtime::test_util::{
    Bus, SecuredKafka, ServiceLaunch, ServiceProcess, Topic, eventually, free_port, http_get, postgres, seeded_rng,
};

use super::{DEADLINE, KEY, Setup, raised, verifies};
use crate::receiver::{Receiver, Reply};

/// Another replica, as a process that can be killed.
pub(super) fn process(setup: &Setup) -> ServiceProcess {
    ServiceLaunch::new("vru-api")
        .bus(&setup.bus)
        .set("database.url", &setup.api.database)
        .set("http.listen", format!("127.0.0.1:{}", free_port()))
        .set("cameras.secrets_key", KEY)
        .set("webhooks.group", &setup.api.config.webhooks.group)
        .set("webhooks.allowed_networks", "[\"127.0.0.0/8\", \"::1\"]")
        .set("webhooks.timeout", "2s")
        .set("webhooks.retry.initial", "50ms")
        .set("webhooks.retry.max", "400ms")
        .set("kafka.session_timeout", "3s")
        .start()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_lost_and_each_camera_stays_in_order_whoever_is_killed() {
    use rand::Rng as _;
    const EVENTS: usize = 60;
    let mut random = seeded_rng("no_event_is_lost_and_each_camera_stays_in_order_whoever_is_killed");
    let setup = Setup::start("kills", |config| {
        config.webhooks.timeout = Duration::from_secs(2);
        config.kafka.session_timeout = Duration::from_secs(3);
    })
    .await;
    let mut receiver = Receiver::start();
    let (webhook, secret) = setup.webhook(&receiver.url(), json!({})).await;
    let mut cameras = Vec::new();
    for _ in 0..4 {
        cameras.push(setup.camera().await);
    }
    let mut calls = 0;
    receiver.answer(move |_| {
        calls += 1;
        match calls % 7 {
            2 => Reply::Status(503),
            5 => Reply::Drop,
            _ => Reply::Status(200),
        }
    });
    let replicas = [process(&setup), process(&setup)];
    for replica in &replicas {
        tokio::task::block_in_place(|| replica.wait_ready(DEADLINE));
    }
    for number in 0..EVENTS {
        for camera in &cameras {
            setup.publish(&raised(camera, &format!("{}-{number}", camera.replace('_', "-"))));
        }
        match number {
            15 | 40 => {
                let killed = &replicas[random.random_range(0..2)];
                tokio::task::block_in_place(|| {
                    killed.kill();
                    killed.restart();
                });
            }
            25 => receiver.kill(),
            30 => receiver.restart(),
            _ => tokio::time::sleep(Duration::from_millis(random.random_range(0..40))).await,
        }
    }
    let count = || {
        setup.api.query(
            "SELECT count(*) FILTER (WHERE state = 2), count(*) FILTER (WHERE state = 3) FROM webhook_deliveries",
        )
    };
    eventually(DEADLINE, "all events are delivered", async || {
        let found = count();
        if found[0] == [(EVENTS * cameras.len()).to_string(), "0".to_owned()] {
            Ok(())
        } else {
            Err(format!("{found:?}"))
        }
    })
    .await;
    let mut first_accepted: HashMap<String, Vec<String>> = HashMap::new();
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for received in receiver.received().iter().filter(|received| received.accepted) {
        let seen = times.entry(received.id().to_owned()).or_default();
        *seen += 1;
        if *seen == 1 {
            first_accepted.entry(received.camera()).or_default().push(received.id().to_owned());
        }
    }
    for camera in &cameras {
        let wanted: Vec<String> =
            (0..EVENTS).map(|number| format!("{}-{number}.raised", camera.replace('_', "-"))).collect();
        assert_eq!(first_accepted.get(camera), Some(&wanted));
    }
    // Only a killed sender's attempts are made twice: one for each lane that it may have claimed, each time.
    let again = times.values().filter(|&&times| times > 1).count();
    assert!(again <= 2 * cameras.len(), "{again} events were accepted more than once: {times:?}");
    assert!(verifies(&receiver.received()[0], &secret));
    let delivered: Vec<u64> =
        replicas.iter().map(|replica| replica.count("api_webhook_delivered_total", &[])).collect();
    assert!(delivered.iter().sum::<u64>() > 0, "the replicas do not share the work: {delivered:?}");
    assert_eq!(setup.admin.get(&webhook).await.body["state"], "delivering");
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_names_what_kafka_does_not_allow() {
    let secured = tokio::task::block_in_place(|| SecuredKafka::start(&["api"]));
    let root = vru_runtime::kafka::KafkaConfig { brokers: secured.kafka.brokers().to_owned(), ..Default::default() };
    let bus = tokio::task::block_in_place(|| Bus::create(root.clone(), "acls", 1));
    let (alerts, cameras, group) = (bus.name(Topic::Alerts), bus.name(Topic::Cameras), "api-group");
    let (tests, reports, tests_group) =
        (bus.name(Topic::CameraTests), bus.name(Topic::CameraTestReports), "tests-group");
    let shown = [Topic::Frames, Topic::FileFrames, Topic::Detections].map(|topic| bus.name(topic));
    let [frames, file_frames, detections] = &shown;
    let acls = [
        Acl::WriteTopic(&cameras),
        Acl::ReadTopic(&alerts),
        Acl::ReadGroup(group),
        Acl::WriteTopic(&tests),
        Acl::ReadTopic(&reports),
        Acl::ReadGroup(tests_group),
        Acl::ReadTopic(frames),
        Acl::ReadTopic(file_frames),
        Acl::ReadTopic(detections),
        Acl::ReadTopic(&cameras),
    ];
    let config = secured.sasl("api");
    tokio::task::block_in_place(|| {
        for acl in acls {
            allow(&root, "api", acl);
        }
        let database = postgres().database();
        let service = ServiceLaunch::new("vru-api")
            .set("kafka.brokers", &config.brokers)
            .set("kafka.topic_prefix", bus.prefix())
            .set("kafka.security_protocol", &config.security_protocol)
            .set("kafka.sasl_username", &config.sasl_username)
            .set("kafka.sasl_password", config.sasl_password.expose())
            .set("kafka.ssl_ca_location", &config.ssl_ca_location)
            .set("database.url", database)
            .set("database.migrate", "true")
            .set("http.listen", format!("127.0.0.1:{}", free_port()))
            .set("webhooks.group", group)
            .set("camera_tests.group", tests_group)
            .start();
        service.wait_ready(DEADLINE);
        for (acl, named) in [
            (acls[0], format!("Write on topic {cameras}")),
            (acls[1], format!("Read on topic {alerts}")),
            (acls[2], format!("Read on group {group}")),
            (acls[3], format!("Write on topic {tests}")),
            (acls[4], format!("Read on topic {reports}")),
            (acls[5], format!("Read on group {tests_group}")),
            (acls[6], format!("Read on topic {frames}")),
            (acls[7], format!("Read on topic {file_frames}")),
            (acls[8], format!("Read on topic {detections}")),
            (acls[9], format!("Read on topic {cameras}")),
        ] {
            forbid(&root, "api", acl);
            vru_runtime::test_util::wait_for(DEADLINE, &format!("/ready to name {named}"), || {
                let answer = http_get(service.admin(), "/ready")?;
                // The API serves on: only webhooks, changes of cameras and live feeds wait.
                if answer.status == 200 && answer.body.contains(&named) { Ok(()) } else { Err(answer.body) }
            });
            allow(&root, "api", acl);
        }
        vru_runtime::test_util::wait_for(DEADLINE, "Kafka to limit the API no more", || {
            let answer = http_get(service.admin(), "/ready")?;
            if answer.body.contains("\"limited_by\":") && !answer.body.contains("\"kafka\":") {
                Ok(())
            } else {
                Err(answer.body)
            }
        });
    });
}
