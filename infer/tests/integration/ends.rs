//! Alerts end although their cameras send nothing more.

use std::collections::BTreeMap;
use std::time::Duration;

use vru_proto::v1;
use vru_runtime::test_util::{Bus, ServiceProcess, Topic, jpegs, kafka, wait_for, wait_until};

use crate::clip::jpeg_frame;
use crate::worker::{camera, launch, publish, wait_for_commit};

const DEADLINE: Duration = Duration::from_mins(5);

/// The reasons for which each alert of the camera has ended, by its id. Each record is counted, also repetitions.
fn ends(bus: &Bus, camera: &str) -> BTreeMap<String, Vec<v1::EndReason>> {
    let mut ends: BTreeMap<String, Vec<v1::EndReason>> = BTreeMap::new();
    for alert in bus.messages::<v1::Alert>(Topic::Alerts).into_iter().filter(|alert| alert.camera_id == camera) {
        let known = ends.entry(alert.id.clone()).or_default();
        if alert.is_end() {
            known.push(alert.end_reason());
        }
    }
    ends
}

/// Frames with people, one after the other, so that none is dropped.
fn show(bus: &Bus, camera: &str, frames: usize, delivery: v1::Delivery) {
    for (sequence, jpeg) in (0..).zip(&jpegs(frames)) {
        let before = bus.written(Topic::Detections);
        publish(bus, &[jpeg_frame(camera, sequence, jpeg, delivery)]);
        if delivery == v1::Delivery::Live {
            wait_until(DEADLINE, "a live frame to be analysed", || bus.written(Topic::Detections) > before);
        }
    }
}

fn wait_for_ends(bus: &Bus, camera: &str, reason: v1::EndReason) {
    let ended = wait_for(DEADLINE, "each alert to end", || {
        let ends = ends(bus, camera);
        let open = ends.values().filter(|reasons| reasons.is_empty()).count();
        if open == 0 && !ends.is_empty() { Ok(ends) } else { Err(format!("{open} of {} go on", ends.len())) }
    });
    // A worker repeats the end that another one sent before it was killed.
    assert!(ended.values().flatten().all(|told| *told == reason), "{camera}: {ended:?}");
}

fn going_on(bus: &Bus, camera: &str) -> usize {
    ends(bus, camera).values().filter(|reasons| reasons.is_empty()).count()
}

/// A worker that looks back as little as possible: what it does not replay it must find in another way.
fn start(bus: &Bus) -> ServiceProcess {
    let service = launch(bus).set("queue.lookback_frames", "1").set("queue.commit_every", "50ms").start();
    service.wait_ready(DEADLINE);
    service
}

#[test]
fn alerts_end_when_their_cameras_are_removed_disabled_or_silent() {
    let bus = kafka().bus("infer-ends", 1);
    let cameras = ["removed", "disabled", "changed", "silent"];
    for id in cameras {
        bus.put_camera(&camera(id));
    }
    let service = start(&bus);
    for id in cameras {
        show(&bus, id, 15, v1::Delivery::Live);
        wait_until(DEADLINE, "an alert", || !ends(&bus, id).is_empty());
    }
    bus.remove_camera("removed");
    bus.put_camera(&v1::CameraConfig { enabled: false, ..camera("disabled") });
    bus.put_camera(&v1::CameraConfig { rules: Vec::new(), ..camera("changed") });
    wait_for_ends(&bus, "silent", v1::EndReason::CameraSilent);
    // On a slow machine, a camera may have been silent before it was changed.
    for id in ["removed", "disabled", "changed"] {
        wait_until(DEADLINE, "each alert to end", || going_on(&bus, id) == 0);
        assert!(ends(&bus, id).values().all(|reasons| reasons.len() == 1), "{id}: {:?}", ends(&bus, id));
    }
    assert!(service.stop().success(), "{}", service.log_tail());
}

#[test]
fn alerts_that_a_killed_worker_left_end_when_their_cameras_are_gone() {
    let mut bus = kafka().bus("infer-left", 2);
    // A camera's detections are in another partition than its frames.
    bus.recreate(Topic::FileFrames, 3);
    bus.recreate(Topic::Detections, 5);
    let cameras = ["removed", "disabled", "silent", "busy"];
    for id in cameras {
        bus.put_camera(&camera(id));
    }
    let service = start(&bus);
    for id in ["removed", "disabled"] {
        show(&bus, id, 15, v1::Delivery::EveryFrame);
        wait_until(DEADLINE, "an alert", || !ends(&bus, id).is_empty());
    }
    show(&bus, "silent", 15, v1::Delivery::Live);
    // The other cameras' last frames are further back than what is replayed.
    show(&bus, "busy", 20, v1::Delivery::EveryFrame);
    wait_for_commit(&bus);
    service.kill();
    assert!(going_on(&bus, "removed") > 0 && going_on(&bus, "disabled") > 0);
    bus.remove_camera("removed");
    bus.put_camera(&v1::CameraConfig { enabled: false, ..camera("disabled") });
    service.restart();
    wait_for_ends(&bus, "silent", v1::EndReason::CameraSilent);
    for (id, reason) in [("removed", v1::EndReason::CameraRemoved), ("disabled", v1::EndReason::CameraRemoved)] {
        wait_for_ends(&bus, id, reason);
    }
    assert!(going_on(&bus, "busy") > 0, "the time of a file passes with its frames only");
    assert!(service.stop().success(), "{}", service.log_tail());
}
