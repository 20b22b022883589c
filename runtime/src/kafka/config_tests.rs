//! Connections that are given in half, twice, or in a way that breaks a promise are refused with what is wrong.

use std::fs;

use super::super::error::KafkaFailure;
use super::*;
use crate::config::{Layers, load};
use crate::test_util::Authority;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Service {
    kafka: KafkaConfig,
}

impl Validate for Service {
    fn validate(&self, problems: &mut Problems) {
        problems.section("kafka", &self.kafka);
    }
}

fn service(flags: &[&str]) -> Result<Service, String> {
    let flags = flags.iter().map(|flag| format!("kafka.{flag}")).collect();
    load(&Layers { flags, ..Layers::default() }).map_err(|error| error.to_string())
}

#[track_caller]
fn assert_refused(flags: &[&str], wanted: &[&str]) {
    let problems = service(flags).expect_err("a problem");
    for text in wanted {
        assert!(problems.contains(text), "{text} is not in {problems}");
    }
    assert_eq!(problems.lines().count(), wanted.len() + 1, "{problems}");
}

const SASL: [&str; 3] = ["security_protocol=sasl_ssl", "sasl_username=ann", "sasl_password=hunter2"];

#[test]
fn complete_settings_are_accepted() {
    let scram = service(&[&SASL[..], &["sasl_mechanism=SCRAM-SHA-256"]].concat()).unwrap();
    let client = scram.kafka.client("test", &[]);
    assert_eq!(client.get("sasl.mechanism"), Some("SCRAM-SHA-256"));
    assert_eq!(client.get("sasl.password"), Some("hunter2"));
    service(&["security_protocol=ssl"]).unwrap();
    let plain = ["security_protocol=sasl_plaintext", "sasl_mechanism=PLAIN", "sasl_username=a", "sasl_password=b"];
    service(&[&plain[..], &["brokers=127.0.0.1:9092,[::1]:9092,localhost:1"]].concat()).unwrap();
    service(&[&plain[..], &["brokers=kafka:9092", "sasl_plain_without_tls=true"]].concat()).unwrap();
}

#[test]
fn certificates_are_checked_when_the_configuration_is_read() {
    let authority = Authority::new("kafka");
    let (mine, other) = (authority.issue("mine", "DNS:localhost"), authority.issue("other", "DNS:localhost"));
    let ssl = |settings: &[String]| {
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        service(&[&["security_protocol=ssl"], &settings[..]].concat())
    };
    let certificate = format!("ssl_certificate=file:{}", mine.certificate.display());
    let key = |path: &std::path::Path| format!("ssl_key=file:{}", path.display());
    let ca = format!("ssl_ca_location={}", authority.certificate().display());
    let encrypted = mine.encrypted_key("sesame");
    ssl(&[certificate.clone(), key(&mine.key), ca]).unwrap();
    ssl(&[certificate.clone(), key(&encrypted), "ssl_key_password=sesame".to_owned()]).unwrap();
    for (settings, wanted) in [
        (vec![certificate.clone()], "kafka.ssl_key: is empty"),
        (vec![key(&mine.key)], "kafka.ssl_certificate: is empty"),
        (vec!["ssl_key_password=sesame".to_owned()], "kafka.ssl_key: is empty"),
        (vec![certificate.clone(), key(&encrypted)], "kafka.ssl_key_password: is empty"),
        (vec![certificate.clone(), key(&encrypted), "ssl_key_password=wrong".to_owned()], "no client can be made"),
        (vec![certificate.clone(), key(&other.key)], "no client can be made"),
        (vec![certificate.clone(), "ssl_key=/etc/key.pem".to_owned()], "kafka.ssl_key: has no private key"),
        (vec!["ssl_ca_location=/no/such/file".to_owned()], "kafka.ssl_ca_location: cannot be read"),
    ] {
        let problems = ssl(&settings).expect_err(wanted);
        assert!(problems.contains(wanted) && !problems.contains("sesame"), "{wanted} is not in {problems}");
    }
    let broken = authority.certificate().with_extension("broken");
    fs::write(&broken, "-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n").unwrap();
    let problems = ssl(&[format!("ssl_ca_location={}", broken.display())]).expect_err("a broken file");
    assert!(problems.contains("no client can be made"), "{problems}");
}

#[test]
fn half_given_and_contradicting_settings_are_refused() {
    assert_refused(
        &["security_protocol=sasl_ssl"],
        &["kafka.sasl_username: is empty", "kafka.sasl_password: is empty"],
    );
    assert_refused(&SASL[..2], &["kafka.sasl_password: is empty"]);
    assert_refused(&["sasl_username=ann"], &["kafka.sasl_username: is set, but the protocol is not SASL"]);
    assert_refused(&["ssl_key_password=x"], &["kafka.ssl_key_password: is set, but the protocol has no TLS"]);
    assert_refused(&["security_protocol=tls"], &["kafka.security_protocol: is not one of"]);
    for mechanism in ["OAUTHBEARER", "GSSAPI", "plain"] {
        let set = format!("sasl_mechanism={mechanism}");
        assert_refused(&[&SASL[..], &[&set]].concat(), &["which is not supported: use one of SCRAM-SHA-512"]);
    }
    let plain = ["security_protocol=sasl_plaintext", "sasl_mechanism=PLAIN", "sasl_username=a", "sasl_password=b"];
    assert_refused(&[&plain[..], &["brokers=127.0.0.1:9092,kafka:9092"]].concat(), &["PLAIN without TLS"]);
}

#[test]
fn options_that_break_a_promise_are_refused_by_name() {
    for option in [
        "acks=1",
        "request.required.acks=0",
        "enable.idempotence=false",
        "max.in.flight=9",
        "retries=0",
        "delivery.timeout.ms=5",
        "partitioner=random",
        "enable.auto.commit=true",
        "auto.commit.enable=true",
        "auto.offset.reset=latest",
        "group.id=mine",
        "group.instance.id=mine",
        "isolation.level=read_uncommitted",
        "partition.assignment.strategy=range",
        "enable.ssl.certificate.verification=false",
        "ssl.endpoint.identification.algorithm=none",
        "plugin.library.paths=/tmp/evil.so",
        "delivery.report.only.error=true",
        "test.mock.num.brokers=3",
        "socket_cb=1",
    ] {
        let name = option.split_once('=').unwrap().0;
        assert_refused(&[&format!("options.{option}")], &[&format!("kafka.options.{name}: cannot be set")]);
    }
    assert_refused(&["options.sasl.oauthbearer.scope=x"], &["is not supported"]);
    for (option, setting) in [
        ("metadata.broker.list", "brokers"),
        ("sasl.mechanisms", "sasl_mechanism"),
        ("client.rack", "client_rack"),
        ("max.partition.fetch.bytes", "message_max_bytes"),
    ] {
        assert_refused(&[&format!("options.{option}=1")], &[&format!("use `kafka.{setting}`")]);
    }
    assert_refused(&["options.no.such.option=1"], &["kafka.options.no.such.option"]);
    assert_refused(&["options.socket.timeout.ms=soon"], &["kafka.options.socket.timeout.ms"]);
    assert_refused(
        &[&SASL[..], &["options.sasl.password=other"]].concat(),
        &["kafka.options.sasl.password: is given a second time"],
    );
    let doubled = KafkaConfig {
        options: ClientOptions::new([("retries", "1"), ("message.send.max.retries", "1")]),
        ..KafkaConfig::default()
    };
    let mut problems = Problems::default();
    doubled.validate(&mut problems);
    assert!(problems.found().iter().any(|problem| problem.contains("is the same option as")), "{problems:?}");
}

/// Names of options contain dots. Later layers override earlier ones, and texts stay texts.
#[test]
fn options_are_given_by_file_environment_and_flag() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = "[kafka.options]\n\"socket.timeout.ms\" = \"1000\"\n\"retry.backoff.ms\" = \"50\"\n\"fetch.wait.max.ms\" = \"7\"";
    fs::write(file.path(), text).unwrap();
    let layers = Layers {
        file: Some(file.path().to_owned()),
        environment: vec![
            ("VRU__KAFKA__OPTIONS__SOCKET__TIMEOUT__MS".to_owned(), "2000".to_owned()),
            ("VRU__KAFKA__OPTIONS__RETRY__BACKOFF__MS".to_owned(), "007".to_owned()),
            ("VRU__KAFKA__OPTIONS__LOG_LEVEL".to_owned(), "3".to_owned()),
        ],
        flags: vec!["kafka.options.socket.timeout.ms=3000".to_owned()],
    };
    let service: Service = load(&layers).unwrap();
    let client = service.kafka.client("test", &[("fetch.wait.max.ms", "50")]);
    for (name, value) in
        [("socket.timeout.ms", "3000"), ("retry.backoff.ms", "007"), ("fetch.wait.max.ms", "7"), ("log_level", "3")]
    {
        assert_eq!(client.get(name), Some(value), "{name}");
    }
    fs::write(file.path(), "[kafka.options]\nsocket.timeout.ms = \"1000\"").unwrap();
    let layers = Layers { file: Some(file.path().to_owned()), ..Layers::default() };
    let problems = load::<Service>(&layers).unwrap_err().to_string();
    assert!(problems.contains("kafka.options.socket"), "{problems}");
}

#[test]
fn nothing_prints_a_secret() {
    let flags = ["security_protocol=sasl_ssl", "options.sasl.username=ann", "options.sasl.password=hunter2"];
    let service = service(&flags).unwrap();
    assert_eq!(service.kafka.client("test", &[]).get("sasl.password"), Some("hunter2"));
    let printed = format!("{service:?}");
    assert!(!printed.contains("hunter2") && printed.contains("sasl.password"), "{printed}");
    for secret in ["ssl.key.pem", "ssl.key.password", "sasl.password", "socket.timeout.ms"] {
        let option = format!("options.{secret}=hunter2");
        let problems = self::service(&[&option, "options.acks=hunter2"]).unwrap_err();
        assert!(!problems.contains("hunter2"), "{problems}");
    }
    let error = KafkaFailure::new(
        "create a client",
        "-",
        KafkaConfig { options: ClientOptions::new([("socket.timeout.ms", "hunter2")]), ..KafkaConfig::default() }
            .client("test", &[])
            .create::<rdkafka::consumer::BaseConsumer>()
            .err()
            .unwrap(),
    );
    assert!(!format!("{error:?} {}", crate::report::chain(&error)).contains("hunter2"), "{error:?}");
}

#[test]
fn secrets_of_options_may_be_references() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "hunter2\n").unwrap();
    let password = format!("options.sasl.password=file:{}", file.path().display());
    let service = service(&["security_protocol=sasl_ssl", "sasl_username=ann", &password]).unwrap();
    assert_eq!(service.kafka.client("test", &[]).get("sasl.password"), Some("hunter2"));
}

#[test]
fn a_consumer_can_be_made_with_every_valid_size_of_records() {
    for message_max_bytes in [100_000, 2_400_000, 8 * 1024 * 1024, 100_000_000] {
        let config = KafkaConfig { message_max_bytes, ..KafkaConfig::default() };
        let client = crate::kafka::ConsumerOptions::new("group", &["topic"]).client_config(&config);
        let made = client.create::<rdkafka::consumer::BaseConsumer>();
        assert!(made.is_ok(), "{message_max_bytes}: {:?}", made.err());
    }
}
