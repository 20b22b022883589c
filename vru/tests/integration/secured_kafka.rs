//! The whole pipeline on Apache Kafka with TLS, log-ins and access control: each service may do what `docs/security.md` lists for it and
//! nothing else, and says what it lacks.

use std::time::Duration;

use vru_proto::v1;
use vru_runtime::kafka::KafkaConfig;
use vru_runtime::test_util::acls::{Acl, allow, forbid};
use vru_runtime::test_util::{Authority, SecuredKafka, ServiceLaunch, ServiceProcess, Topic, postgres, s3, wait_for};

use crate::pipeline::{DEADLINE, Pipeline, Servers, camera, file, short_clip, start};

const FRAMES: u64 = 20;
/// A probe takes place every few seconds; the rest is for a busy machine.
const NAMED: Duration = Duration::from_secs(45);

/// Makes the service log in as its own user.
fn log_in(launch: ServiceLaunch, kafka: &KafkaConfig) -> ServiceLaunch {
    launch
        .set("kafka.brokers", &kafka.brokers)
        .set("kafka.security_protocol", &kafka.security_protocol)
        .set("kafka.sasl_username", &kafka.sasl_username)
        .set("kafka.sasl_password", kafka.sasl_password.expose())
        .set("kafka.ssl_ca_location", &kafka.ssl_ca_location)
}

fn wait_until_said(service: &ServiceProcess, wanted: &str) {
    wait_for(NAMED, &format!("/ready to say: {wanted}"), || match service.ready() {
        Ok((503, body)) if body.contains(wanted) => Ok(()),
        other => Err(format!("{other:?}; {}", service.log_tail())),
    });
}

#[test]
fn the_pipeline_works_with_least_privilege_and_names_what_it_lacks() {
    let secured = SecuredKafka::start(&["ingest", "infer", "sink"]);
    let root = KafkaConfig { brokers: secured.kafka.brokers().to_owned(), ..KafkaConfig::default() };
    let pipeline = Pipeline::on(Servers { kafka: &secured.kafka, postgres: postgres(), s3: s3() }, "secured", 2);
    let [frames, of_files, positions, detections, alerts, cameras, tests, pictures, reports, letters] =
        Topic::ALL.map(|topic| pipeline.bus.name(topic));
    let [ingest, infer, rows, parquet, snapshots, clips] =
        ["ingest", "infer", "postgres", "s3-detections", "s3-snapshots", "s3-clips"].map(|group| pipeline.group(group));
    let tests_group = pipeline.group("camera-tests");
    let pictures_group = pipeline.group("camera-test-pictures");
    // The table of docs/security.md.
    let acls = [
        ("ingest", Acl::WriteTopic(&frames)),
        ("ingest", Acl::WriteTopic(&of_files)),
        ("ingest", Acl::ReadTopic(&of_files)),
        ("ingest", Acl::WriteTopic(&positions)),
        ("ingest", Acl::ReadTopic(&positions)),
        ("ingest", Acl::ReadTopic(&cameras)),
        ("ingest", Acl::ReadGroup(&ingest)),
        ("ingest", Acl::DescribeGroup(&infer)),
        ("ingest", Acl::WriteTopic(&letters)),
        ("ingest", Acl::ReadTopic(&tests)),
        ("ingest", Acl::WriteTopic(&pictures)),
        ("ingest", Acl::WriteTopic(&reports)),
        ("ingest", Acl::ReadGroup(&tests_group)),
        ("infer", Acl::ReadTopic(&frames)),
        ("infer", Acl::ReadTopic(&of_files)),
        ("infer", Acl::ReadGroup(&infer)),
        ("infer", Acl::ReadTopic(&detections)),
        ("infer", Acl::WriteTopic(&detections)),
        ("infer", Acl::WriteTopic(&alerts)),
        ("infer", Acl::ReadTopic(&cameras)),
        ("infer", Acl::WriteTopic(&letters)),
        ("infer", Acl::ReadTopic(&pictures)),
        ("infer", Acl::WriteTopic(&reports)),
        ("infer", Acl::ReadGroup(&pictures_group)),
        ("sink", Acl::ReadTopic(&detections)),
        ("sink", Acl::ReadTopic(&alerts)),
        ("sink", Acl::ReadTopic(&frames)),
        ("sink", Acl::ReadTopic(&of_files)),
        ("sink", Acl::ReadGroup(&rows)),
        ("sink", Acl::ReadGroup(&parquet)),
        ("sink", Acl::ReadGroup(&snapshots)),
        ("sink", Acl::ReadGroup(&clips)),
        ("sink", Acl::WriteTopic(&letters)),
    ];
    for (user, acl) in acls {
        allow(&root, user, acl);
    }
    let [in_ingest, in_infer, in_sink] = start([
        log_in(pipeline.ingest(), &secured.sasl("ingest")),
        log_in(pipeline.infer(), &secured.sasl("infer")),
        log_in(pipeline.sink(), &secured.sasl("sink")),
    ]);
    pipeline.bus.put_camera(&camera("recording", file(&short_clip(FRAMES))));
    pipeline.wait_for_count("every frame", "select count(*) from frames", FRAMES);
    pipeline.wait_for_count("the end of the file", "select count(*) from frames where end_of_stream", 1);
    let alerts: Vec<v1::Alert> = pipeline.bus.messages(Topic::Alerts);
    let raised = alerts.iter().filter(|alert| alert.is_raised()).count() as u64;
    pipeline.wait_for_count("the alerts", "select count(*) from alerts", raised);
    assert_eq!(pipeline.count("select count(distinct (session, sequence)) from frames"), FRAMES);
    assert!(pipeline.count("select count(*) from detections") > 0 && raised > 0);
    assert_eq!(pipeline.bus.written(Topic::DeadLetters), 0);

    // One permission of each kind is taken away and given back.
    for (service, user, acl, named) in [
        (
            &in_ingest,
            "ingest",
            Acl::WriteTopic(&frames),
            format!("vru-ingest (SASL user ingest): Write on topic {frames}"),
        ),
        (
            &in_ingest,
            "ingest",
            Acl::DescribeGroup(&infer),
            format!("vru-ingest (SASL user ingest): Describe on group {infer}"),
        ),
        (
            &in_ingest,
            "ingest",
            Acl::ReadTopic(&positions),
            format!("vru-ingest (SASL user ingest): Read on topic {positions}"),
        ),
        (&in_infer, "infer", Acl::ReadTopic(&frames), format!("vru-infer (SASL user infer): Read on topic {frames}")),
        (
            &in_infer,
            "infer",
            Acl::WriteTopic(&letters),
            format!("vru-infer (SASL user infer): Write on topic {letters}"),
        ),
        (&in_sink, "sink", Acl::ReadGroup(&rows), format!("vru-sink (SASL user sink): Read on group {rows}")),
    ] {
        forbid(&root, user, acl);
        wait_until_said(service, &named);
        allow(&root, user, acl);
        service.wait_ready(DEADLINE);
    }
    // The services go on where they were.
    pipeline.bus.put_camera(&camera("later", file(&short_clip(FRAMES))));
    pipeline.wait_for_count("later frames", "select count(*) from frames where camera_id = 'later'", FRAMES);

    for service in [in_ingest, in_infer, in_sink] {
        assert!(!service.log().contains(&SecuredKafka::password("ingest")));
        assert!(service.stop().success(), "{}", service.log_tail());
    }

    let wrong_password = log_in(pipeline.sink(), &secured.sasl("sink")).set("kafka.sasl_password", "wrong").start();
    wait_until_said(&wrong_password, "Kafka refuses the log-in");
    let others = Authority::new("others").certificate();
    let wrong_authority =
        log_in(pipeline.ingest(), &secured.sasl("ingest")).set("kafka.ssl_ca_location", others).start();
    wait_until_said(&wrong_authority, "TLS with Kafka fails");
}
