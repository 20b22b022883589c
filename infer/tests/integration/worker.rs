//! Starts the real binary on the real Kafka, gives it cameras and frames, and says what it must publish.

use std::collections::BTreeSet;
use std::time::Duration;

use vru_infer::analysis::{AnalysisSettings, CameraAnalysis};
use vru_infer::decode::FrameDecoder;
use vru_proto::{FrameKey, v1};
use vru_runtime::test_util::{Bus, ServiceLaunch, ServiceProcess, Topic, wait_for, wait_until};

use crate::support::{asset, nanodet};

/// Bounds a test that hangs. Long, because the model is slow on a loaded machine.
pub const DEADLINE: Duration = Duration::from_mins(5);

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
        .set("camera_tests.group", format!("{}camera-test-pictures", bus.prefix()))
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

pub fn key(detections: &v1::FrameDetections) -> FrameKey {
    FrameKey::try_from(detections.frame_id.as_ref().unwrap()).unwrap()
}

/// The detections and alert ids that `vru analyse` gives for the same frames.
pub fn offline(frames: &[v1::Frame], config: &v1::CameraConfig) -> (Vec<v1::FrameDetections>, BTreeSet<String>) {
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

pub fn alert_ids(bus: &Bus) -> Vec<String> {
    bus.messages::<v1::Alert>(Topic::Alerts).into_iter().filter(v1::Alert::is_raised).map(|alert| alert.id).collect()
}
