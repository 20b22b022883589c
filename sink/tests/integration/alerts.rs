//! The gRPC server of alerts: subscribing, resuming, replaying, slow subscribers, authentication, and shutdown.

use std::process::Command;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::{Offset, TopicPartitionList};
use tokio::runtime::Runtime;
use tonic::Code;
use vru_proto::v1;
use vru_runtime::test_util::{
    Bus, ServiceLaunch, ServiceProcess, Topic, free_port, kafka, require_asset, wait_for, wait_until,
};

use crate::messages::{a_minute_ago, alert};
use crate::subscriber::{AUDIENCE, ISSUER, SECRET, Subscriber, bearer, connect, trailer};

pub const DEADLINE: Duration = Duration::from_mins(1);

pub fn launch(bus: &Bus, address: &str) -> ServiceLaunch {
    ServiceLaunch::new("vru-sink")
        .args(["alerts"])
        .bus(bus)
        .set("alerts.listen", address)
        .set("alerts.jwt.secret", SECRET)
        .set("alerts.jwt.issuer", ISSUER)
        .set("alerts.jwt.audience", AUDIENCE)
        .set("alerts.heartbeat", "200ms")
}

pub fn start(bus: &Bus, set: &[(&str, &str)]) -> (ServiceProcess, String) {
    let address = format!("127.0.0.1:{}", free_port());
    let launch = set.iter().fold(launch(bus, &address), |launch, (key, value)| launch.set(key, *value));
    let service = launch.start();
    service.wait_ready(DEADLINE);
    (service, address)
}

pub fn publish(bus: &Bus, camera: &str, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let message = alert(camera, &format!("{camera}-{number}"), number, a_minute_ago());
        bus.produce_message(Topic::Alerts, camera, &message);
    }
}

pub fn ids(camera: &str, numbers: std::ops::Range<u64>) -> Vec<String> {
    numbers.map(|number| format!("{camera}-{number}")).collect()
}

pub fn request(token: &str) -> v1::SubscribeRequest {
    v1::SubscribeRequest { resume_token: token.to_owned(), ..Default::default() }
}

#[test]
fn a_subscriber_resumes_without_gap_or_duplicate() {
    let bus = kafka().bus("grpc-resume", 3);
    // A subscriber without a token does not receive earlier alerts.
    publish(&bus, "old", 0..3);
    let (_service, address) = start(&bus, &[]);
    Runtime::new().unwrap().block_on(async {
        let client = connect(&address).await;
        let mut first = Subscriber::new(&client, request("")).await.unwrap();
        publish(&bus, "cam", 0..5);
        assert_eq!(first.take(5).await, ids("cam", 0..5));
        let token = first.token.clone();
        drop(first);
        publish(&bus, "cam", 5..9);
        let mut second = Subscriber::new(&client, request(&token)).await.unwrap();
        publish(&bus, "cam", 9..10);
        assert_eq!(second.take(5).await, ids("cam", 5..10));
        assert_eq!(second.missed, 0);
        // The token of a heartbeat is behind the alerts that the filter excluded.
        let filtered = v1::SubscribeRequest { camera_ids: vec!["other".to_owned()], ..request(&second.token) };
        let mut filtered = Subscriber::new(&client, filtered).await.unwrap();
        publish(&bus, "cam", 10..12);
        publish(&bus, "other", 0..1);
        assert_eq!(filtered.take(1).await, ["other-0"]);
        assert_eq!(second.take(3).await.len(), 3);
        let token = filtered.heartbeat().await;
        let mut third = Subscriber::new(&client, request(&token)).await.unwrap();
        publish(&bus, "cam", 12..13);
        assert_eq!(third.take(1).await, ["cam-12"]);
    });
}

#[test]
fn the_first_response_carries_a_token_that_loses_nothing() {
    let bus = kafka().bus("grpc-first", 3);
    let (service, address) = start(&bus, &[]);
    let runtime = Runtime::new().unwrap();
    // Both subscribers disconnect right after the first response, before any alert or heartbeat.
    let token = runtime.block_on(async {
        let client = connect(&address).await;
        let first = Subscriber::new(&client, request("")).await.unwrap();
        let token = first.token.clone();
        drop(first);
        publish(&bus, "cam", 0..3);
        let resumed = Subscriber::new(&client, request(&token)).await.unwrap();
        let token = resumed.token.clone();
        drop(resumed);
        publish(&bus, "cam", 3..5);
        token
    });
    // The token outlives the server.
    service.kill();
    publish(&bus, "cam", 5..8);
    service.restart();
    service.wait_ready(DEADLINE);
    publish(&bus, "cam", 8..9);
    runtime.block_on(async {
        let mut resumed = Subscriber::new(&connect(&address).await, request(&token)).await.unwrap();
        assert_eq!(resumed.take(9).await, ids("cam", 0..9));
        assert_eq!(resumed.missed, 0);
    });
}

#[test]
fn the_first_response_of_a_replay_carries_the_token_of_the_request() {
    let bus = kafka().bus("grpc-first-replay", 1);
    let (service, address) = start(&bus, &[("alerts.ring_alerts", "4")]);
    Runtime::new().unwrap().block_on(async {
        let client = connect(&address).await;
        let mut live = Subscriber::new(&client, request("")).await.unwrap();
        let token = live.token.clone();
        publish(&bus, "cam", 0..100);
        // From here on the ring holds the last four only.
        live.take(100).await;
        let first = Subscriber::new(&client, request(&token)).await.unwrap();
        assert_eq!(first.token, token, "nothing was delivered yet");
        drop(first);
        let mut resumed = Subscriber::new(&client, request(&token)).await.unwrap();
        assert_eq!(resumed.take(100).await, ids("cam", 0..100));
    });
    assert!(service.count("sink_sent_alerts_total", &[("source", "replay")]) > 0);
}

#[test]
fn how_long_alerts_take_is_measured_of_new_ones_only() {
    let bus = kafka().bus("grpc-latency", 1);
    // These are there when the server starts.
    publish(&bus, "cam", 0..3);
    let (service, _) = start(&bus, &[]);
    // One is a repetition, and one is of a file, which was captured long ago.
    publish(&bus, "cam", 2..5);
    let of_a_file =
        v1::Alert { clock_source: v1::ClockSource::File.into(), ..alert("cam", "cam-file", 5, a_minute_ago()) };
    bus.produce_message(Topic::Alerts, "cam", &of_a_file);
    let received = || service.count("sink_received_records_total", &[("sink", "alerts")]);
    wait_until(DEADLINE, "the records to be read", || received() == 7);
    let metrics = service.metrics();
    assert_eq!(metrics.count("sink_glass_to_alert_seconds_count", &[]), 2);
    // They say that they were captured a minute ago.
    assert_eq!(metrics.count("sink_glass_to_alert_seconds_bucket", &[("le", "26.2144")]), 0);
    assert!(metrics.sum("sink_glass_to_alert_seconds_sum", &[]) > 100.0);
}

#[test]
fn an_alert_that_inference_repeats_is_delivered_once() {
    let bus = kafka().bus("grpc-repeated", 1);
    let (small_ring, replaying) = start(&bus, &[("alerts.ring_alerts", "4")]);
    let (_service, live) = start(&bus, &[]);
    Runtime::new().unwrap().block_on(async {
        let client = connect(&live).await;
        let mut first = Subscriber::new(&client, request("")).await.unwrap();
        publish(&bus, "cam", 0..3);
        assert_eq!(first.take(3).await, ids("cam", 0..3));
        let between = first.token.clone();
        // A worker was killed before it committed: the next one raises two of them again.
        publish(&bus, "cam", 1..20);
        assert_eq!(first.take(17).await, ids("cam", 3..20));
        // The ring of the other server holds the last four only.
        let mut other = Subscriber::new(&connect(&replaying).await, request(&between)).await.unwrap();
        assert_eq!(other.take(17).await, ids("cam", 3..20));
        // The token stands between the alerts and their repetition.
        for address in [&live, &replaying] {
            let client = connect(address).await;
            let mut second = Subscriber::new(&client, request(&between)).await.unwrap();
            assert_eq!(second.take(17).await, ids("cam", 3..20));
        }
    });
    assert!(small_ring.count("sink_sent_alerts_total", &[("source", "replay")]) > 0, "the ring has the last four only");
}

#[test]
fn alerts_that_the_ring_has_evicted_are_replayed_from_kafka() {
    let bus = kafka().bus("grpc-replay", 2);
    let (service, address) = start(&bus, &[("alerts.ring_alerts", "4")]);
    Runtime::new().unwrap().block_on(async {
        let client = connect(&address).await;
        let mut first = Subscriber::new(&client, request("")).await.unwrap();
        publish(&bus, "cam", 0..1);
        assert_eq!(first.take(1).await, ["cam-0"]);
        let token = first.token.clone();
        publish(&bus, "cam", 1..200);
        publish(&bus, "cam-b", 0..50);
        // From here on the ring holds the last four only.
        first.take(249).await;
        let mut second = Subscriber::new(&client, request(&token)).await.unwrap();
        publish(&bus, "cam", 200..201);
        let found = second.take(250).await;
        let of = |prefix: &str| found.iter().filter(|id| id.starts_with(prefix)).cloned().collect::<Vec<_>>();
        assert_eq!(of("cam-b-"), ids("cam-b", 0..50));
        let others: Vec<String> = found.iter().filter(|id| !id.starts_with("cam-b-")).cloned().collect();
        assert_eq!(others, ids("cam", 1..201));
        assert_eq!(second.missed, 0);
        assert!(service.metric("sink_sent_alerts_total", &[("source", "replay")]) > 100.0);
        // Kafka deletes old records: the subscriber receives a gap with their number.
        delete_before(&bus, 40).await;
        let mut third = Subscriber::new(&client, request(&token)).await.unwrap();
        let id = third.next().await.unwrap();
        let missed = third.missed;
        assert!(missed > 0, "{id} came without a gap");
        let mut count = 1;
        while count as u64 + missed < 250 {
            third.next().await.unwrap();
            count += 1;
        }
        assert_eq!(count as u64 + missed, 250);
    });
}

async fn delete_before(bus: &Bus, offset: i64) {
    let admin: AdminClient<DefaultClientContext> = bus.config().client("test", &[]).create().unwrap();
    let mut list = TopicPartitionList::new();
    let topic = bus.name(Topic::Alerts);
    for partition in 0..2 {
        list.add_partition_offset(&topic, partition, Offset::Offset(offset)).unwrap();
    }
    admin.delete_records(&list, &AdminOptions::new()).await.unwrap();
    wait_until(DEADLINE, "the records to be deleted", || {
        let marks = vru_runtime::kafka::watermarks(&bus.config(), &topic, DEADLINE).unwrap();
        marks.iter().all(|(_, low, _)| *low == offset)
    });
}

#[test]
fn a_stuck_subscriber_is_disconnected_with_its_token_and_delays_no_other() {
    let bus = kafka().bus("grpc-slow", 1);
    let (service, address) = start(&bus, &[("alerts.queue", "8")]);
    let send = |numbers: std::ops::Range<u64>| {
        for number in numbers {
            let mut message = alert("cam", &format!("cam-{number}"), number, a_minute_ago());
            // Large enough that the buffers of the sockets do not hold them all.
            message.snapshot = vec![number as u8; 400_000].into();
            bus.produce_message(Topic::Alerts, "cam", &message);
        }
    };
    Runtime::new().unwrap().block_on(async {
        let (client, other) = (connect(&address).await, connect(&address).await);
        let with_snapshot = |token: &str| v1::SubscribeRequest { include_snapshot: true, ..request(token) };
        let mut stuck = Subscriber::new(&client, with_snapshot("")).await.unwrap();
        let mut quick = Subscriber::new(&other, with_snapshot("")).await.unwrap();
        for round in 0..30 {
            send(round * 2..round * 2 + 2);
            assert_eq!(quick.take(2).await, ids("cam", round * 2..round * 2 + 2));
        }
        wait_until(DEADLINE, "the stuck subscriber to be disconnected", || {
            service.metric("sink_ended_streams_total", &[("reason", "slow")]) as u64 == 1
        });
        let (mut seen, status) = stuck.read_to_end().await;
        assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
        let token = trailer(&status);
        assert!(status.message().contains(&token));
        assert!(seen.len() < 60);
        let mut resumed = Subscriber::new(&client, with_snapshot(&token)).await.unwrap();
        let rest = 60 - seen.len();
        seen.extend(resumed.take(rest).await);
        assert_eq!(seen, ids("cam", 0..60));
    });
}

#[test]
fn a_subscriber_without_a_valid_token_is_refused() {
    let bus = kafka().bus("grpc-auth", 1);
    let (_service, address) = start(&bus, &[]);
    Runtime::new().unwrap().block_on(async {
        let mut client = connect(&address).await;
        let status = client.subscribe(request("")).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
        let mut forged = tonic::Request::new(request(""));
        forged.metadata_mut().insert("authorization", format!("{}x", bearer(60)).parse().unwrap());
        assert_eq!(client.subscribe(forged).await.unwrap_err().code(), Code::Unauthenticated);
        for token in ["nonsense", "AQAAAAAAAAAAAA"] {
            let Err(status) = Subscriber::new(&client, request(token)).await else { panic!("{token} was accepted") };
            assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        }
    });
}

#[test]
fn grpcurl_works_by_reflection_and_health_is_served() {
    let bus = kafka().bus("grpc-curl", 1);
    let (_service, address) = start(&bus, &[]);
    let grpcurl = |args: &[&str]| {
        let output =
            Command::new(require_asset("bin/grpcurl")).args(["-plaintext", "-max-time", "10"]).args(args).output();
        let output = output.unwrap();
        (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (services, errors) = grpcurl(&[&address, "list"]);
    assert!(services.contains("vru.v1.Alerts") && services.contains("grpc.health.v1.Health"), "{services}{errors}");
    let (described, _) = grpcurl(&[&address, "describe", "vru.v1.SubscribeRequest"]);
    assert!(described.contains("resume_token"), "{described}");
    wait_for(DEADLINE, "the health service to report it", || {
        let (health, errors) =
            grpcurl(&["-d", r#"{"service": "vru.v1.Alerts"}"#, &address, "grpc.health.v1.Health/Check"]);
        if health.contains("SERVING") && !health.contains("NOT_SERVING") { Ok(()) } else { Err(health + &errors) }
    });
    let header = format!("authorization: {}", bearer(60));
    let (stream, errors) = grpcurl(&["-max-time", "5", "-H", &header, "-d", "{}", &address, "vru.v1.Alerts/Subscribe"]);
    for part in ["subscribed", "heartbeat", "resumeToken"] {
        assert!(stream.contains(part), "no {part} in {stream}{errors}");
    }
}

#[test]
fn sigterm_ends_streams_with_their_tokens() {
    let bus = kafka().bus("grpc-term", 1);
    let (service, address) = start(&bus, &[]);
    let runtime = Runtime::new().unwrap();
    let token = runtime.block_on(async {
        let client = connect(&address).await;
        let mut subscriber = Subscriber::new(&client, request("")).await.unwrap();
        publish(&bus, "cam", 0..3);
        assert_eq!(subscriber.take(3).await, ids("cam", 0..3));
        service.signal("TERM");
        let (_, status) = subscriber.read_to_end().await;
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        trailer(&status)
    });
    assert!(service.stop().success());
    publish(&bus, "cam", 3..5);
    service.restart();
    service.wait_ready(DEADLINE);
    runtime.block_on(async {
        let mut resumed = Subscriber::new(&connect(&address).await, request(&token)).await.unwrap();
        assert_eq!(resumed.take(2).await, ids("cam", 3..5));
    });
}

#[test]
fn a_thousand_subscribers_that_reconnect_at_once_are_served() {
    let bus = kafka().bus("grpc-many", 3);
    let (_service, address) = start(&bus, &[]);
    Runtime::new().unwrap().block_on(async {
        let client = connect(&address).await;
        let mut first = Subscriber::new(&client, request("")).await.unwrap();
        publish(&bus, "cam", 0..1);
        first.take(1).await;
        publish(&bus, "cam", 1..21);
        let started = Instant::now();
        let mut clients = Vec::new();
        for _ in 0..50 {
            clients.push(connect(&address).await);
        }
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..1_000 {
            let (client, token) = (clients[number % 50].clone(), first.token.clone());
            tasks.spawn(async move { Subscriber::new(&client, request(&token)).await.unwrap().take(20).await });
        }
        while let Some(found) = tasks.join_next().await {
            assert_eq!(found.unwrap(), ids("cam", 1..21));
        }
        assert!(started.elapsed() < DEADLINE, "took {:?}", started.elapsed());
    });
}

#[test]
fn configuration_mistakes_are_listed_together() {
    let settings = [
        ("alerts.auth", "none"),
        ("alerts.queue", "0"),
        ("alerts.tls.key", "/no/such/key"),
        ("postgres.batch.max_records", "0"),
        ("s3.prefix", "/x"),
    ];
    let output = vru_runtime::test_util::run_to_end("vru-sink", &["--check-config"], &settings);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    for part in ["auth", "queue", "tls.certificate: and `key`", "postgres.batch.max_records", "s3.prefix"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let on_loopback = [("alerts.jwt.secret", SECRET), ("alerts.jwt.issuer", ISSUER), ("alerts.jwt.audience", AUDIENCE)];
    let mut settings = on_loopback.to_vec();
    settings.push(("alerts.listen", "127.0.0.1:50051"));
    let output = vru_runtime::test_util::run_to_end("vru-sink", &["--check-config"], &settings);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
