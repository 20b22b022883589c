//! Pulled cameras with faults. In each test a healthy camera beside the faulty one is not disturbed, the error is counted for the
//! right camera and kind, the camera recovers without help, and every frame is accounted for.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use gstreamer::glib;
use rand::RngCore as _;
use tokio::task::JoinHandle;
use vru_ingest::metrics;
use vru_proto::v1::{ClockSource, Encoding, Frame, Output, RtspTransport, camera_config::Source};
use vru_runtime::test_util::{bombs, eventually, resident_bytes, seeded_rng};

use super::scripted::stream::RecordedStream;
use super::scripted::{Script, ScriptedCamera, Sends};
use super::support::{DEADLINE, MemoryPublisher, Rig, assert_accounted_for, frames_of, quick, slices};

/// Two groups of ten pictures, each starting with a key frame.
static STREET: LazyLock<Arc<RecordedStream>> = LazyLock::new(|| RecordedStream::street(20));

/// Output settings that keep every picture.
fn output(encoding: Encoding) -> Output {
    Output { encoding: encoding as i32, max_fps: 240.0, ..Output::default() }
}

/// A faulty camera and a healthy one beside it.
struct Pair {
    name: &'static str,
    faulty: ScriptedCamera,
    rig: Rig,
    tasks: [JoinHandle<()>; 2],
    good_name: String,
    _good: ScriptedCamera,
}

impl Pair {
    async fn start(name: &'static str, script: Script, transport: RtspTransport, encoding: Encoding) -> Self {
        let seed = seeded_rng(name).next_u64();
        let faulty = ScriptedCamera::start(STREET.clone(), script, seed).await;
        let good = ScriptedCamera::start(STREET.clone(), Script::default(), seed).await;
        let mut config = quick();
        config.pull.open_timeout = Duration::from_secs(4);
        if transport == RtspTransport::Udp {
            // If the machine stops for longer than this, late packets count as lost.
            config.pull.latency = Duration::from_secs(2);
            // Waiting for a lost packet must not count as a stall.
            config.live.stall_timeout = Duration::from_secs(6);
            config.pull.open_timeout = Duration::from_secs(10);
        }
        let rig = Rig::new(config);
        let good_name = format!("{name}-good");
        let tasks = [
            rig.run(&good_name, Source::Pull(good.source(RtspTransport::Tcp)), output(encoding)),
            rig.run(name, Source::Pull(faulty.source(transport)), output(encoding)),
        ];
        let pair = Self { name, faulty, rig, tasks, good_name, _good: good };
        pair.frames_come(&pair.good_name, 3).await;
        pair
    }

    fn publisher(&self) -> &MemoryPublisher {
        &self.rig.publisher
    }

    /// Waits for `more` new frames of a camera.
    async fn frames_come(&self, camera: &str, more: usize) -> Vec<Frame> {
        let before = frames_of(self.publisher(), camera).len();
        eventually(DEADLINE, &format!("{more} more frames of {camera}"), async || {
            let frames = frames_of(self.publisher(), camera);
            if frames.len() >= before + more { Ok(frames) } else { Err(format!("{before} → {}", frames.len())) }
        })
        .await
    }

    fn errors(&self, kinds: &[&str]) -> u64 {
        kinds.iter().map(|kind| metrics::ERRORS.with_label_values(&[self.name, kind]).get()).sum()
    }

    /// Waits until `count` errors of these kinds were counted.
    async fn error(&self, kinds: &[&str], count: u64) {
        eventually(DEADLINE, &format!("{count} errors of {kinds:?}"), async || {
            let seen = self.errors(kinds);
            let frames = frames_of(self.publisher(), self.name).len();
            if seen >= count { Ok(()) } else { Err(format!("{seen}, and {frames} frames")) }
        })
        .await;
    }

    fn skipped(&self, reason: &str) -> u64 {
        metrics::SKIPPED.with_label_values(&[self.name, reason]).get()
    }

    /// Checks that the healthy camera still delivers frames in its first session, stops both, and checks that every frame is
    /// accounted for.
    async fn finish(self) -> Vec<Frame> {
        self.frames_come(&self.good_name, 5).await;
        assert_eq!(metrics::CONNECTED.with_label_values(&[&self.good_name]).get(), 1);
        self.rig.stop.cancel();
        for task in self.tasks {
            tokio::time::timeout(DEADLINE, task).await.expect("the camera stops in time").unwrap();
        }
        let good = frames_of(&self.rig.publisher, &self.good_name);
        assert_eq!(assert_accounted_for(&self.good_name, &good), 1, "the healthy camera was reconnected");
        let frames = frames_of(&self.rig.publisher, self.name);
        assert_accounted_for(self.name, &frames);
        frames
    }
}

fn payloads(frames: &[Frame]) -> HashSet<Bytes> {
    frames.iter().map(|frame| frame.payload.clone()).collect()
}

/// The payloads of a camera without faults.
async fn flawless(name: &'static str, encoding: Encoding) -> HashSet<Bytes> {
    let camera = ScriptedCamera::start(STREET.clone(), Script::default(), 0).await;
    let rig = Rig::new(quick());
    let task = rig.run(name, Source::Pull(camera.source(RtspTransport::Tcp)), output(encoding));
    rig.publisher.wait(45).await;
    let payloads = payloads(&rig.finish(task).await);
    assert_eq!(payloads.len(), 20, "each picture must be encoded the same in every round, and unlike any other");
    payloads
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_in_response_to_setup_is_an_error_until_the_camera_recovers() {
    let script = Script { garbage_for_setup: true, ..Script::default() };
    let pair = Pair::start("garbage-setup", script, RtspTransport::Tcp, Encoding::Jpeg).await;
    pair.error(&["stream", "open_timeout"], 2).await;
    assert!(frames_of(pair.publisher(), pair.name).is_empty());
    pair.faulty.change(|script| script.garbage_for_setup = false);
    pair.frames_come(pair.name, 10).await;
    pair.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_after_setup_is_an_error_until_the_camera_recovers() {
    let script = Script { sends: Sends::FramedGarbage, ..Script::default() };
    let pair = Pair::start("garbage-play", script, RtspTransport::Tcp, Encoding::Jpeg).await;
    pair.error(&["stream", "open_timeout", "ended"], 1).await;
    assert!(frames_of(pair.publisher(), pair.name).is_empty());
    pair.faulty.change(|script| script.sends = Sends::Video);
    pair.frames_come(pair.name, 10).await;
    // During the stream, and not in interleaved frames.
    let seen = pair.errors(&["stream", "stall", "ended"]);
    pair.faulty.change(|script| script.sends = Sends::UnframedGarbage);
    pair.error(&["stream", "stall", "ended"], seen + 1).await;
    pair.faulty.change(|script| script.sends = Sends::Video);
    pair.frames_come(pair.name, 10).await;
    pair.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameter_sets_in_the_stream_replace_wrong_ones_in_the_description() {
    let expected = flawless("sets-flawless", Encoding::Jpeg).await;
    // The parameter sets of a stream of 320×240, and text that is not base64.
    for (name, sets) in [("sets-other", "Z0LADdkBQfoQAAADABAAAAMBQPFCmSA=,aMuDyyA="), ("sets-broken", "!!!,####")] {
        let script = Script { parameter_sets: Some(sets.to_owned()), ..Script::default() };
        let pair = Pair::start(name, script, RtspTransport::Tcp, Encoding::Jpeg).await;
        pair.frames_come(name, 20).await;
        let frames = pair.finish().await;
        assert!(payloads(&frames).is_subset(&expected), "{name}: a picture was changed");
    }
}

/// Whether the packet holds a sequence parameter set.
fn is_sps(packet: &[u8]) -> bool {
    packet[12] & 0x1f == 7
}

fn broken_sps(packet: &mut Vec<u8>) {
    if is_sps(packet) {
        packet.truncate(16);
    }
}

/// Replaces the parameter set by that of a stream of 320×240.
fn small_sps(packet: &mut Vec<u8>) {
    if is_sps(packet) {
        packet.truncate(12);
        packet.extend(bombs::h264_sps(320, 240));
    }
}

/// Replaces the parameter set by that of a stream of 16,368×16,368.
fn huge_sps(packet: &mut Vec<u8>) {
    if is_sps(packet) {
        packet.truncate(12);
        packet.extend(bombs::h264_sps(16_368, 16_368));
    }
}

/// Runs the named test again in a process of its own, because tests in the same process use memory too; true in that process.
fn in_own_process(test: &str) -> bool {
    const MARK: &str = "VRU_TEST_IN_OWN_PROCESS";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    let run = command.args([test, "--exact", "--nocapture"]).env(MARK, "1").output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success() && stdout.contains("1 passed"), "{stdout}\n{stderr}");
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_parameter_sets_in_the_stream_cost_no_memory_and_give_no_picture() {
    if !in_own_process("camera_faults::wrong_parameter_sets_in_the_stream_cost_no_memory_and_give_no_picture") {
        return;
    }
    let expected = flawless("sps-flawless", Encoding::Jpeg).await;
    for (name, spoil) in [("sps-broken", broken_sps as fn(&mut Vec<u8>)), ("sps-huge", huge_sps)] {
        let huge = glib::base64_encode(&bombs::h264_sps(16_368, 16_368)).to_string();
        let script = Script { spoil: Some(spoil), parameter_sets: Some(huge), ..Script::default() };
        let resident = resident_bytes(std::process::id());
        let pair = Pair::start(name, script, RtspTransport::Tcp, Encoding::Jpeg).await;
        pair.error(&["stream", "open_timeout"], 2).await;
        let grown = resident_bytes(std::process::id()).saturating_sub(resident);
        // A picture of that size takes 400 MB.
        assert!(grown < 150_000_000, "{name}: memory grew by {grown} bytes");
        assert!(frames_of(pair.publisher(), name).is_empty());
        pair.faulty.change(|script| *script = Script::default());
        pair.frames_come(name, 20).await;
        let frames = pair.finish().await;
        assert!(payloads(&frames).is_subset(&expected), "{name}: a picture was changed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_picture_size_in_the_stream_is_used_until_the_right_one_is_sent() {
    let expected = flawless("size-flawless", Encoding::Jpeg).await;
    let script = Script { spoil: Some(small_sps), parameter_sets: Some(String::new()), ..Script::default() };
    let pair = Pair::start("size-wrong", script, RtspTransport::Tcp, Encoding::Jpeg).await;
    pair.frames_come(pair.name, 10).await;
    pair.faulty.change(|script| *script = Script::default());
    let (mut wrong, right) = eventually(DEADLINE, "pictures of the right size", async || {
        let frames = frames_of(pair.publisher(), pair.name);
        let (wrong, right): (Vec<_>, Vec<_>) = frames.into_iter().partition(|frame| frame.source_width == 320);
        if right.len() >= 20 { Ok((wrong, right)) } else { Err(format!("{}, {}", wrong.len(), right.len())) }
    })
    .await;
    assert!(wrong.pop().is_some_and(|frame| (frame.source_width, frame.source_height) == (320, 240)));
    assert!(payloads(&right).is_subset(&expected), "a picture was changed");
    pair.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn capture_times_become_those_of_the_cameras_clock_to_a_millisecond() {
    const PICTURE_US: i64 = 50_000;
    let camera = ScriptedCamera::start(STREET.clone(), Script::default(), 0).await;
    let rig = Rig::new(quick());
    let task = rig.run("clock-exact", Source::Pull(camera.source(RtspTransport::Tcp)), output(Encoding::Jpeg));
    // Every picture is kept, so its sequence number gives its capture time.
    let error_us = |frame: &Frame| {
        let id = frame.id.as_ref().unwrap();
        frame.captured_at_us - camera.first_picture_us() - id.sequence as i64 * PICTURE_US
    };
    // First they follow the packets' arrival, and are then slewed to the camera's clock.
    let exact_from = eventually(DEADLINE, "20 frames with the camera's times", async || {
        let frames = frames_of(&rig.publisher, "clock-exact");
        let inexact = frames.iter().rposition(|frame| error_us(frame).abs() > 1_000);
        let from = inexact.map_or(0, |index| index + 1);
        let last = frames.last().map(error_us);
        if frames.len() - from >= 20 { Ok(from) } else { Err(format!("{} frames, last error {last:?}", frames.len())) }
    })
    .await;
    let more = rig.publisher.count() + 40;
    rig.publisher.wait(more).await;
    for frame in &rig.finish(task).await[exact_from..] {
        assert_eq!(frame.clock_source(), ClockSource::SenderReport);
        assert!(error_us(frame).abs() <= 1_000, "{} µs off", error_us(frame));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_clock_set_by_an_hour_changes_no_capture_time() {
    for (name, hour) in [("clock-forwards", 3_600_000_000), ("clock-backwards", -3_600_000_000)] {
        let pair = Pair::start(name, Script::default(), RtspTransport::Tcp, Encoding::Jpeg).await;
        let jumps = || metrics::CLOCK_JUMPS.with_label_values(&[name]).get();
        let ends_with = async |clock: ClockSource| {
            eventually(DEADLINE, &format!("{clock:?}"), async || {
                let frames = frames_of(pair.publisher(), name);
                let steady = frames.len() >= 10 && frames.iter().rev().take(10).all(|f| f.clock_source() == clock);
                if steady { Ok(()) } else { Err(format!("{} frames", frames.len())) }
            })
            .await;
        };
        ends_with(ClockSource::SenderReport).await;
        assert_eq!(jumps(), 0);
        pair.faulty.change(|script| script.clock_ahead_us = hour);
        ends_with(ClockSource::Arrival).await;
        assert_eq!(jumps(), 1);
        pair.faulty.change(|script| script.clock_ahead_us = 0);
        ends_with(ClockSource::SenderReport).await;
        assert_eq!(jumps(), 2);
        let frames = pair.finish().await;
        assert_eq!(assert_accounted_for(name, &frames), 1, "the camera was reconnected");
        for pair in frames.windows(2) {
            let step_us = pair[1].captured_at_us - pair[0].captured_at_us;
            assert!(step_us > 0, "{name}: capture time changed by {step_us} µs");
            // By stream time the pictures are 50 ms apart, however late they arrive.
            assert!(step_us < 1_000_000, "{name}: capture time changed by {step_us} µs");
        }
        for frame in &frames {
            let late_us = frame.ingested_at_us - frame.captured_at_us;
            assert!(late_us.abs() < 10_000_000, "{name}: ingested {late_us} µs after its capture");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn packet_loss_and_reordering_cost_pictures_and_damage_none() {
    for (name, encoding) in [("lossy-jpeg", Encoding::Jpeg), ("lossy-pass", Encoding::H264)] {
        let expected =
            flawless(if encoding == Encoding::Jpeg { "lossless-jpeg" } else { "lossless-pass" }, encoding).await;
        let expected: HashSet<Bytes> = expected.iter().map(|payload| slices(encoding, payload)).collect();
        let script = Script { lost_permille: 15, late_permille: 30, ..Script::default() };
        let pair = Pair::start(name, script, RtspTransport::Udp, encoding).await;
        let lost = || metrics::LOST_PACKETS.with_label_values(&[name]).get();
        eventually(DEADLINE, "losses", async || {
            let (lost, skipped) = (lost(), pair.skipped(metrics::PACKETS_LOST));
            if lost >= 5 && skipped >= 10 { Ok(()) } else { Err(format!("{lost} packets, {skipped} units")) }
        })
        .await;
        assert!(lost() <= pair.faulty.lost_packets(), "a late packet was counted as lost");
        pair.faulty.change(|script| script.lost_permille = 0);
        // The jitter buffer still holds two seconds of the lossy stream, which are 40 pictures.
        pair.frames_come(name, 50).await;
        // The stream recovers at the next key frame at the latest, and late packets cost nothing.
        let skipped = pair.skipped(metrics::PACKETS_LOST);
        pair.frames_come(name, 30).await;
        assert!(pair.skipped(metrics::PACKETS_LOST) <= skipped + 20, "{skipped}");
        let undecodable = pair.skipped(metrics::UNDECODABLE);
        let frames = pair.finish().await;
        assert_eq!(assert_accounted_for(name, &frames), 1, "the camera was reconnected");
        for (number, frame) in frames.iter().enumerate() {
            let sent = expected.contains(&slices(encoding, &frame.payload));
            assert!(sent, "{name}: picture {number} of {} was changed", frames.len());
        }
        assert_eq!(undecodable, 0, "{name}: an incomplete access unit reached the decoder");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn revoked_credentials_are_reported_and_work_again_when_restored() {
    let pair = Pair::start("revoked-pull", Script::default(), RtspTransport::Tcp, Encoding::Jpeg).await;
    pair.frames_come(pair.name, 10).await;
    pair.faulty.change(|script| script.refuses = true);
    pair.error(&["unauthorized"], 2).await;
    assert_eq!(metrics::CONNECTED.with_label_values(&[pair.name]).get(), 0);
    let before = frames_of(pair.publisher(), pair.name).len();
    let connections = pair.faulty.connections();
    pair.faulty.change(|script| script.refuses = false);
    pair.frames_come(pair.name, 10).await;
    assert!(pair.faulty.connections() > connections && before >= 10);
    let frames = pair.finish().await;
    assert_eq!(assert_accounted_for("revoked-pull", &frames), 2);
}
