//! Snapshots and clips of alerts: when they are written, and what is read for them.

use std::collections::BTreeSet;
use std::time::Duration;

use prost::Message as _;
use vru_proto::v1;
use vru_runtime::clock::now_us;
use vru_runtime::test_util::{
    Bus, KafkaServer, S3Server, ServiceLaunch, ServiceProcess, Topic, kafka, require_asset, s3, wait_for, wait_until,
};

use crate::messages::{a_minute_ago, alert};
use crate::s3::{alerts_lag, launch, objects};

const DEADLINE: Duration = Duration::from_mins(2);
const FRAME_US: i64 = 100_000;

fn picture() -> Vec<u8> {
    std::fs::read(require_asset("stills/bus.jpg")).unwrap()
}

/// The camera's frame, ten of which follow in a second.
fn frame(camera: &str, sequence: u64, begin_us: i64, payload: &[u8]) -> v1::Frame {
    v1::Frame {
        id: Some(v1::FrameId { camera_id: camera.to_owned(), session: 1, sequence }),
        captured_at_us: begin_us + sequence as i64 * FRAME_US,
        width: 810,
        height: 1080,
        source_width: 810,
        source_height: 1080,
        encoding: v1::Encoding::Jpeg.into(),
        key_frame: true,
        payload: payload.to_vec().into(),
        ..Default::default()
    }
}

fn publish_alert(bus: &Bus, camera: &str, id: &str, captured_at_us: i64) -> v1::Alert {
    let mut alert = alert(camera, id, 1, captured_at_us);
    alert.snapshot = b"snapshot".to_vec().into();
    bus.produce_at(Topic::Alerts, camera, &alert.encode_to_vec(), captured_at_us / 1_000);
    alert
}

fn start(launch: ServiceLaunch) -> ServiceProcess {
    let service = launch.start();
    service.wait_ready(DEADLINE);
    service
}

fn keys(server: &S3Server, bucket: &str, prefix: &str) -> BTreeSet<String> {
    objects(server, bucket, prefix).into_keys().collect()
}

#[test]
fn snapshots_are_written_and_committed_while_any_number_of_clips_wait() {
    let (bus, server) = (kafka().bus("s3-snapshots", 1), s3());
    let bucket = server.bucket();
    // Every clip waits for two minutes of video.
    let service = start(launch(&bus, server, &bucket).set("s3.clip.after", "2m"));
    let expected: BTreeSet<String> =
        (0..300).map(|number| publish_alert(&bus, "cam-a", &format!("a-{number}"), now_us()).snapshot_key).collect();
    wait_until(DEADLINE, "all snapshots to be committed", || alerts_lag(&bus, "snapshots") == 0);
    assert_eq!(keys(server, &bucket, "snapshots/"), expected);
    assert_eq!(alerts_lag(&bus, "clips"), 300);
    // What waits does not delay the end.
    assert!(service.stop().success());
}

#[test]
fn clips_that_overlap_share_a_read_of_little_more_than_their_window() {
    let (bus, server) = (kafka().bus("s3-narrow", 1), s3());
    let bucket = server.bucket();
    let (picture, begin) = (picture(), a_minute_ago());
    // Eight cameras in one partition, for 60 s. Those without an alert have records that are no frames: they must not be parsed.
    let (noise, mut bytes_per_second) = (vec![0xff; 20_000], 0);
    for sequence in 0..600 {
        for camera in 0..8 {
            let name = format!("cam-{camera}");
            let time_ms = (begin + sequence as i64 * FRAME_US) / 1_000;
            let around_alerts = camera < 3 && (240..360).contains(&sequence);
            let payload =
                if around_alerts { frame(&name, sequence, begin, &picture).encode_to_vec() } else { noise.clone() };
            if sequence == 300 {
                bytes_per_second += payload.len() as u64 * 10;
            }
            bus.produce_at(Topic::Frames, &name, &payload, time_ms);
        }
    }
    let clips: BTreeSet<String> = (0..3)
        .map(|camera| {
            let time = begin + (298 + camera) * FRAME_US;
            publish_alert(&bus, &format!("cam-{camera}"), &format!("a-{camera}"), time).clip_key
        })
        .collect();
    let service = start(launch(&bus, server, &bucket).set("s3.clip.before", "2s").set("s3.clip.after", "2s"));
    wait_until(DEADLINE, "all clips to be done", || alerts_lag(&bus, "clips") == 0);
    assert_eq!(keys(server, &bucket, "clips/"), clips);
    assert_eq!(service.metric("sink_clip_reads_total", &[]) as u64, 1);
    // Four seconds of window, 0.2 s between the alerts, and margins.
    let (read, limit) = (service.metric("sink_clip_read_bytes_total", &[]) as u64, bytes_per_second * 6);
    assert!(read < limit, "{read} bytes were read for three clips, of at most {limit}");
}

#[test]
fn the_clip_of_a_file_has_the_files_frames() {
    let (bus, server) = (kafka().bus("s3-file", 2), s3());
    let bucket = server.bucket();
    let (picture, begin) = (picture(), a_minute_ago());
    for sequence in 0..20 {
        let delivery = v1::Delivery::EveryFrame.into();
        bus.put_frame(&v1::Frame { delivery, ..frame("cam-a", sequence, begin, &picture) });
    }
    let alert =
        v1::Alert { clock_source: v1::ClockSource::File.into(), ..alert("cam-a", "a-1", 10, begin + 1_000_000) };
    bus.produce_message(Topic::Alerts, "cam-a", &alert);
    let service = start(launch(&bus, server, &bucket).set("s3.clip.slack", "2s"));
    wait_until(DEADLINE, "the clip to be done", || alerts_lag(&bus, "clips") == 0);
    assert_eq!(keys(server, &bucket, "clips/"), BTreeSet::from([alert.clip_key]));
    assert!(service.stop().success());
}

#[test]
fn an_alert_that_names_no_clip_gets_none_although_its_frames_are_there() {
    let (bus, server) = (kafka().bus("s3-private", 1), s3());
    let bucket = server.bucket();
    let (picture, begin) = (picture(), a_minute_ago());
    for sequence in 0..20 {
        bus.produce_at(
            Topic::Frames,
            "cam-a",
            &frame("cam-a", sequence, begin, &picture).encode_to_vec(),
            begin / 1_000,
        );
    }
    let at = begin + 1_000_000;
    let private = v1::Alert { clip_key: String::new(), ..alert("cam-a", "a-1", 10, at) };
    bus.produce_at(Topic::Alerts, "cam-a", &private.encode_to_vec(), at / 1_000);
    let shown = publish_alert(&bus, "cam-a", "a-2", at);
    let service = start(launch(&bus, server, &bucket).set("s3.clip.slack", "2s"));
    wait_until(DEADLINE, "the clips to be done", || alerts_lag(&bus, "clips") == 0);
    assert_eq!(keys(server, &bucket, "clips/"), BTreeSet::from([shown.clip_key]));
    assert!(service.stop().success());
}

#[test]
fn a_clip_whose_frames_cannot_be_read_is_tried_again_until_kafka_is_back() {
    let (kafka, server) = (KafkaServer::start(), s3());
    let (bus, bucket) = (kafka.bus("s3-retry", 1), server.bucket());
    let service = start(launch(&bus, server, &bucket).set("s3.clip.before", "1s").set("s3.clip.after", "20s"));
    let (picture, begin) = (picture(), now_us() - 2_000_000);
    for sequence in 0..20 {
        bus.produce_message(Topic::Frames, "cam-a", &frame("cam-a", sequence, begin, &picture));
    }
    let alert = publish_alert(&bus, "cam-a", "a-1", begin + 1_000_000);
    wait_until(DEADLINE, "the alert to be taken", || alerts_lag(&bus, "snapshots") == 0);
    kafka.server.kill();
    wait_for(DEADLINE, "the failed read to be reported", || match service.ready() {
        Ok((503, body)) if body.contains("frames of a clip") => Ok(()),
        other => Err(format!("{other:?}")),
    });
    kafka.server.restart();
    wait_until(DEADLINE, "the clip to be done", || alerts_lag(&bus, "clips") == 0);
    assert_eq!(keys(server, &bucket, "clips/"), BTreeSet::from([alert.clip_key]));
    service.wait_ready(DEADLINE);
}

#[test]
fn alerts_that_are_done_while_the_sink_stops_are_committed() {
    let (bus, server) = (kafka().bus("s3-drain", 1), S3Server::start());
    let bucket = server.bucket();
    let service = start(launch(&bus, &server, &bucket).set("s3.clip.enabled", "false").set("s3.timeout", "1m"));
    server.server.pause();
    for number in 0..5 {
        publish_alert(&bus, "cam-a", &format!("a-{number}"), now_us());
    }
    wait_until(DEADLINE, "the alerts to be taken", || {
        service.metric("sink_received_records_total", &[("topic", &bus.name(Topic::Alerts))]) as u64 == 5
    });
    service.signal("TERM");
    server.server.resume();
    let ended = wait_for(DEADLINE, "the sink to stop", || service.ended().ok_or_else(|| "it still runs".to_owned()));
    assert!(ended.success(), "{}", service.log_tail());
    assert_eq!(keys(&server, &bucket, "snapshots/").len(), 5);
    assert_eq!(alerts_lag(&bus, "snapshots"), 0);
}
