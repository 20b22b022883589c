//! Tests of the real binary with the real Kafka. Counts are compared exactly.

use std::collections::BTreeSet;

use vru_proto::v1;
use vru_runtime::test_util::{Topic, kafka, run_to_end, wait_for};

use crate::clip::{access_units, coded_frame, jpeg_frame, jpegs};
use crate::worker::{
    DEADLINE, alert_ids, camera, count, key, launch, offline, publish, start, wait_for_commit, wait_for_frames,
};

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
