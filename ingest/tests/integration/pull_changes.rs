//! Cameras that stall, disappear or change their picture.

use gstreamer as gst;
use gstreamer::prelude::*;
use vru_proto::v1::{Encoding, Output, camera_config::Source};
use vru_runtime::test_util::eventually;

use super::pull::{Access, Camera, H264, assert_jpegs, output};
use super::support::{DEADLINE, Rig, quick, sessions};

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_camera_is_reconnected() {
    let camera = Camera::start(H264, Access::Open);
    let rig = Rig::new(quick());
    let task = rig.run("pull-stall", Source::Pull(camera.source()), output(Encoding::Jpeg, 10.0));
    rig.publisher.wait(10).await;
    camera.element("valve").set_property("drop", true);
    eventually(DEADLINE, "the stall to be counted", async || {
        let seen = vru_ingest::metrics::ERRORS.with_label_values(&["pull-stall", "stall"]).get();
        if seen > 0 { Ok(()) } else { Err("not seen".to_owned()) }
    })
    .await;
    let before = rig.publisher.count();
    rig.publisher.wait(before + 10).await;
    let frames = rig.finish(task).await;
    assert!(sessions(&frames).len() >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_disappears_and_returns_is_reconnected() {
    let camera = Camera::start(H264, Access::Open);
    let rig = Rig::new(quick());
    let source = camera.source();
    let port = camera.port;
    let task = rig.run("pull-return", Source::Pull(source), output(Encoding::Jpeg, 10.0));
    rig.publisher.wait(5).await;
    // The video ends, so the server ends the stream. The next connection gets a new video.
    camera.element("valve").send_event(gst::event::Eos::new());
    eventually(DEADLINE, "the end to be counted", async || {
        let errors = &vru_ingest::metrics::ERRORS;
        let seen: u64 = ["ended", "stream", "stall"]
            .iter()
            .map(|kind| errors.with_label_values(&["pull-return", kind]).get())
            .sum();
        if seen > 0 { Ok(()) } else { Err("not seen".to_owned()) }
    })
    .await;
    let before = rig.publisher.count();
    rig.publisher.wait(before + 5).await;
    assert!(port > 0 && sessions(&rig.finish(task).await).len() >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_picture_size_during_a_connection_is_followed() {
    let camera = Camera::start(H264, Access::Open);
    let rig = Rig::new(quick());
    let output = Output { max_width: 320, ..output(Encoding::Jpeg, 10.0) };
    let task = rig.run("pull-size", Source::Pull(camera.source()), output);
    rig.publisher.wait(10).await;
    let caps: gst::Caps = "video/x-raw,width=480,height=480,framerate=30/1".parse().unwrap();
    camera.element("size").set_property("caps", caps);
    eventually(DEADLINE, "pictures of the new size", async || {
        let last = rig.publisher.all().pop().unwrap();
        if (last.source_width, last.source_height) == (480, 480) {
            Ok(())
        } else {
            Err(format!("{}", last.source_width))
        }
    })
    .await;
    let before = rig.publisher.count();
    rig.publisher.wait(before + 5).await;
    let frames = rig.finish(task).await;
    assert_eq!(sessions(&frames).len(), 1, "the camera was reconnected");
    let change = frames.iter().position(|frame| frame.source_width == 480).unwrap();
    assert_jpegs(&frames[..change], (320, 180), (640, 360));
    assert_jpegs(&frames[change..], (320, 320), (480, 480));
}
