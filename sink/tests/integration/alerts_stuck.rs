//! Subscribers that do not read: what they cost, and how their streams end.

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tonic::Code;
use vru_proto::v1;
use vru_runtime::test_util::{Bus, ServiceProcess, Topic, eventually, kafka, resident_bytes, wait_until};

use crate::alerts::{DEADLINE, ids, request, start};
use crate::messages::{a_minute_ago, alert};
use crate::subscriber::{Subscriber, bearer, connect, connect_with_small_windows, trailer};

const SNAPSHOT: usize = 200_000;

/// Publishes alerts that no window holds.
fn publish_large(bus: &Bus, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let mut message = alert("cam", &format!("cam-{number}"), number, a_minute_ago());
        message.snapshot = vec![number as u8; SNAPSHOT].into();
        bus.produce_message(Topic::Alerts, "cam", &message);
    }
}

fn with_snapshot(token: &str) -> v1::SubscribeRequest {
    v1::SubscribeRequest { include_snapshot: true, ..request(token) }
}

fn wait_for_end(service: &ServiceProcess, reason: &str) {
    wait_until(DEADLINE, &format!("a stream to end: {reason}"), || {
        service.count("sink_ended_streams_total", &[("reason", reason)]) == 1
    });
    wait_until(DEADLINE, "the subscriber to be gone", || {
        service.metric("sink_alert_subscribers", &[("state", "connected")]) as u64 == 0
    });
}

/// Reads what a stuck subscriber has received, and resumes: nothing is lost and nothing comes twice.
async fn comes_back(address: &str, mut stuck: Subscriber, code: Code, count: u64) {
    let (mut seen, status) = stuck.read_to_end().await;
    assert_eq!(status.code(), code, "{status:?}");
    let token = trailer(&status);
    assert_eq!(token, stuck.token, "the token is the one of the last whole response");
    let mut resumed = Subscriber::new(&connect(address).await, with_snapshot(&token)).await.unwrap();
    seen.extend(resumed.take(count as usize - seen.len()).await);
    assert_eq!(seen, ids("cam", 0..count));
}

#[test]
fn a_stream_whose_token_expires_ends_although_the_subscriber_does_not_read() {
    let bus = kafka().bus("grpc-stuck-expired", 1);
    let (service, address) = start(&bus, &[("alerts.jwt.leeway", "0s"), ("alerts.stalled_after", "5m")]);
    Runtime::new().unwrap().block_on(async {
        let client = connect_with_small_windows(&address).await;
        let stuck = Subscriber::with_bearer(&client, with_snapshot(""), &bearer(8)).await.unwrap();
        publish_large(&bus, 0..5);
        wait_for_end(&service, "expired");
        comes_back(&address, stuck, Code::Unauthenticated, 5).await;
    });
}

#[test]
fn a_subscriber_that_takes_nothing_for_too_long_is_disconnected() {
    let bus = kafka().bus("grpc-stuck-stalled", 1);
    let (service, address) = start(&bus, &[("alerts.stalled_after", "2s"), ("alerts.queue", "1000")]);
    Runtime::new().unwrap().block_on(async {
        let client = connect_with_small_windows(&address).await;
        let stuck = Subscriber::new(&client, with_snapshot("")).await.unwrap();
        publish_large(&bus, 0..5);
        wait_for_end(&service, "slow");
        comes_back(&address, stuck, Code::ResourceExhausted, 5).await;
    });
}

#[test]
fn a_stopping_server_ends_the_stream_of_a_subscriber_that_does_not_read() {
    let bus = kafka().bus("grpc-stuck-stop", 1);
    let (service, address) = start(&bus, &[("alerts.stalled_after", "5m"), ("alerts.queue", "1000")]);
    Runtime::new().unwrap().block_on(async {
        let client = connect_with_small_windows(&address).await;
        let stuck = Subscriber::new(&client, with_snapshot("")).await.unwrap();
        publish_large(&bus, 0..5);
        wait_until(DEADLINE, "an alert to be on its way", || service.count("sink_sent_alerts_total", &[]) > 0);
        assert!(service.stop().success(), "{}", service.log_tail());
        service.restart();
        service.wait_ready(DEADLINE);
        comes_back(&address, stuck, Code::Unavailable, 5).await;
    });
}

#[test]
fn a_subscriber_of_a_replay_that_does_not_read_is_disconnected_and_frees_its_turn() {
    let bus = kafka().bus("grpc-stuck-replay", 1);
    let settings = [("alerts.ring_alerts", "1"), ("alerts.max_replays", "1"), ("alerts.stalled_after", "2s")];
    let (service, address) = start(&bus, &settings);
    Runtime::new().unwrap().block_on(async {
        let quick = connect(&address).await;
        let token = Subscriber::new(&quick, with_snapshot("")).await.unwrap().token;
        publish_large(&bus, 0..20);
        let client = connect_with_small_windows(&address).await;
        let stuck = Subscriber::new(&client, with_snapshot(&token)).await.unwrap();
        // Another one gets its turn when the first is given up.
        let mut other = Subscriber::new(&quick, with_snapshot(&token)).await.unwrap();
        assert_eq!(other.take(20).await, ids("cam", 0..20));
        wait_until(DEADLINE, "the stuck one to be disconnected", || {
            service.count("sink_ended_streams_total", &[("reason", "slow")]) == 1
        });
        comes_back(&address, stuck, Code::ResourceExhausted, 20).await;
    });
}

#[test]
fn a_live_subscriber_that_falls_behind_the_ring_is_served_from_kafka() {
    let bus = kafka().bus("grpc-behind", 1);
    let settings = [("alerts.ring_alerts", "2"), ("alerts.queue", "1000"), ("alerts.stalled_after", "5m")];
    let (service, address) = start(&bus, &settings);
    Runtime::new().unwrap().block_on(async {
        let client = connect_with_small_windows(&address).await;
        let mut late = Subscriber::new(&client, with_snapshot("")).await.unwrap();
        publish_large(&bus, 0..40);
        let mut quick = Subscriber::new(&connect(&address).await, with_snapshot(&late.token)).await.unwrap();
        assert_eq!(quick.take(40).await, ids("cam", 0..40));
        // The ring holds the last two only, and this one has read none.
        assert_eq!(late.take(40).await, ids("cam", 0..40));
        assert_eq!(late.missed, 0);
    });
    assert!(service.count("sink_alert_replays_total", &[("reason", "behind the ring")]) > 0);
}

#[test]
fn a_thousand_stuck_subscribers_cost_no_alert() {
    let bus = kafka().bus("grpc-stuck-many", 1);
    let settings = [("alerts.ring_bytes", "8388608"), ("alerts.queue", "100000"), ("alerts.stalled_after", "5m")];
    let (service, address) = start(&bus, &settings);
    Runtime::new().unwrap().block_on(async {
        let mut quick = Subscriber::new(&connect(&address).await, with_snapshot("")).await.unwrap();
        // The memory that Kafka's client needs for these alerts.
        publish_large(&bus, 0..500);
        assert_eq!(quick.take(500).await.len(), 500);
        let mut stuck = Vec::new();
        for _ in 0..10 {
            let client = connect_with_small_windows(&address).await;
            for _ in 0..100 {
                stuck.push(Subscriber::new(&client, with_snapshot("")).await.unwrap());
            }
        }
        let before = resident_bytes(service.pid());
        publish_large(&bus, 500..1_000);
        assert_eq!(quick.take(500).await.len(), 500);
        assert_eq!(service.count("sink_ended_streams_total", &[]), 0);
        let grown = resident_bytes(service.pid()).saturating_sub(before);
        println!("1000 stuck subscribers: {} KB more after 100 MB of alerts", grown / 1024);
        assert!(grown < 48 * 1024 * 1024, "{} MB for {} stuck subscribers", grown / 1024 / 1024, stuck.len());
    });
}

/// A client whose process hangs: its socket stays open, and nobody reads it.
#[test]
fn a_client_that_reads_nothing_from_its_connection_is_given_up() {
    let bus = kafka().bus("grpc-stuck-socket", 1);
    let (service, address) = start(&bus, &[("alerts.keepalive", "1s"), ("alerts.stalled_after", "5m")]);
    Runtime::new().unwrap().block_on(async {
        let socket = TcpStream::connect(&address).await.unwrap();
        let mut builder = h2::client::Builder::new();
        builder.initial_window_size(1 << 30).initial_connection_window_size(1 << 30);
        let (mut sender, mut connection) = builder.handshake::<_, Bytes>(socket).await.unwrap();
        let request = http::Request::post(format!("http://{address}/vru.v1.Alerts/Subscribe"))
            .header("content-type", "application/grpc")
            .header("authorization", bearer(600))
            .body(())
            .unwrap();
        let (response, mut body) = sender.send_request(request, false).unwrap();
        // An empty message that wants snapshots.
        let message = prost::Message::encode_to_vec(&with_snapshot(""));
        let mut framed = vec![0];
        framed.extend((message.len() as u32).to_be_bytes());
        framed.extend(message);
        body.send_data(framed.into(), true).unwrap();
        let response = tokio::select! {
            response = response => response.unwrap(),
            ended = &mut connection => panic!("{ended:?}"),
        };
        assert_eq!(response.status(), 200);
        // From here on nobody polls the connection.
        publish_large(&bus, 0..100);
        eventually(DEADLINE, "the subscriber to be given up", async || {
            let connected = service.metric("sink_alert_subscribers", &[("state", "connected")]) as u64;
            let open = service.metric("sink_alert_connections", &[]) as u64;
            if (connected, open) == (0, 0) { Ok(()) } else { Err(format!("{connected} connected, {open} open")) }
        })
        .await;
        drop((response, connection));
    });
}
