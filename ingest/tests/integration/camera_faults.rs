//! Cameras that are pulled from and do what no camera should. Each time a good camera beside it feels nothing, the error says
//! which camera and why, it heals by itself, and every frame is accounted for.

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
use super::support::{DEADLINE, MemoryPublisher, Rig, books_balance, frames_of, quick};

/// Two rounds of ten pictures, each with a key frame in front.
static STREET: LazyLock<Arc<RecordedStream>> = LazyLock::new(|| RecordedStream::street(20));

/// Every picture is taken.
fn output(encoding: Encoding) -> Output {
    Output { encoding: encoding as i32, max_fps: 240.0, ..Output::default() }
}

/// A camera under test and a good one beside it.
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
        config.pull.open_timeout = Duration::from_secs(2);
        if transport == RtspTransport::Udp {
            // A machine that stands still for longer than this makes a late packet a lost one, and rightly so.
            config.pull.latency = Duration::from_secs(2);
            // What waits for a lost packet is no stall.
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

    /// Waits for so many more frames of a camera.
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

    /// Waits for an error of one of these kinds.
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

    /// The good camera goes on in its one session; then both are stopped, and every frame is accounted for.
    async fn finish(self) -> Vec<Frame> {
        self.frames_come(&self.good_name, 5).await;
        assert_eq!(metrics::CONNECTED.with_label_values(&[&self.good_name]).get(), 1);
        self.rig.stop.cancel();
        for task in self.tasks {
            tokio::time::timeout(DEADLINE, task).await.expect("the camera stops in time").unwrap();
        }
        let good = frames_of(&self.rig.publisher, &self.good_name);
        assert_eq!(books_balance(&self.good_name, &good), 1, "the good camera was opened again");
        let frames = frames_of(&self.rig.publisher, self.name);
        books_balance(self.name, &frames);
        frames
    }
}

fn payloads(frames: &[Frame]) -> HashSet<Bytes> {
    frames.iter().map(|frame| frame.payload.clone()).collect()
}

/// What a camera without faults gives.
async fn flawless(name: &'static str, encoding: Encoding) -> HashSet<Bytes> {
    let camera = ScriptedCamera::start(STREET.clone(), Script::default(), 0).await;
    let rig = Rig::new(quick());
    let task = rig.run(name, Source::Pull(camera.source(RtspTransport::Tcp)), output(encoding));
    rig.publisher.wait(45).await;
    let payloads = payloads(&rig.finish(task).await);
    assert_eq!(payloads.len(), 20, "each picture is like itself when it comes again, and like no other");
    payloads
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_for_the_answer_to_setup_is_an_error_until_it_is_well_again() {
    let script = Script { garbage_for_setup: true, ..Script::default() };
    let pair = Pair::start("garbage-setup", script, RtspTransport::Tcp, Encoding::Jpeg).await;
    pair.error(&["stream", "open_timeout"], 2).await;
    assert!(frames_of(pair.publisher(), pair.name).is_empty());
    pair.faulty.change(|script| script.garbage_for_setup = false);
    pair.frames_come(pair.name, 10).await;
    pair.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_after_setup_is_an_error_until_it_is_well_again() {
    let script = Script { sends: Sends::FramedGarbage, ..Script::default() };
    let pair = Pair::start("garbage-play", script, RtspTransport::Tcp, Encoding::Jpeg).await;
    pair.error(&["stream", "open_timeout", "ended"], 1).await;
    assert!(frames_of(pair.publisher(), pair.name).is_empty());
    pair.faulty.change(|script| script.sends = Sends::Video);
    pair.frames_come(pair.name, 10).await;
    // In mid-stream, where no frame begins.
    let seen = pair.errors(&["stream", "stall", "ended"]);
    pair.faulty.change(|script| script.sends = Sends::UnframedGarbage);
    pair.error(&["stream", "stall", "ended"], seen + 1).await;
    pair.faulty.change(|script| script.sends = Sends::Video);
    pair.frames_come(pair.name, 10).await;
    pair.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_parameter_sets_in_the_description_give_way_to_those_of_the_stream() {
    let expected = flawless("sets-flawless", Encoding::Jpeg).await;
    // Of a stream of 320×240, and no base64 at all.
    for (name, sets) in [("sets-other", "Z0LADdkBQfoQAAADABAAAAMBQPFCmSA=,aMuDyyA="), ("sets-broken", "!!!,####")] {
        let script = Script { parameter_sets: Some(sets.to_owned()), ..Script::default() };
        let pair = Pair::start(name, script, RtspTransport::Tcp, Encoding::Jpeg).await;
        pair.frames_come(name, 20).await;
        let frames = pair.finish().await;
        assert!(payloads(&frames).is_subset(&expected), "{name}: a picture is not as it was sent");
    }
}

/// The packet holds a sequence parameter set.
fn is_sps(packet: &[u8]) -> bool {
    packet[12] & 0x1f == 7
}

fn broken_sps(packet: &mut Vec<u8>) {
    if is_sps(packet) {
        packet.truncate(16);
    }
}

/// Of a stream of 320×240.
fn small_sps(packet: &mut Vec<u8>) {
    if is_sps(packet) {
        packet.truncate(12);
        packet.extend(bombs::h264_sps(320, 240));
    }
}

/// 16,368 pixels each way.
fn huge_sps(packet: &mut Vec<u8>) {
    if is_sps(packet) {
        packet.truncate(12);
        packet.extend(bombs::h264_sps(16_368, 16_368));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_parameter_sets_in_the_stream_cost_no_memory_and_show_no_picture() {
    let expected = flawless("sps-flawless", Encoding::Jpeg).await;
    for (name, spoil) in [("sps-broken", broken_sps as fn(&mut Vec<u8>)), ("sps-huge", huge_sps)] {
        let huge = glib::base64_encode(&bombs::h264_sps(16_368, 16_368)).to_string();
        let script = Script { spoil: Some(spoil), parameter_sets: Some(huge), ..Script::default() };
        let resident = resident_bytes(std::process::id());
        let pair = Pair::start(name, script, RtspTransport::Tcp, Encoding::Jpeg).await;
        pair.error(&["stream", "open_timeout"], 2).await;
        let grown = resident_bytes(std::process::id()).saturating_sub(resident);
        // A picture of that size has 400 MB.
        assert!(grown < 150_000_000, "{name}: {grown} bytes more");
        assert!(frames_of(pair.publisher(), name).is_empty());
        pair.faulty.change(|script| *script = Script::default());
        pair.frames_come(name, 20).await;
        let frames = pair.finish().await;
        assert!(payloads(&frames).is_subset(&expected), "{name}: a picture is not as it was sent");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_says_another_size_is_taken_at_its_word_until_it_says_the_true_one() {
    let expected = flawless("size-flawless", Encoding::Jpeg).await;
    let script = Script { spoil: Some(small_sps), parameter_sets: Some(String::new()), ..Script::default() };
    let pair = Pair::start("size-wrong", script, RtspTransport::Tcp, Encoding::Jpeg).await;
    pair.frames_come(pair.name, 10).await;
    pair.faulty.change(|script| *script = Script::default());
    let (mut wrong, right) = eventually(DEADLINE, "true pictures", async || {
        let frames = frames_of(pair.publisher(), pair.name);
        let (wrong, right): (Vec<_>, Vec<_>) = frames.into_iter().partition(|frame| frame.source_width == 320);
        if right.len() >= 20 { Ok((wrong, right)) } else { Err(format!("{}, {}", wrong.len(), right.len())) }
    })
    .await;
    assert!(wrong.pop().is_some_and(|frame| (frame.source_width, frame.source_height) == (320, 240)));
    assert!(payloads(&right).is_subset(&expected), "a picture is not as it was sent");
    pair.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_by_an_hour_changes_no_capture_time() {
    for (name, hour) in [("clock-forth", 3_600_000_000), ("clock-back", -3_600_000_000)] {
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
        assert_eq!(books_balance(name, &frames), 1, "the camera was opened again");
        for pair in frames.windows(2) {
            let step_us = pair[1].captured_at_us - pair[0].captured_at_us;
            assert!(step_us > 0, "{name}: time runs backwards by {step_us} µs");
            // However late they came, by their own time they are 50 ms apart.
            assert!(step_us < 1_000_000, "{name}: {step_us} µs between two pictures");
        }
        for frame in &frames {
            let late_us = frame.ingested_at_us - frame.captured_at_us;
            assert!(late_us.abs() < 10_000_000, "{name}: taken {late_us} µs ago");
        }
    }
}

/// What is shown: of H.264 the slices. What stands before them may be missing in the first picture, as no sequence number tells of
/// packets that are lost before the first that comes.
fn slices(encoding: Encoding, payload: &Bytes) -> Bytes {
    let is_slice = |part: &[u8]| part[..3] == [0, 0, 1] && matches!(part[3] & 0x1f, 1 | 5);
    match encoding {
        Encoding::H264 => payload.slice(payload.windows(4).position(is_slice).expect("a slice")..),
        _ => payload.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn loss_and_reordering_cost_pictures_and_spoil_none() {
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
        assert!(lost() <= pair.faulty.lost_packets(), "a late packet was taken for a lost one");
        pair.faulty.change(|script| script.lost_permille = 0);
        // The jitter buffer holds two seconds from before, 40 pictures.
        pair.frames_come(name, 50).await;
        // All is well again at the next key frame at the latest, and packets that only come late cost nothing.
        let skipped = pair.skipped(metrics::PACKETS_LOST);
        pair.frames_come(name, 30).await;
        assert!(pair.skipped(metrics::PACKETS_LOST) <= skipped + 20, "{skipped}");
        let undecodable = pair.skipped(metrics::UNDECODABLE);
        let frames = pair.finish().await;
        assert_eq!(books_balance(name, &frames), 1, "the camera was opened again");
        for (number, frame) in frames.iter().enumerate() {
            let sent = expected.contains(&slices(encoding, &frame.payload));
            assert!(sent, "{name}: picture {number} of {} is not as it was sent", frames.len());
        }
        assert_eq!(undecodable, 0, "{name}: what reached the decoder was whole");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_are_revoked_in_mid_stream_are_named_and_good_again_later() {
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
    assert_eq!(books_balance("revoked-pull", &frames), 2);
}
