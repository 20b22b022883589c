//! Cameras that are added, changed and removed while ingest runs, and cameras that fail.

use std::time::Duration;

use vru_proto::v1;
use vru_runtime::clock::now_us;
use vru_runtime::test_util::{Bus, ServiceProcess, Topic, free_port, kafka, wait_for, wait_until};

use crate::camera_server::CameraServer;
use crate::pipeline::{DEADLINE, camera, frames_of, ingest, pull, start};

/// Within this time a change of configuration takes effect.
const EFFECT: Duration = Duration::from_secs(2);

struct Setup {
    server: CameraServer,
    bus: Bus,
    ingest: ServiceProcess,
}

fn setup(name: &str) -> Setup {
    let server = CameraServer::start();
    server.synthetic("ball");
    let bus = kafka().bus(name, 2);
    let launch = ingest(&bus, free_port()).set("live.stall_timeout", "1s").set("pull.open_timeout", "3s");
    let [ingest] = start([launch]);
    Setup { server, bus, ingest }
}

impl Setup {
    fn config(&self, width: u32) -> v1::CameraConfig {
        let mut config = camera("ball", pull(self.server.url("ball")));
        config.output = Some(v1::Output { max_width: width, max_fps: 10.0, ..Default::default() });
        config
    }

    /// The newest frame on the topic.
    fn newest(&self) -> Option<v1::Frame> {
        frames_of(&self.bus, "ball").pop()
    }

    fn wait_for_frame(&self, deadline: Duration, what: &str, wanted: impl Fn(&v1::Frame) -> bool) -> v1::Frame {
        wait_for(deadline, what, || match self.newest() {
            Some(frame) if wanted(&frame) => Ok(frame),
            Some(frame) => Err(format!("{}×{}, {:?}", frame.width, frame.height, frame.id)),
            None => Err("no frame".to_owned()),
        })
    }
}

fn session(frame: &v1::Frame) -> u64 {
    frame.id.as_ref().unwrap().session
}

#[test]
fn a_camera_added_changed_and_removed_takes_effect_within_two_seconds() {
    let setup = setup("change");
    // Ingest runs and has a camera already.
    setup.server.synthetic("other");
    setup.bus.put_camera(&camera("other", pull(setup.server.url("other"))));
    wait_until(DEADLINE, "the other camera", || setup.server.clients() == 1);

    setup.bus.put_camera(&setup.config(0));
    wait_until(EFFECT, "ingest to connect to the new camera", || setup.server.clients() == 2);
    setup.wait_for_frame(DEADLINE, "its first frame", |frame| frame.width == 320);

    let changed_at_us = now_us();
    setup.bus.put_camera(&setup.config(160));
    setup.wait_for_frame(DEADLINE, "smaller frames", |frame| (frame.width, frame.height) == (160, 120));
    // By the frame's own time: reading the topic takes a while on a busy machine.
    let frames = frames_of(&setup.bus, "ball");
    let first = frames.iter().find(|frame| frame.width == 160).unwrap();
    let took = Duration::from_micros((first.ingested_at_us - changed_at_us) as u64);
    assert!(took <= EFFECT, "smaller frames came after {took:?}");

    setup.bus.remove_camera("ball");
    wait_until(EFFECT, "ingest to disconnect from the camera", || setup.server.clients() == 1);
    let left = frames_of(&setup.bus, "ball").len();
    setup.bus.put_camera(&setup.config(80));
    let first_after =
        setup.wait_for_frame(DEADLINE, "frames of the camera that was added again", |frame| frame.width == 80);
    let before = frames_of(&setup.bus, "ball").into_iter().filter(|frame| frame.width != 80).count();
    // One frame may have been in flight to Kafka.
    assert!(before <= left + 1, "frames came after the camera was removed: {before}, {left}");
    assert_eq!(first_after.source_width, 320);

    let mut disabled = setup.config(80);
    disabled.enabled = false;
    setup.bus.put_camera(&disabled);
    wait_until(EFFECT, "ingest to disconnect from the disabled camera", || setup.server.clients() == 1);
}

#[test]
fn every_gap_in_the_sequence_is_counted() {
    let setup = setup("sequence");
    setup.bus.put_camera(&setup.config(0));
    wait_for(DEADLINE, "30 frames", || {
        let count = setup.bus.written(Topic::Frames);
        if count >= 30 { Ok(()) } else { Err(format!("{count}")) }
    });
    assert!(setup.ingest.stop().success(), "{}", setup.ingest.log_tail());
    let frames = frames_of(&setup.bus, "ball");
    let mut expected = 0;
    for frame in &frames {
        assert_eq!(frame.id.as_ref().unwrap().sequence, expected + u64::from(frame.dropped_before));
        expected = frame.id.as_ref().unwrap().sequence + 1;
    }
    assert!(
        frames.windows(2).all(|pair| pair[0].captured_at_us < pair[1].captured_at_us),
        "capture times do not increase"
    );
}

#[test]
fn a_stalled_camera_is_reconnected() {
    let setup = setup("stall");
    setup.bus.put_camera(&setup.config(0));
    let before = setup.wait_for_frame(DEADLINE, "a frame", |_| true);
    setup.server.stall("ball", true);
    let connected = [("camera", "ball")];
    wait_for(DEADLINE, "the stall to be detected", || {
        let errors = setup.ingest.count("ingest_errors_total", &connected);
        if errors >= 1 { Ok(()) } else { Err(setup.ingest.log_tail()) }
    });
    setup.server.stall("ball", false);
    let after = setup.wait_for_frame(DEADLINE, "frames again", |frame| session(frame) > session(&before));
    assert!(after.captured_at_us > before.captured_at_us);
}

#[test]
fn a_camera_that_disappears_is_reconnected_when_it_returns() {
    let setup = setup("disappear");
    setup.bus.put_camera(&setup.config(0));
    let before = setup.wait_for_frame(DEADLINE, "a frame", |_| true);
    setup.server.disappear("ball");
    wait_for(DEADLINE, "the lost connection to be detected", || {
        let connected = setup.ingest.count("ingest_camera_connected", &[("camera", "ball")]);
        if connected == 0 { Ok(()) } else { Err(setup.ingest.log_tail()) }
    });
    // The first error is the broken connection; the second one is the unknown path.
    wait_for(DEADLINE, "two failures", || {
        let errors = setup.ingest.count("ingest_errors_total", &[("camera", "ball")]);
        if errors >= 2 { Ok(()) } else { Err(format!("{errors}; {}", setup.ingest.log_tail())) }
    });
    setup.server.synthetic("ball");
    setup.wait_for_frame(DEADLINE, "frames again", |frame| session(frame) > session(&before));
}

#[test]
fn a_change_of_resolution_is_followed() {
    let setup = setup("resolution");
    setup.bus.put_camera(&setup.config(0));
    setup.wait_for_frame(DEADLINE, "a frame", |frame| frame.source_width == 320);
    setup.server.resize("ball", 480, 272);
    let larger = setup.wait_for_frame(DEADLINE, "larger frames", |frame| (frame.width, frame.height) == (480, 272));
    assert_eq!((larger.source_width, larger.source_height), (480, 272));
    setup.server.resize("ball", 160, 120);
    setup.wait_for_frame(DEADLINE, "smaller frames", |frame| (frame.source_width, frame.source_height) == (160, 120));
}
