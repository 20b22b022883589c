//! A thousand subscribers on loopback: delivered alerts per second, and the latency of one alert. Ours is the real program, from
//! Kafka to gRPC; the peer is a bare tonic stream of the same bytes, in a process of its own.
//!
//! Does not measure: TLS, networks, filters, and tokens (authorisation is off). The time of ours starts when the alerts are
//! passed to the Kafka client, that of the bare stream when its server is told to send.

#[path = "alerts_parts/crowd.rs"]
mod crowd;
#[path = "alerts_parts/tonic_server.rs"]
mod tonic_server;

use std::time::{Duration, Instant};

use prost::Message as _;
use vru_benches::inputs::hand_over;
use vru_benches::measure::Turns;
use vru_benches::publish::publish_all;
use vru_benches::row::{BenchRow, Goal};
use vru_proto::v1;
use vru_runtime::clock::now_us;
use vru_runtime::kafka::{Producer, ProducerOptions};
use vru_runtime::test_util::{ServiceLaunch, Topic, free_port, kafka};

use crowd::Crowd;

const SUBSCRIBERS: usize = 1_000;
const TURNS: usize = 5;
// Less than a subscriber's queue holds: no subscriber is disconnected for being slow.
const BURST: usize = 200;
const SINGLES: usize = 40;
const PAUSE: Duration = Duration::from_millis(100);
const DEADLINE: Duration = Duration::from_mins(1);

fn main() {
    if tonic_server::is_requested() {
        return tonic_server::serve();
    }
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    runtime.block_on(measure());
}

async fn measure() {
    let bus = kafka().bus("bench-alerts", 1);
    let address = format!("127.0.0.1:{}", free_port());
    let service = ServiceLaunch::new("vru-sink")
        .args(["alerts"])
        .bus(&bus)
        .set("alerts.listen", &address)
        .set("alerts.auth", "none")
        .set("alerts.heartbeat", "30s")
        .start();
    service.wait_ready(DEADLINE);
    let producer = bus.config().producer(&ProducerOptions::default()).expect("a producer can be made");
    let topic = bus.name(Topic::Alerts);

    let ours = Crowd::gather(&address, SUBSCRIBERS).await;
    publish(&producer, &topic, 1).await;
    ours.wait_for(1, DEADLINE).await;
    let response = ours.last_response().encode_to_vec();
    let mut tonic = tonic_server::start(&hand_over("response.bin", &response));
    let bare = Crowd::gather(tonic.address(), SUBSCRIBERS).await;
    tonic.command("1");
    bare.wait_for(1, DEADLINE).await;

    let mut bursts = Turns::default();
    // The first turn is the warm-up of both sides.
    for turn in 0..=TURNS {
        let started = Instant::now();
        publish(&producer, &topic, BURST).await;
        ours.wait_for(BURST, DEADLINE).await;
        let ours_took = started.elapsed();
        let started = Instant::now();
        tonic.command(&BURST.to_string());
        bare.wait_for(BURST, DEADLINE).await;
        let bare_took = started.elapsed();
        if turn > 0 {
            let rate = |took: Duration| (BURST * SUBSCRIBERS) as f64 / took.as_secs_f64();
            bursts.add(rate(ours_took), rate(bare_took));
        }
    }
    let peer = "a bare tonic 0.14 stream of the same bytes";
    BenchRow::of("alerts/deliveries", &bursts, 1.0, "alerts/s", Goal::AtLeast(0.9), peer).save();

    ours.forget_latencies();
    bare.forget_latencies();
    for _ in 0..SINGLES {
        publish(&producer, &topic, 1).await;
        ours.wait_for(1, DEADLINE).await;
        tokio::time::sleep(PAUSE).await;
        tonic.command("1");
        bare.wait_for(1, DEADLINE).await;
        tokio::time::sleep(PAUSE).await;
    }
    let mut latency = Turns::default();
    latency.add(ours.latency_ms(0.99), bare.latency_ms(0.99));
    BenchRow::of("alerts/p99 of one alert", &latency, 1.0, "ms", Goal::Within(50.0), peer).save();
}

async fn publish(producer: &Producer, topic: &str, count: usize) {
    let alerts: Vec<Vec<u8>> = (0..count).map(|number| alert(number).encode_to_vec()).collect();
    publish_all(producer, topic, alerts.iter().map(|alert| ("camera", alert.as_slice()))).await;
}

fn alert(number: usize) -> v1::Alert {
    let emitted_at_us = now_us();
    // Each id is new: repeated alerts are delivered once.
    let id = format!("alert-{emitted_at_us}-{number:04}");
    v1::Alert {
        rule_id: "crossing".to_owned(),
        severity: v1::Severity::Warning.into(),
        camera_id: "camera".to_owned(),
        zone_id: "zone-1".to_owned(),
        track_ids: vec![7],
        class: v1::RoadUserClass::Pedestrian.into(),
        r#box: Some(v1::Box { left: 1.0, top: 2.0, width: 3.0, height: 4.0 }),
        frame_id: Some(v1::FrameId { camera_id: "camera".to_owned(), session: 1, sequence: number as u64 }),
        captured_at_us: emitted_at_us - 40_000,
        clock_source: v1::ClockSource::Arrival.into(),
        emitted_at_us,
        snapshot_key: vru_proto::names::snapshot_key(emitted_at_us, "camera", &id),
        clip_key: vru_proto::names::clip_key(emitted_at_us, "camera", &id),
        source_width: 1920,
        source_height: 1080,
        id,
        ..v1::Alert::default()
    }
}
