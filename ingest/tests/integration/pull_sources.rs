//! Cameras that change the source (SSRC) of their packets during a connection.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use vru_ingest::metrics;
use vru_proto::v1::{ClockSource, Encoding, Output, RtspTransport, camera_config::Source};
use vru_runtime::test_util::eventually;

use super::scripted::stream::RecordedStream;
use super::scripted::{Script, ScriptedCamera, Sources};
use super::support::{DEADLINE, Rig, quick, sessions, slices};

/// With a key frame every ten pictures.
static STREET: LazyLock<Arc<RecordedStream>> = LazyLock::new(|| RecordedStream::street(20));

fn passthrough() -> Output {
    Output { encoding: Encoding::H264 as i32, max_fps: 240.0, ..Output::default() }
}

/// Every picture as the camera sends it.
fn pictures() -> HashSet<Bytes> {
    let unit = |packets: &Vec<Vec<u8>>| -> HashSet<Bytes> {
        packets.iter().map(|packet| Bytes::copy_from_slice(&packet[packet.len() - 16..])).collect()
    };
    STREET.pictures.iter().flat_map(unit).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_changes_its_source_with_every_key_frame_loses_no_picture() {
    let ends = pictures();
    for (name, sources, transport) in [
        ("sources-tcp", Sources::NewAfter(10), RtspTransport::Tcp),
        ("sources-udp", Sources::NewAfter(10), RtspTransport::Udp),
        ("sources-each", Sources::NewForEachPacket, RtspTransport::Tcp),
    ] {
        let script = Script { sources, ..Script::default() };
        let camera = ScriptedCamera::start(STREET.clone(), script, 0).await;
        let rig = Rig::new(quick());
        let task = rig.run(name, Source::Pull(camera.source(transport)), passthrough());
        rig.publisher.wait(95).await;
        let frames = rig.finish(task).await;
        assert_eq!(sessions(&frames).len(), 1, "{name}: it was reconnected");
        for (number, frame) in frames.iter().enumerate() {
            assert_eq!(frame.key_frame, number % 10 == 0, "{name}: picture {number} is missing or new");
            let end = frame.payload.slice(frame.payload.len() - 16..);
            assert!(ends.contains(&end), "{name}: picture {number} was changed");
        }
        for pair in frames.windows(2) {
            let step_us = pair[1].captured_at_us - pair[0].captured_at_us;
            assert!((1..3_000_000).contains(&step_us), "{name}: {step_us} µs between two pictures");
        }
        let skipped = metrics::SKIPPED.with_label_values(&[name, metrics::PACKETS_LOST]).get();
        let lost = metrics::LOST_PACKETS.with_label_values(&[name]).get();
        let dropped = metrics::OTHER_SOURCES.with_label_values(&[name]).get();
        assert_eq!((skipped, lost, dropped), (0, 0, 0), "{name}");
        let restarts = metrics::RTP_RESTARTS.with_label_values(&[name]).get();
        let wanted = if sources == Sources::NewForEachPacket { 0..1 } else { 9..100 };
        assert!(wanted.contains(&restarts), "{name}: {restarts} restarts");
        // Reports of the new source are about the same stream.
        assert!(frames.iter().any(|frame| frame.clock_source() == ClockSource::SenderReport), "{name}");
    }
}

/// The threads of this process that belong to a jitter buffer.
fn jitter_buffers() -> usize {
    let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    tasks.flatten().map(name).filter(|name| name.starts_with("rtpjitterbuffer")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_that_are_mixed_cost_no_memory_and_damage_no_picture() {
    let expected: HashSet<Bytes> = {
        let camera = ScriptedCamera::start(STREET.clone(), Script::default(), 0).await;
        let rig = Rig::new(quick());
        let task = rig.run("unmixed", Source::Pull(camera.source(RtspTransport::Tcp)), passthrough());
        rig.publisher.wait(40).await;
        rig.finish(task).await.iter().map(|frame| slices(frame.encoding(), &frame.payload)).collect()
    };
    for (name, sources) in [("mixed", Sources::Mixed), ("mixed-pairs", Sources::MixedPairs)] {
        let script = Script { sources, ..Script::default() };
        let camera = ScriptedCamera::start(STREET.clone(), script, 0).await;
        let rig = Rig::new(quick());
        let task = rig.run(name, Source::Pull(camera.source(RtspTransport::Tcp)), passthrough());
        let dropped = || metrics::OTHER_SOURCES.with_label_values(&[name]).get();
        let restarts = || metrics::RTP_RESTARTS.with_label_values(&[name]).get();
        eventually(DEADLINE, name, async || {
            let (dropped, restarts) = (dropped(), restarts());
            if dropped + restarts >= 1_000 { Ok(()) } else { Err(format!("{dropped} dropped, {restarts} restarts")) }
        })
        .await;
        // Other tests run beside this one. Without bound, there would be hundreds.
        let buffers = jitter_buffers();
        assert!(buffers < 100, "{name}: {buffers} jitter buffers");
        let frames = rig.finish(task).await;
        if sources == Sources::Mixed {
            assert_eq!(sessions(&frames).len(), 1, "{name}: it was reconnected");
            assert!(frames.len() > 20, "{name}: {} frames", frames.len());
        }
        for (number, frame) in frames.iter().enumerate() {
            let known = expected.contains(&slices(frame.encoding(), &frame.payload));
            assert!(known, "{name}: picture {number} was changed");
        }
    }
}
