//! Subscribers that disconnect and resume by their tokens lose nothing and receive nothing twice.

use std::collections::BTreeSet;

use rand::Rng as _;
use vru_proto::{FrameKey, v1};
use vru_runtime::clock::now_us;
use vru_runtime::test_util::{Bus, Topic, seeded_rng, wait_for};

use crate::pipeline::{DEADLINE, Pipeline, start};
use crate::subscriber::Subscriber;

const CAMERAS: u64 = 5;
const ALERTS: u64 = 400;

fn alert(number: u64) -> v1::Alert {
    let camera = format!("cam-{}", number % CAMERAS);
    let key = FrameKey { camera: camera.parse().unwrap(), session: 7, sequence: number };
    v1::Alert {
        id: format!("alert-{number}"),
        rule_id: "rule".to_owned(),
        severity: v1::Severity::Warning.into(),
        camera_id: camera,
        zone_id: "zone".to_owned(),
        track_ids: vec![number],
        class: v1::RoadUserClass::Pedestrian.into(),
        r#box: Some(v1::Box { left: 1.0, top: 2.0, width: 3.0, height: 4.0 }),
        frame_id: Some((&key).into()),
        captured_at_us: now_us(),
        clock_source: v1::ClockSource::Arrival.into(),
        emitted_at_us: now_us(),
        source_width: 640,
        source_height: 480,
        ..Default::default()
    }
}

fn publish(bus: &Bus, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let alert = alert(number);
        bus.produce_message(Topic::Alerts, &alert.camera_id, &alert);
    }
}

fn wait_for_alerts(subscriber: &Subscriber, count: usize) {
    wait_for(DEADLINE, &format!("{count} alerts"), || {
        let got = subscriber.alerts().len();
        if got >= count { Ok(()) } else { Err(format!("{got} received; ended: {:?}", subscriber.ended())) }
    });
}

#[test]
fn resuming_by_token_loses_and_duplicates_nothing() {
    let mut random = seeded_rng("resuming_by_token_loses_and_duplicates_nothing");
    let pipeline = Pipeline::new("resume", 3);
    let [sink] = start([pipeline.sink().set("postgres.enabled", "false").set("s3.enabled", "false")]);
    let mut subscriber = Subscriber::connect(pipeline.grpc_port, v1::SubscribeRequest::default());
    let mut got: Vec<String> = Vec::new();
    let mut published = 0;
    while published < ALERTS {
        let next = (published + random.random_range(20..60)).min(ALERTS);
        publish(&pipeline.bus, published..next);
        published = next;
        // The connection is lost somewhere among them, perhaps before the first.
        let before = random.random_range(0..=published as usize - got.len());
        wait_for_alerts(&subscriber, before);
        let (token, alerts) = subscriber.token_and_alerts();
        got.extend(alerts.into_iter().map(|alert| alert.id));
        drop(subscriber);
        let request = v1::SubscribeRequest { resume_token: token, ..Default::default() };
        subscriber = Subscriber::connect(pipeline.grpc_port, request);
    }
    wait_for_alerts(&subscriber, ALERTS as usize - got.len());
    got.extend(subscriber.alerts().into_iter().map(|alert| alert.id));
    let distinct: BTreeSet<_> = got.iter().cloned().collect();
    assert_eq!(distinct, (0..ALERTS).map(|number| format!("alert-{number}")).collect(), "some are missing or unknown");
    assert_eq!(got.len() as u64, ALERTS, "some came twice");
    for camera in 0..CAMERAS {
        let of_camera = |id: &&String| id.trim_start_matches("alert-").parse::<u64>().unwrap() % CAMERAS == camera;
        let order: Vec<u64> =
            got.iter().filter(of_camera).map(|id| id.trim_start_matches("alert-").parse().unwrap()).collect();
        assert!(order.is_sorted(), "cam-{camera} is out of order: {order:?}");
    }
    assert_eq!(subscriber.missed(), 0);
    assert!(sink.stop().success());
}

#[test]
fn a_token_outlives_the_server() {
    let pipeline = Pipeline::new("outlive", 2);
    let [sink] = start([pipeline.sink().set("postgres.enabled", "false").set("s3.enabled", "false")]);
    let subscriber = Subscriber::connect(pipeline.grpc_port, v1::SubscribeRequest::default());
    publish(&pipeline.bus, 0..50);
    wait_for_alerts(&subscriber, 50);
    let token = subscriber.last_token();
    sink.kill();
    publish(&pipeline.bus, 50..80);
    sink.restart();
    sink.wait_ready(DEADLINE);
    let request = v1::SubscribeRequest { resume_token: token, ..Default::default() };
    let resumed = Subscriber::connect(pipeline.grpc_port, request);
    wait_for_alerts(&resumed, 30);
    let got: BTreeSet<_> = resumed.alerts().into_iter().map(|alert| alert.id).collect();
    assert_eq!(got, (50..80).map(|number| format!("alert-{number}")).collect());
    assert_eq!(resumed.alerts().len(), 30);
}

#[test]
fn filters_select_alerts_and_heartbeats_show_that_a_quiet_stream_is_alive() {
    let pipeline = Pipeline::new("filter", 2);
    let [_sink] = start([pipeline.sink().set("postgres.enabled", "false").set("s3.enabled", "false")]);
    let of_camera = v1::SubscribeRequest { camera_ids: vec!["cam-2".to_owned()], ..Default::default() };
    let of_severity = v1::SubscribeRequest { severities: vec![v1::Severity::Critical.into()], ..Default::default() };
    let of_camera = Subscriber::connect(pipeline.grpc_port, of_camera);
    let of_severity = Subscriber::connect(pipeline.grpc_port, of_severity);
    publish(&pipeline.bus, 0..50);
    wait_for_alerts(&of_camera, 10);
    wait_for(DEADLINE, "heartbeats", || if of_severity.heartbeats() >= 2 { Ok(()) } else { Err("none".to_owned()) });
    assert!(of_camera.alerts().iter().all(|alert| alert.camera_id == "cam-2"));
    assert_eq!(of_camera.alerts().len(), 10);
    assert_eq!(of_severity.alerts().len(), 0);
}
