//! Capture times of cameras whose clocks jump or are impossible, and of streams that are reordered.

use std::sync::{Arc, LazyLock};

use vru_ingest::metrics;
use vru_media::Codec;
use vru_media::decoder::{Reordering, VideoDecoder};
use vru_proto::v1::{ClockSource, Encoding, Frame, Output, RtspTransport, camera_config::Source};
use vru_runtime::test_util::eventually;

use super::pull::{Access, Camera};
use super::scripted::stream::RecordedStream;
use super::scripted::{Script, ScriptedCamera};
use super::support::{DEADLINE, Rig, frames_of, quick, sessions};

static STREET: LazyLock<Arc<RecordedStream>> = LazyLock::new(|| RecordedStream::street(20));

const PICTURE_US: i64 = 50_000;

fn output(encoding: Encoding) -> Output {
    Output { encoding: encoding as i32, max_fps: 240.0, ..Output::default() }
}

/// Waits until the last ten frames have this clock and `count` frames have come.
async fn ends_with(rig: &Rig, name: &str, clock: ClockSource, count: usize) -> usize {
    eventually(DEADLINE, &format!("{clock:?} of {name}"), async || {
        let frames = frames_of(&rig.publisher, name);
        let steady = frames.len() >= count && frames.iter().rev().take(10).all(|frame| frame.clock_source() == clock);
        if steady { Ok(frames.len()) } else { Err(format!("{} frames", frames.len())) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rtp_clock_that_jumps_moves_no_capture_time() {
    const MINUTE: u32 = 60 * 90_000;
    for (name, ahead, ssrc) in [
        ("rtp-forwards", 45 * MINUTE, None),
        ("rtp-backwards", (45 * MINUTE).wrapping_neg(), None),
        ("rtp-seconds", MINUTE / 2, None),
        ("rtp-seconds-back", (MINUTE / 2).wrapping_neg(), None),
        ("rtp-source", 45 * MINUTE, Some(77)),
    ] {
        let camera = ScriptedCamera::start(STREET.clone(), Script::default(), 0).await;
        let rig = Rig::new(quick());
        let task = rig.run(name, Source::Pull(camera.source(RtspTransport::Tcp)), output(Encoding::Jpeg));
        let before = ends_with(&rig, name, ClockSource::SenderReport, 30).await;
        // Without a report about the new clock, the arrival is all that is known.
        camera.change(|script| (script.rtp_ahead, script.ssrc, script.no_reports) = (ahead, ssrc, true));
        let jumped = ends_with(&rig, name, ClockSource::Arrival, before + 20).await;
        camera.change(|script| script.no_reports = false);
        ends_with(&rig, name, ClockSource::SenderReport, jumped + 40).await;
        let frames = rig.finish(task).await;
        assert_eq!(sessions(&frames).len(), 1, "{name}: it was reconnected");
        for pair in frames.windows(2) {
            let step_us = pair[1].captured_at_us - pair[0].captured_at_us;
            // Pictures may be lost while the jitter buffer starts again.
            assert!(step_us > 0 && step_us < 3_000_000, "{name}: {step_us} µs between two pictures");
        }
        for frame in &frames {
            let late_us = frame.ingested_at_us - frame.captured_at_us;
            assert!((0..15_000_000).contains(&late_us), "{name}: ingested {late_us} µs after its capture");
        }
        let restarts = metrics::RTP_RESTARTS.with_label_values(&[name]).get();
        assert_eq!(restarts, 1, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_that_run_ahead_give_no_capture_time_after_the_arrival() {
    for (name, ahead_us) in [("ahead-little", 600_000), ("ahead-much", 5_000_000)] {
        let script = Script { clock_ahead_us: ahead_us, ..Script::default() };
        let camera = ScriptedCamera::start(STREET.clone(), script, 0).await;
        let rig = Rig::new(quick());
        let task = rig.run(name, Source::Pull(camera.source(RtspTransport::Tcp)), output(Encoding::H264));
        ends_with(&rig, name, ClockSource::SenderReport, 60).await;
        for frame in rig.finish(task).await {
            let late_us = frame.ingested_at_us - frame.captured_at_us;
            assert!(late_us >= 0, "{name}: captured {} µs after it came", -late_us);
        }
        assert!(metrics::IMPOSSIBLE_TIMES.with_label_values(&[name]).get() > 0, "{name}");
    }
}

/// Frames in the order of display.
fn shown(frames: &[Frame]) -> Vec<i64> {
    let mut times: Vec<i64> = frames.iter().map(|frame| frame.captured_at_us).collect();
    times.sort_unstable();
    times
}

#[tokio::test(flavor = "multi_thread")]
async fn reordered_pictures_travel_in_decoding_order_and_have_their_own_capture_times() {
    let launch = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=20/1 \
                  ! x264enc bframes=3 b-adapt=false b-pyramid=true speed-preset=ultrafast key-int-max=40 rc-lookahead=4 \
                  option-string=scenecut=0 ! video/x-h264,profile=main ! rtph264pay name=pay0 pt=96 config-interval=-1";
    let camera = Camera::start(launch, Access::Open);
    let rig = Rig::new(quick());
    let task = rig.run("reordered", Source::Pull(camera.source()), output(Encoding::H264));
    ends_with(&rig, "reordered", ClockSource::SenderReport, 200).await;
    let frames = rig.finish(task).await;
    assert_eq!(sessions(&frames).len(), 1);
    let back = frames.windows(2).filter(|pair| pair[1].captured_at_us < pair[0].captured_at_us).count();
    assert!(back > frames.len() / 8, "the stream is not reordered");
    let late = frames.iter().all(|frame| frame.captured_at_us <= frame.ingested_at_us);
    assert!(late, "captured after it came");
    // Each picture has a time of its own, one picture apart, slewed by a quarter at most.
    let settled = shown(&frames[frames.len() / 2..]);
    for pair in settled.windows(2).skip(4).take(settled.len() - 10) {
        let step_us = pair[1] - pair[0];
        assert!((PICTURE_US / 2..=PICTURE_US * 3 / 2).contains(&step_us), "{step_us} µs between two pictures");
    }
    // A decoder that gets them in this order shows them in the order of their capture times, and all are analysed.
    let mut decoder = VideoDecoder::new(Codec::H264, Reordering::AsAllowed).unwrap();
    let mut times = Vec::new();
    for (number, frame) in frames.iter().enumerate() {
        let pictures = decoder.push(frame.payload.clone(), number as u64, frame.key_frame).unwrap();
        times.extend(pictures.iter().map(|picture| frames[picture.id as usize].captured_at_us));
    }
    assert!(times.len() + 20 > frames.len() && times.is_sorted(), "{} of {}", times.len(), frames.len());
    let analysed = frames.iter().filter(|frame| frame.analyse).count();
    assert!(analysed * 10 >= frames.len() * 9, "{analysed} of {} are analysed", frames.len());
}
