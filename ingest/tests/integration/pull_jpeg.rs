//! Cameras that send each picture as a JPEG (RTP payload type 26).

use std::collections::HashSet;

use bytes::Bytes;
use vru_ingest::metrics;
use vru_media::jpeg::{Size, decode, header};
use vru_proto::v1::{Encoding, Output, RtspTransport, camera_config::Source};
use vru_runtime::test_util::eventually;

use super::scripted::stream::RecordedStream;
use super::scripted::{Script, ScriptedCamera};
use super::support::{DEADLINE, Rig, quick, sessions};

#[tokio::test(flavor = "multi_thread")]
async fn jpegs_of_any_size_are_scaled_or_passed_on_over_tcp_and_udp() {
    for (name, size, max_width, encoding, transport, expected) in [
        ("mjpeg-scaled", (640, 480), 320, Encoding::Jpeg, RtspTransport::Tcp, (320, 240)),
        ("mjpeg-passed", (640, 480), 0, Encoding::H264, RtspTransport::Udp, (640, 480)),
        // The RTP header has no place for sides of more than 2,040 pixels: the session description tells them.
        ("mjpeg-large", (2_560, 1_440), 0, Encoding::Jpeg, RtspTransport::Tcp, (2_560, 1_440)),
        ("mjpeg-large-passed", (2_560, 1_440), 0, Encoding::H265, RtspTransport::Tcp, (2_560, 1_440)),
    ] {
        let camera = ScriptedCamera::start(RecordedStream::jpegs(size, 10), Script::default(), 0).await;
        let rig = Rig::new(quick());
        let output = Output { encoding: encoding as i32, max_fps: 240.0, max_width, ..Output::default() };
        let task = rig.run(name, Source::Pull(camera.source(transport)), output);
        rig.publisher.wait(15).await;
        let frames = rig.finish(task).await;
        assert_eq!(sessions(&frames).len(), 1, "{name}");
        for frame in &frames {
            assert_eq!((frame.encoding(), frame.key_frame, frame.analyse), (Encoding::Jpeg, true, true), "{name}");
            assert_eq!((frame.width, frame.height), expected, "{name}");
            assert_eq!((frame.source_width, frame.source_height), size, "{name}");
            let Size { width, height } = header(&frame.payload).unwrap();
            assert_eq!((width, height), expected, "{name}");
        }
        let picture = decode(&frames[0].payload, None).unwrap();
        assert_eq!((picture.width, picture.height), expected, "{name}");
    }
}

/// The bytes of a packet without header extension: where its fragment begins, and its tables in the first packet of a picture.
const OFFSET: std::ops::Range<usize> = 13..16;
const QUALITY: usize = 17;
const TABLES_LENGTH: std::ops::Range<usize> = 22..24;
const TABLES: std::ops::Range<usize> = 24..152;

fn remove_tables(packet: &mut Vec<u8>) {
    if packet[OFFSET] == [0; 3] {
        packet[TABLES_LENGTH].fill(0);
        packet.drain(TABLES);
    }
}

/// Tables of this quality need not be repeated.
fn name_tables(packet: &mut [u8]) {
    packet[QUALITY] = 200;
}

fn name_and_remove_tables(packet: &mut Vec<u8>) {
    name_tables(packet);
    remove_tables(packet);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jpeg_without_its_tables_is_refused_and_tables_that_were_sent_once_are_used() {
    let stream = RecordedStream::jpegs((320, 240), 10);
    let output = || Output { encoding: Encoding::H264 as i32, max_fps: 240.0, ..Output::default() };
    let camera = ScriptedCamera::start(stream.clone(), Script::default(), 0).await;
    let rig = Rig::new(quick());
    let task = rig.run("tables-in-band", Source::Pull(camera.source(RtspTransport::Tcp)), output());
    rig.publisher.wait(20).await;
    let known: HashSet<Bytes> = rig.finish(task).await.into_iter().map(|frame| frame.payload).collect();
    assert_eq!(known.len(), 10);

    let name = "tables-missing";
    let script = Script { spoil: Some(remove_tables), ..Script::default() };
    let camera = ScriptedCamera::start(stream, script, 0).await;
    let mut config = quick();
    config.pull.open_timeout = DEADLINE;
    let rig = Rig::new(config);
    let task = rig.run(name, Source::Pull(camera.source(RtspTransport::Tcp)), output());
    let refused = || metrics::SKIPPED.with_label_values(&[name, metrics::REFUSED]).get();
    eventually(DEADLINE, "refused pictures", async || if refused() >= 5 { Ok(()) } else { Err(refused().to_string()) })
        .await;
    assert_eq!(rig.publisher.count(), 0, "pictures without tables came");
    camera.change(|script| script.spoil = Some(|packet| name_tables(packet)));
    rig.publisher.wait(5).await;
    camera.change(|script| script.spoil = Some(name_and_remove_tables));
    let before = refused();
    rig.publisher.wait(rig.publisher.count() + 25).await;
    assert_eq!(refused(), before, "tables were forgotten");
    let frames = rig.finish(task).await;
    assert_eq!(sessions(&frames).len(), 1);
    assert!(frames.iter().all(|frame| known.contains(&frame.payload)), "a picture was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_packet_costs_one_jpeg() {
    let script = Script { lost_permille: 20, ..Script::default() };
    let camera = ScriptedCamera::start(RecordedStream::jpegs((640, 480), 20), script, 7).await;
    let mut config = quick();
    config.pull.latency = std::time::Duration::from_millis(500);
    let rig = Rig::new(config);
    let output = Output { encoding: Encoding::Jpeg as i32, max_fps: 240.0, ..Output::default() };
    let task = rig.run("mjpeg-lossy", Source::Pull(camera.source(RtspTransport::Udp)), output);
    let skipped = || metrics::SKIPPED.with_label_values(&["mjpeg-lossy", metrics::PACKETS_LOST]).get();
    eventually(DEADLINE, "losses", async || {
        let (skipped, frames) = (skipped(), rig.publisher.count());
        if skipped >= 3 && frames >= 30 { Ok(()) } else { Err(format!("{skipped} skipped, {frames} frames")) }
    })
    .await;
    let frames = rig.finish(task).await;
    assert_eq!(sessions(&frames).len(), 1);
    assert!(skipped() <= camera.lost_packets(), "{} pictures for {} packets", skipped(), camera.lost_packets());
}
