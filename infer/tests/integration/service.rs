//! Tests of the real binary with the real Kafka. Counts are compared exactly.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use vru_infer::analysis::{AnalysisSettings, CameraAnalysis};
use vru_infer::decode::FrameDecoder;
use vru_proto::{FrameKey, v1};
use vru_runtime::kafka::partition_of;
use vru_runtime::test_util::{Bus, ServiceLaunch, ServiceProcess, Topic, kafka, run_to_end, wait_for, wait_until};

use crate::clip::{access_units, coded_frame, jpeg_frame, jpegs};
use crate::support::{asset, nanodet};

/// Bounds a test that hangs. Long, because the model is slow on a loaded machine.
const DEADLINE: Duration = Duration::from_mins(5);

/// A counter's sum over all its series.
pub fn count(service: &ServiceProcess, name: &str) -> u64 {
    service.metric(name, &[]) as u64
}

pub fn launch(bus: &Bus) -> ServiceLaunch {
    ServiceLaunch::new("vru-infer")
        .bus(bus)
        .env("MODEL_PATH", asset("models/nanodet-g.onnx"))
        .set("model.onnxruntime", asset("onnxruntime/libonnxruntime.so"))
        .set("group", format!("{}infer", bus.prefix()))
}

pub fn start(bus: &Bus) -> ServiceProcess {
    let service = launch(bus).start();
    service.wait_ready(DEADLINE);
    service
}

/// A camera with one rule, whose zone is the whole picture.
pub fn camera(id: &str) -> v1::CameraConfig {
    let corner = |x, y| v1::Point { x, y };
    let presence = v1::ZonePresence { zone_id: "all".to_owned(), min_frames: 5, ..Default::default() };
    v1::CameraConfig {
        id: id.to_owned(),
        enabled: true,
        source: Some(v1::camera_config::Source::File(v1::FileSource { path: "clip".to_owned(), ..Default::default() })),
        zones: vec![v1::Zone {
            id: "all".to_owned(),
            polygon: vec![corner(0.0, 0.0), corner(1.0, 0.0), corner(1.0, 1.0), corner(0.0, 1.0)],
            ..Default::default()
        }],
        rules: vec![v1::Rule {
            id: "presence".to_owned(),
            severity: v1::Severity::Warning.into(),
            kind: Some(v1::rule::Kind::ZonePresence(presence)),
        }],
        ..Default::default()
    }
}

pub fn publish(bus: &Bus, frames: &[v1::Frame]) {
    for frame in frames {
        bus.put_frame(frame);
    }
}

fn key(detections: &v1::FrameDetections) -> FrameKey {
    FrameKey::try_from(detections.frame_id.as_ref().unwrap()).unwrap()
}

/// The detections and alert ids that `vru analyse` gives for the same frames.
fn offline(frames: &[v1::Frame], config: &v1::CameraConfig) -> (Vec<v1::FrameDetections>, BTreeSet<String>) {
    let mut engine = nanodet();
    let model = engine.model().clone();
    let mut decoder = FrameDecoder::new(model.clone());
    let mut analysis = CameraAnalysis::new(Some(config), AnalysisSettings::of(model));
    let mut messages = Vec::new();
    let mut alerts = BTreeSet::new();
    for frame in frames {
        for decoded in decoder.decode(frame.clone()).frames {
            let found = engine.infer(&[&decoded.picture]).unwrap().remove(0);
            let timings = v1::StageTimings::default();
            let (message, raised) = analysis.observe(&decoded.frame, &found, Some(&decoded.picture), timings);
            messages.push(message);
            alerts.extend(raised.into_iter().filter(v1::Alert::is_raised).map(|alert| alert.id));
        }
    }
    (messages, alerts)
}

/// Waits until the detections of `count` frames are published. Returns all published messages, in order for each camera.
pub fn wait_for_frames(bus: &Bus, count: usize) -> Vec<v1::FrameDetections> {
    wait_for(DEADLINE, "all frames to be analysed", || {
        let messages: Vec<v1::FrameDetections> = bus.messages(Topic::Detections);
        let distinct = messages.iter().map(key).collect::<BTreeSet<_>>().len();
        if distinct == count { Ok(messages) } else { Err(format!("{distinct} of {count} frames")) }
    })
}

pub fn wait_for_commit(bus: &Bus) {
    let group = format!("{}infer", bus.prefix());
    wait_until(DEADLINE, "the offsets to be committed", || bus.frames_lag(&group) == 0);
}

fn alert_ids(bus: &Bus) -> Vec<String> {
    bus.messages::<v1::Alert>(Topic::Alerts).into_iter().filter(v1::Alert::is_raised).map(|alert| alert.id).collect()
}

#[test]
fn every_frame_of_two_files_is_published_once_in_order_and_equal_to_the_offline_analysis() {
    let bus = kafka().bus("infer-files", 2);
    bus.put_camera(&camera("left"));
    bus.put_camera(&camera("right"));
    let pictures = jpegs(60);
    let frames = |camera: &str| -> Vec<v1::Frame> {
        (0..)
            .zip(&pictures)
            .map(|(sequence, jpeg)| jpeg_frame(camera, sequence, jpeg, v1::Delivery::EveryFrame))
            .collect()
    };
    let (left, right) = (frames("left"), frames("right"));
    let service = start(&bus);
    publish(&bus, &left);
    publish(&bus, &right);
    let published = wait_for_frames(&bus, 120);
    wait_for_commit(&bus);
    assert_eq!(published.len(), 120, "each frame once");
    let mut expected_alerts = BTreeSet::new();
    for (name, frames) in [("left", &left), ("right", &right)] {
        let of_camera: Vec<&v1::FrameDetections> =
            published.iter().filter(|message| key(message).camera.as_str() == name).collect();
        let (messages, alerts) = offline(frames, &camera(name));
        expected_alerts.extend(alerts);
        for (sequence, (got, wanted)) in of_camera.iter().zip(&messages).enumerate() {
            assert_eq!(key(got).sequence, sequence as u64, "order");
            assert_eq!(got.objects, wanted.objects, "frame {sequence} of {name}");
        }
        assert_eq!(of_camera.len(), messages.len());
    }
    assert!(published.iter().any(|message| message.objects.len() > 2), "the clip shows people");
    let alerts = alert_ids(&bus);
    assert!(!alerts.is_empty());
    assert_eq!(alerts.len(), alerts.iter().collect::<BTreeSet<_>>().len(), "one alert for each track");
    assert_eq!(alerts.into_iter().collect::<BTreeSet<_>>(), expected_alerts);
    let alert = bus.messages::<v1::Alert>(Topic::Alerts).remove(0);
    assert!(vru_media::jpeg::header(&alert.snapshot).is_ok(), "an alert has a snapshot");
    assert_eq!(count(&service, "infer_received_frames_total"), 120);
    assert_eq!(count(&service, "infer_sent_frames_total"), 120);
    assert_eq!(count(&service, "infer_dropped_frames_total"), 0);
    assert!(service.stop().success(), "{}", service.log_tail());
}

#[test]
fn a_worker_that_is_killed_loses_nothing_and_goes_on_with_the_same_tracks() {
    let pictures = jpegs(100);
    let frames =
        (0..).zip(&pictures).map(|(sequence, jpeg)| jpeg_frame("cam", sequence, jpeg, v1::Delivery::EveryFrame));
    kill_and_compare(&frames.collect::<Vec<_>>());
}

#[test]
fn a_worker_that_is_killed_between_key_frames_decodes_again_from_the_last_one() {
    let units = access_units(v1::Encoding::H264, 100);
    let frames = (0..).zip(&units).map(|(sequence, unit)| coded_frame("cam", sequence, unit, v1::Encoding::H264));
    let mut frames: Vec<v1::Frame> = frames.collect();
    frames.last_mut().unwrap().end_of_stream = true;
    kill_and_compare(&frames);
}

fn kill_and_compare(frames: &[v1::Frame]) {
    let bus = kafka().bus("infer-kill", 1);
    bus.put_camera(&camera("cam"));
    publish(&bus, frames);
    let service = launch(&bus).set("queue.commit_every", "50ms").start();
    for part in [20, 55] {
        wait_until(DEADLINE, "some frames to be analysed", || bus.written(Topic::Detections) >= part);
        service.kill();
        service.restart();
    }
    let published = wait_for_frames(&bus, 100);
    wait_for_commit(&bus);
    let (expected, expected_alerts) = offline(frames, &camera("cam"));
    let expected: BTreeMap<u64, v1::FrameDetections> =
        expected.into_iter().map(|message| (key(&message).sequence, message)).collect();
    // A frame that was published twice has the same objects both times.
    for message in &published {
        let sequence = key(message).sequence;
        assert_eq!(message.objects, expected[&sequence].objects, "frame {sequence}");
    }
    assert_eq!(alert_ids(&bus).into_iter().collect::<BTreeSet<_>>(), expected_alerts);
    assert!(service.stop().success());
}

#[test]
fn live_frames_are_dropped_oldest_first_and_every_one_is_accounted_for() {
    let bus = kafka().bus("infer-live", 1);
    let picture = jpegs(1).remove(0);
    let frames: Vec<v1::Frame> =
        (0..400).map(|sequence| jpeg_frame("live", sequence, &picture, v1::Delivery::Live)).collect();
    publish(&bus, &frames);
    let service = start(&bus);
    wait_for_commit(&bus);
    let metric = |name: &str| count(&service, name);
    assert_eq!(metric("infer_received_frames_total"), 400);
    assert_eq!(metric("infer_sent_frames_total") + metric("infer_dropped_frames_total"), 400);
    assert!(metric("infer_dropped_frames_total") > 100, "a burst of 400 is more than the model can take");
    let published: Vec<v1::FrameDetections> = bus.messages(Topic::Detections);
    assert_eq!(published.len() as u64, metric("infer_sent_frames_total"));
    let sequences: Vec<u64> = published.iter().map(|message| key(message).sequence).collect();
    assert!(sequences.is_sorted(), "{sequences:?}");
    assert_eq!(sequences.last(), Some(&399), "the newest frame is not dropped");
    assert!(service.stop().success());
}

#[test]
fn h264_and_h265_frames_are_decoded() {
    for codec in [v1::Encoding::H264, v1::Encoding::H265] {
        let bus = kafka().bus("infer-coded", 1);
        let units = access_units(codec, 50);
        assert_eq!(units.len(), 50);
        let mut frames: Vec<v1::Frame> =
            (0..).zip(&units).map(|(sequence, unit)| coded_frame("coded", sequence, unit, codec)).collect();
        // As ingest sends them when it samples: every second picture is there only because the next depends on it.
        frames.iter_mut().skip(1).step_by(2).for_each(|frame| frame.analyse = false);
        frames.last_mut().unwrap().end_of_stream = true;
        publish(&bus, &frames);
        let service = start(&bus);
        let published = wait_for_frames(&bus, 25);
        wait_for_commit(&bus);
        assert_eq!(published.len(), 25);
        assert!(published.iter().all(|message| !message.objects.is_empty()), "every picture shows people");
        assert_eq!(count(&service, "infer_reference_frames_total"), 25);
        assert!(service.stop().success());
    }
}

#[test]
fn unusable_records_go_to_the_dead_letters_and_the_others_are_processed() {
    let bus = kafka().bus("infer-broken", 1);
    let picture = jpegs(1).remove(0);
    let good = |sequence| jpeg_frame("cam", sequence, &picture, v1::Delivery::EveryFrame);
    bus.produce(Topic::FileFrames, "cam", Some(b"not a frame"));
    publish(&bus, &[good(0)]);
    bus.produce(Topic::FileFrames, "cam", None);
    publish(&bus, &[v1::Frame { payload: picture.slice(..60), ..good(1) }]);
    bus.produce_message(Topic::FileFrames, "another", &good(2));
    // A file would have to wait there, and with it every live camera of the partition.
    bus.produce_message(Topic::Frames, "cam", &good(2));
    bus.produce_message(Topic::FileFrames, "cam", &v1::Frame { delivery: v1::Delivery::Live.into(), ..good(2) });
    publish(&bus, &[good(3)]);
    let service = start(&bus);
    let published = wait_for_frames(&bus, 2);
    wait_for_commit(&bus);
    assert_eq!(published.iter().map(|message| key(message).sequence).collect::<Vec<_>>(), [0, 3]);
    let letters = bus.records(Topic::DeadLetters);
    let reasons: Vec<&str> = letters.iter().filter_map(|letter| letter.header("vru-reason")).collect();
    assert_eq!(reasons.len(), 6, "{reasons:#?}");
    for words in ["not a Frame", "no payload", "JPEG", "key is not its camera", "belongs on"] {
        assert!(reasons.iter().any(|reason| reason.contains(words)), "`{words}` is not in {reasons:#?}");
    }
    assert!(service.stop().success());
}

/// As of a camera whose clock stands in 1971: the record becomes a dead letter, and the frame is in the account of its camera, once.
#[test]
fn a_frame_that_cannot_be_read_is_counted_as_a_drop_of_its_camera() {
    let bus = kafka().bus("infer-unreadable", 1);
    bus.put_camera(&camera("cam"));
    let picture = jpegs(1).remove(0);
    let good = |sequence| jpeg_frame("cam", sequence, &picture, v1::Delivery::EveryFrame);
    let unreadable = |sequence| v1::Frame { captured_at_us: 31_536_000_000_000, ..good(sequence) };
    publish(&bus, &[good(0), unreadable(1), unreadable(2), good(3)]);
    // Nobody's camera: it must not become a label.
    publish(&bus, &[v1::Frame { captured_at_us: 0, ..jpeg_frame("stranger", 0, &picture, v1::Delivery::EveryFrame) }]);
    let service = start(&bus);
    wait_for_frames(&bus, 2);
    wait_for_commit(&bus);
    let dropped = |camera: &str| service.metric("infer_dropped_frames_total", &[("camera", camera)]) as u64;
    let unreadable = [("camera", "cam"), ("reason", "unreadable")];
    assert_eq!(service.metric("infer_dropped_frames_total", &unreadable) as u64, 2);
    assert_eq!((dropped("cam"), dropped("stranger")), (2, 0));
    assert_eq!(count(&service, "infer_sequence_gap_frames_total"), 0, "the gap is counted already");
    let letters = bus.records(Topic::DeadLetters);
    assert!(letters.iter().all(|letter| letter.header("vru-reason").is_some_and(|why| why.contains("captured_at_us"))));
    assert_eq!(letters.len(), 3);
    assert!(service.stop().success());
}

#[test]
fn partitions_move_between_workers_without_loss() {
    const PARTITIONS: i32 = 4;
    let bus = kafka().bus("infer-move", PARTITIONS);
    // One camera in each partition, so that each worker has frames to process, and one more that shares a partition.
    let names: Vec<String> = (0..100).map(|number| format!("camera-{number}")).collect();
    let in_partition = |partition| {
        let mut candidates = names.iter().filter(|name| partition_of(name.as_bytes(), PARTITIONS) == partition);
        candidates.next().unwrap().clone()
    };
    let mut cameras: Vec<String> = (0..PARTITIONS).map(in_partition).collect();
    let one_more = names.iter().find(|name| !cameras.contains(name)).unwrap().clone();
    cameras.push(one_more);
    let pictures = jpegs(40);
    let frames = |camera: &str, sequences: Range<usize>| -> Vec<v1::Frame> {
        let frame = |at: usize| jpeg_frame(camera, at as u64, &pictures[at], v1::Delivery::EveryFrame);
        sequences.map(frame).collect()
    };
    for camera in &cameras {
        publish(&bus, &frames(camera, 0..30));
    }
    let first = start(&bus);
    wait_until(DEADLINE, "some frames to be analysed", || bus.written(Topic::Detections) >= 20);
    let second = start(&bus);
    wait_until(DEADLINE, "the second worker to get partitions", || {
        second.metric("infer_assigned_partitions", &[]) > 0.0
    });
    // The first worker may have processed all frames by now. The second must process some as well.
    for camera in &cameras {
        publish(&bus, &frames(camera, 30..40));
    }
    wait_until(DEADLINE, "the second worker to process frames", || count(&second, "infer_sent_frames_total") > 0);
    assert!(first.stop().success());
    let published = wait_for_frames(&bus, 200);
    wait_for_commit(&bus);
    for camera in &cameras {
        let sequences: Vec<u64> = published
            .iter()
            .filter(|message| key(message).camera.as_str() == camera)
            .map(|message| key(message).sequence)
            .collect();
        let expected: Vec<u64> = (0..40).collect();
        assert_eq!(
            sequences, expected,
            "{camera}: the new owner reads which frames are published, so each is published once"
        );
    }
    assert!(second.stop().success());
}

/// A worker that joins gets its share of each, and not all of one of them.
#[test]
fn workers_share_the_live_cameras_and_the_files_evenly() {
    let bus = kafka().bus("infer-shares", 4);
    let shares = |service: &ServiceProcess| {
        [Topic::Frames, Topic::FileFrames]
            .map(|topic| service.metric("infer_assigned_partitions", &[("topic", &bus.name(topic))]) as u64)
    };
    let first = start(&bus);
    wait_until(DEADLINE, "the first worker to get everything", || shares(&first) == [4, 4]);
    let second = start(&bus);
    wait_until(DEADLINE, "each to get its share", || shares(&first) == [2, 2] && shares(&second) == [2, 2]);
    assert!(second.stop().success());
    wait_until(DEADLINE, "the first to get everything back", || shares(&first) == [4, 4]);
    assert!(first.stop().success());
}

#[test]
fn a_configuration_with_five_mistakes_gives_five_messages() {
    let output = run_to_end(
        "vru-infer",
        &["--check-config", "--model", "/nowhere.onnx"],
        &[
            ("kafka.brokers", "nowhere"),
            ("queue.max_age", "soon"),
            ("model.provider", "abacus"),
            ("batch.max_sizes", "3"),
        ],
    );
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr);
    for key in ["kafka.brokers", "queue.max_age", "model.provider", "batch.max_sizes", "model.path"] {
        assert_eq!(text.lines().filter(|line| line.contains(key)).count(), 1, "{key}: {text}");
    }
    assert!(text.contains("5 problems"), "{text}");
}

#[test]
fn a_model_of_a_wrong_layout_ends_the_service_with_its_shapes() {
    let bus = kafka().bus("infer-refuse", 1);
    let service = launch(&bus).env("MODEL_PATH", crate::support::fixture("not-a-layout.onnx")).start();
    let status = wait_for(DEADLINE, "the service to end", || service.ended().ok_or_else(|| "it runs".to_owned()));
    assert_eq!(status.code(), Some(1));
    assert!(service.log().contains("×10]"), "{}", service.log());
}

#[test]
fn a_rule_that_arrives_with_the_first_frames_raises_its_alert() {
    let bus = kafka().bus("infer-rules", 2);
    let frames = |camera: &str| -> Vec<v1::Frame> {
        let pictures = jpegs(12);
        (0..)
            .zip(&pictures)
            .map(|(sequence, jpeg)| jpeg_frame(camera, sequence, jpeg, v1::Delivery::EveryFrame))
            .collect()
    };
    let (_, expected) = offline(&frames("early"), &camera("early"));
    assert!(!expected.is_empty(), "the clip raises an alert");
    // Frames wait when the worker starts, and its cameras are behind many superseded versions of another one.
    for version in 0..300 {
        bus.put_camera(&v1::CameraConfig { name: version.to_string(), ..camera("other") });
    }
    bus.put_camera(&camera("early"));
    publish(&bus, &frames("early"));
    let service = start(&bus);
    wait_for_frames(&bus, 12);
    // Cameras that are added while the worker runs, each at once with its frames.
    for number in 0..4 {
        let id = format!("added-{number}");
        let frames = frames(&id);
        bus.put_camera(&camera(&id));
        publish(&bus, &frames);
    }
    wait_for_frames(&bus, 5 * 12);
    wait_for_commit(&bus);
    let ids: BTreeSet<String> = alert_ids(&bus).into_iter().collect();
    let cameras: Vec<String> = ["early".to_owned()].into_iter().chain((0..4).map(|n| format!("added-{n}"))).collect();
    for id in cameras {
        let (_, expected) = offline(&frames(&id), &camera(&id));
        assert!(expected.is_subset(&ids), "{id}: {expected:?} are not all raised");
    }
    assert!(service.stop().success());
}
