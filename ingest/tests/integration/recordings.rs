//! Cameras that play a recording and end the stream after it.

use std::path::Path;

use gstreamer as gst;
use gstreamer::prelude::*;
use vru_ingest::metrics;
use vru_proto::v1::{Encoding, camera_config::Source};
use vru_runtime::test_util::eventually;

use super::pull::{Access, Camera, output};
use super::support::{DEADLINE, Rig, frames_of, quick, sessions};

const RECORDED: usize = 20;

/// Makes a recording of one second, large enough that a busy machine decodes it more slowly than it is played.
fn make_recording(file: &Path) {
    vru_media::init().unwrap();
    let launch = format!(
        "videotestsrc num-buffers={RECORDED} pattern=ball ! video/x-raw,width=1920,height=1080,framerate=20/1 \
         ! x264enc tune=zerolatency speed-preset=ultrafast ! mp4mux ! filesink location=\"{}\"",
        file.display()
    );
    let pipeline = gst::parse::launch(&launch).unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let ended = [gst::MessageType::Eos, gst::MessageType::Error];
    let ended = pipeline.bus().unwrap().timed_pop_filtered(gst::ClockTime::from_seconds(30), &ended);
    assert!(ended.is_some_and(|message| message.type_() == gst::MessageType::Eos));
    pipeline.set_state(gst::State::Null).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn recordings_deliver_all_their_pictures_and_end_on_a_slow_machine() {
    const NAMES: [&str; 6] = ["film-0", "film-1", "film-2", "film-3", "film-4", "film-5"];
    const REPEATS: usize = 4;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("second.mp4");
    make_recording(&file);
    let source = format!("filesrc location=\"{}\" ! qtdemux ! h264parse", file.display());
    let launch = format!("{source} ! rtph264pay name=pay0 pt=96 config-interval=-1");
    let cameras = NAMES.map(|_| Camera::start(&launch, Access::Open));
    let rig = Rig::new(quick());
    let tasks: Vec<_> = NAMES
        .iter()
        .zip(&cameras)
        .map(|(name, camera)| rig.run(name, Source::Pull(camera.source()), output(Encoding::Jpeg, 240.0)))
        .collect();
    let errors = |name: &str, kind: &str| metrics::ERRORS.with_label_values(&[name, kind]).get();
    // 24 films in full HD are decoded, beside whatever else this machine does.
    eventually(DEADLINE * 6, "the recordings to end again and again", async || {
        let ends = NAMES.map(|name| errors(name, "ended"));
        if ends.iter().all(|ends| *ends >= REPEATS as u64) { Ok(()) } else { Err(format!("{ends:?}")) }
    })
    .await;
    rig.stop.cancel();
    for task in tasks {
        tokio::time::timeout(DEADLINE, task).await.expect("the camera stops in time").unwrap();
    }
    for name in NAMES {
        let counts: Vec<u64> = sessions(&frames_of(&rig.publisher, name)).iter().map(|(_, count)| *count).collect();
        assert!(counts[..REPEATS].iter().all(|count| *count == RECORDED as u64), "{name}: {counts:?}");
        assert_eq!(errors(name, "stall"), 0, "{name}");
    }
}
