//! Streams of periodic intra refresh: after the first picture they have no key frame, and recover from a loss step by step.

use std::sync::Arc;

use vru_ingest::metrics;
use vru_proto::v1::{Encoding, Output, RtspTransport, camera_config::Source};
use vru_runtime::test_util::eventually;

use super::scripted::stream::RecordedStream;
use super::scripted::{Script, ScriptedCamera};
use super::support::{DEADLINE, Rig, frames_of, quick, sessions};

/// Refreshes the picture within ten frames, again and again. It is long enough for one session without a second key frame.
fn stream(pictures: usize) -> Arc<RecordedStream> {
    RecordedStream::record(
        "videotestsrc pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate=20/1 \
         ! x264enc tune=zerolatency speed-preset=ultrafast intra-refresh=true key-int-max=10 option-string=keyint=10 \
         ! h264parse ! rtph264pay pt=96 mtu=400 ssrc=305419896 config-interval=-1",
        pictures,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_key_frames_goes_on_after_a_loss() {
    let stream = stream(600);
    for (name, encoding) in [("refresh-jpeg", Encoding::Jpeg), ("refresh-pass", Encoding::H264)] {
        let camera = ScriptedCamera::start(stream.clone(), Script::default(), 3).await;
        let rig = Rig::new(quick());
        let output = Output { encoding: encoding as i32, max_fps: 240.0, ..Output::default() };
        let task = rig.run(name, Source::Pull(camera.source(RtspTransport::Udp)), output);
        let analysed = || frames_of(&rig.publisher, name).iter().filter(|frame| frame.analyse).count();
        let lost = || metrics::LOST_PACKETS.with_label_values(&[name]).get();
        let come = async |count: usize| {
            eventually(DEADLINE, &format!("{count} pictures of {name}"), async || {
                let seen = analysed();
                if seen >= count { Ok(()) } else { Err(format!("{seen}, {} packets lost", lost())) }
            })
            .await;
        };
        come(10).await;
        camera.change(|script| script.lost_permille = 100);
        eventually(DEADLINE, "losses", async || if lost() >= 3 { Ok(()) } else { Err(format!("{}", lost())) }).await;
        camera.change(|script| script.lost_permille = 0);
        let before = analysed();
        come(before + 40).await;
        let frames = rig.finish(task).await;
        assert_eq!(sessions(&frames).len(), 1, "{name} was reconnected");
        let key_frames = frames.iter().filter(|frame| frame.key_frame).count();
        assert!(encoding == Encoding::Jpeg || (2..frames.len() / 4).contains(&key_frames), "{name}: {key_frames}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_with_neither_key_frames_nor_recovery_points_is_connected_again() {
    // The loop of pictures is longer than the test.
    let stream = RecordedStream::record(
        "videotestsrc pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate=20/1 \
         ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=100000 \
         ! h264parse ! rtph264pay pt=96 mtu=400 ssrc=305419896 config-interval=-1",
        1_200,
    );
    let camera = ScriptedCamera::start(stream, Script::default(), 3).await;
    let mut config = quick();
    config.live.stall_timeout = std::time::Duration::from_secs(3);
    let rig = Rig::new(config);
    let output = Output { encoding: Encoding::Jpeg as i32, max_fps: 240.0, ..Output::default() };
    let task = rig.run("long-group", Source::Pull(camera.source(RtspTransport::Udp)), output);
    rig.publisher.wait(10).await;
    camera.change(|script| script.lost_permille = 100);
    let errors = || metrics::ERRORS.with_label_values(&["long-group", "no_key_frame"]).get();
    eventually(DEADLINE, "the error", async || if errors() > 0 { Ok(()) } else { Err(String::new()) }).await;
    camera.change(|script| script.lost_permille = 0);
    let before = rig.publisher.count();
    rig.publisher.wait(before + 10).await;
    rig.finish(task).await;
}
