//! Every kind of client on brokers with TLS, log-ins and access control, and what `/ready` says when something is missing.

use std::time::Duration;

use futures::executor::block_on;
use rdkafka::mocking::MockCluster;
use tokio_util::sync::CancellationToken;
use vru_runtime::admin::Readiness;
use vru_runtime::dead_letter::DeadLetters;
use vru_runtime::kafka::{
    ConsumerOptions, Event, GroupConsumer, GroupOffsets, KafkaConfig, Needs, OutgoingRecord, Partition,
    ProducerOptions, RangeReader, ReaderEvent, Record, StartAt, TopicReader, admin, describe_topic, watch_kafka,
};
use vru_runtime::secret::Secret;
use vru_runtime::test_util::acls::{Acl, allow, forbid};
use vru_runtime::test_util::{Authority, Bus, SecuredKafka, Topic, wait_for};

const DEADLINE: Duration = Duration::from_mins(1);

/// Uses each kind of client once.
async fn assert_all_clients_work(config: &KafkaConfig, user_topic: &str, group: &str) {
    let topic = user_topic.to_owned();
    let producer = config.producer(&ProducerOptions::default()).unwrap();
    producer.publish(OutgoingRecord::new(&topic, "key", b"value")).unwrap().await.unwrap();
    let mut member = GroupConsumer::start(config, &ConsumerOptions::new(group, &[&topic])).unwrap();
    let record = loop {
        match tokio::time::timeout(DEADLINE, member.next()).await.expect("a record in time").expect("a member") {
            Event::Record(record) => break record,
            Event::Assigned(_) | Event::Revoked(_) => {}
        }
    };
    let committer = member.committer();
    let next = vec![(record.partition.clone(), record.offset + 1)];
    tokio::task::spawn_blocking(move || committer.commit(&next, true)).await.unwrap().unwrap();
    let (described, name) = (config.clone(), topic.clone());
    let described = tokio::task::spawn_blocking(move || describe_topic(&described, &name, DEADLINE)).await.unwrap();
    let id = described.unwrap().id;
    let mut reader =
        TopicReader::start(config, "test", &topic, id, &[(0, StartAt::Beginning)], 8, TopicReader::FETCH_WAIT).unwrap();
    let event = tokio::time::timeout(DEADLINE, reader.next()).await.expect("an event in time");
    assert!(matches!(event, Some(ReaderEvent::Record(_))), "{event:?}");
    let letters = DeadLetters::new(config, "test").unwrap();
    assert!(letters.send(&record, "test", "reason", &CancellationToken::new()).await);
    let (config, group) = (config.clone(), group.to_owned());
    let blocking = tokio::task::spawn_blocking(move || {
        drop(member);
        assert_eq!(admin::partition_count(&config, &topic, DEADLINE).unwrap(), 1);
        assert!(admin::cluster_id(&config, DEADLINE).unwrap().is_some());
        let offsets = GroupOffsets::new(&config, "test", &group, &topic).unwrap();
        assert_eq!(offsets.committed(id, 0, DEADLINE).unwrap(), Some(record.offset + 1));
        let range = RangeReader::open(&config, "test", Partition::new(&topic, 0), DEADLINE).unwrap();
        let mut count = 0;
        range.read(range.offsets(), |_| count += 1).unwrap();
        assert_eq!(count, 1);
        assert_eq!(range.offset_at(0).unwrap(), Some(0));
    });
    blocking.await.unwrap();
}

/// What `/ready` says of Kafka, in time.
async fn wait_for_readiness(
    config: &KafkaConfig,
    needs: Needs,
    wanted: impl Fn(Option<&str>) -> bool + Send + 'static,
) {
    let readiness = Readiness::default();
    let stop = CancellationToken::new();
    let watching = tokio::spawn(watch_kafka(config.clone(), needs, readiness.part("kafka"), stop.clone()));
    let waiting = tokio::task::spawn_blocking(move || {
        wait_for(DEADLINE, "readiness", || {
            let said = readiness.waiting_for().get("kafka").cloned();
            if wanted(said.as_deref()) { Ok(()) } else { Err(format!("{said:?}")) }
        });
    });
    waiting.await.unwrap();
    stop.cancel();
    watching.await.unwrap();
}

/// Nothing is lost while an operator repairs a permission.
async fn a_forbidden_dead_letter_waits_for_its_permission(
    root: &KafkaConfig,
    config: &KafkaConfig,
    user: &str,
    source: &str,
    letters: &str,
) {
    forbid(root, user, Acl::WriteTopic(letters));
    let sender = DeadLetters::new(config, "test").unwrap();
    let record = Record {
        partition: Partition::new(source, 0),
        offset: 7,
        timestamp_ms: None,
        key: None,
        payload: None,
        headers: Vec::new(),
    };
    let cancel = CancellationToken::new();
    let mut sending = tokio::spawn({
        let cancel = cancel.clone();
        async move { sender.send(&record, "test", "reason", &cancel).await }
    });
    assert!(
        tokio::time::timeout(Duration::from_secs(3), &mut sending).await.is_err(),
        "a forbidden letter was given up"
    );
    allow(root, user, Acl::WriteTopic(letters));
    assert!(tokio::time::timeout(DEADLINE, sending).await.expect("the letter in time").unwrap());
}

fn admin_config(secured: &SecuredKafka) -> KafkaConfig {
    KafkaConfig { brokers: secured.kafka.brokers().to_owned(), ..KafkaConfig::default() }
}

fn with_prefix(config: KafkaConfig, bus: &Bus) -> KafkaConfig {
    KafkaConfig { topic_prefix: bus.prefix().to_owned(), ..config }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_client_logs_in_and_uses_only_what_it_may() {
    let secured = SecuredKafka::start(&["ann", "bob"]);
    let root = admin_config(&secured);
    let certificate = secured.certificate("carol");
    let encrypted = certificate.encrypted_key("sesame");
    let mutual_tls = secured.mutual_tls(&certificate);
    let with_password = KafkaConfig {
        ssl_key: Secret::resolve(&format!("file:{}", encrypted.display())).unwrap(),
        ssl_key_password: Secret::new("sesame"),
        ..mutual_tls.clone()
    };
    let mechanism = |mechanism: &str| KafkaConfig { sasl_mechanism: mechanism.to_owned(), ..secured.sasl("ann") };
    for (user, config) in [
        ("carol", mutual_tls),
        ("carol", with_password),
        ("ann", mechanism("SCRAM-SHA-512")),
        ("ann", mechanism("SCRAM-SHA-256")),
        ("ann", mechanism("PLAIN")),
    ] {
        let bus = tokio::task::spawn_blocking({
            let root = root.clone();
            move || Bus::create(root, "secured", 1)
        });
        let bus = bus.await.unwrap();
        let config = with_prefix(config, &bus);
        let (alerts, letters, group) =
            (bus.name(Topic::Alerts), bus.name(Topic::DeadLetters), format!("{}group", bus.prefix()));
        let needs = || Needs::of("vru-test").read(&alerts).write(&alerts).write(&letters).join(&group);
        let acls =
            [Acl::ReadTopic(&alerts), Acl::WriteTopic(&alerts), Acl::WriteTopic(&letters), Acl::ReadGroup(&group)];
        for acl in acls {
            allow(&root, user, acl);
        }
        wait_for_readiness(&config, needs(), |said| said.is_none()).await;
        assert_all_clients_work(&config, &alerts, &group).await;
        if config.sasl_mechanism != "PLAIN" {
            continue;
        }
        // Each permission that is taken away is named, with who needs it; the others are not.
        for (acl, named) in [
            (acls[0], format!("Read on topic {alerts}")),
            (acls[1], format!("Write on topic {alerts}")),
            (acls[2], format!("Write on topic {letters}")),
            (acls[3], format!("Read on group {group}")),
        ] {
            forbid(&root, user, acl);
            let wanted = format!("Kafka's ACLs do not allow vru-test (SASL user ann): {named}");
            wait_for_readiness(&config, needs(), move |said| said == Some(&wanted)).await;
            allow(&root, user, acl);
        }
        a_forbidden_dead_letter_waits_for_its_permission(&root, &config, user, &alerts, &letters).await;
        let watched = format!("{group}-of-others");
        let wanted = format!("Describe on group {watched}");
        wait_for_readiness(&config, needs().watch(&watched), move |said| {
            said.is_some_and(|said| said.contains(&wanted))
        })
        .await;
        wait_for_readiness(&config, needs().read("no-such-topic"), |said| {
            said.is_some_and(|said| said.contains("Read on topic no-such-topic"))
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_log_in_and_a_wrong_certificate_are_named() {
    let secured = SecuredKafka::start(&["ann"]);
    let wrong_password = KafkaConfig { sasl_password: Secret::new("wrong"), ..secured.sasl("ann") };
    let other = Authority::new("others");
    let wrong_authority =
        KafkaConfig { ssl_ca_location: other.certificate().display().to_string(), ..secured.sasl("ann") };
    let system_authorities = KafkaConfig { ssl_ca_location: String::new(), ..secured.sasl("ann") };
    let stranger = secured.mutual_tls(&other.issue("carol", "DNS:localhost"));
    let nobody = KafkaConfig { ssl_certificate: Secret::default(), ssl_key: Secret::default(), ..stranger.clone() };
    let missing_topic = admin_config(&secured);
    for (config, named) in [
        (wrong_password, "Kafka refuses the log-in: "),
        (wrong_authority, "TLS with Kafka fails: "),
        (system_authorities, "TLS with Kafka fails: "),
        (stranger, "TLS with Kafka fails: "),
        (nobody, "TLS with Kafka fails: "),
        (missing_topic, "topic no-such-topic does not exist"),
    ] {
        let needs = Needs::of("vru-test").read("no-such-topic");
        wait_for_readiness(&config, needs, move |said| said.is_some_and(|said| said.starts_with(named))).await;
    }
}

#[test]
fn a_bus_can_be_made_over_mutual_tls() {
    let secured = SecuredKafka::start(&[]);
    let certificate = secured.certificate("ANONYMOUS");
    let bus = Bus::create(secured.mutual_tls(&certificate), "mutual", 1);
    bus.produce(Topic::Frames, "camera", Some(b"picture"));
    assert_eq!(bus.records(Topic::Frames).len(), 1);
    let topics = bus.config().topic_specs(1, 1);
    block_on(admin::ensure_topics(&bus.config(), &topics, DEADLINE)).unwrap();
}

/// The embedded broker of `vru up`, and brokers that are too old.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_cannot_tell_what_is_allowed_is_ready() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("topic", 1, 1).unwrap();
    let config = KafkaConfig { brokers: cluster.bootstrap_servers(), ..KafkaConfig::default() };
    let needs = Needs::of("vru-test").read("topic").write("topic").join("group").watch("other");
    wait_for_readiness(&config, needs, |said| said.is_none()).await;
}
