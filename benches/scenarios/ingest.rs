//! The cost of a 1080p30 camera in ingest: CPU seconds per second, and resident memory of one more camera, beside a peer on the
//! same camera at the same time. With JPEG the peer is `gst-launch-1.0` with the same elements, which discards its pictures. With
//! passthrough, where publishing is much of the work, it is the least program that brings the access units to Kafka
//! (`src/bin/publishing-peer.rs`). Ours also has identities, times, metrics and reconnection.
//!
//! Does not measure: hardware decoders, H.265, UDP, and the work of the camera's server and the broker.

use std::time::{Duration, Instant};

use vru_benches::camera::BenchCamera;
use vru_benches::measure::Turns;
use vru_benches::process::cpu_seconds;
use vru_benches::row::{BenchRow, Goal};
use vru_proto::v1;
use vru_runtime::test_util::{Bus, Launch, Process, ServiceLaunch, ServiceProcess, Topic, binary, folder, kafka};

const TURNS: usize = 5;
const WINDOW: Duration = Duration::from_secs(10);
// Buffers, caches and the allocator's arenas have reached their size after this time.
const SETTLE: Duration = Duration::from_secs(8);
const DEADLINE: Duration = Duration::from_mins(1);
const MORE_CAMERAS: u32 = 7;

const JPEG: &str = "h264parse ! avdec_h264 max-threads=1 output-corrupt=false ! videorate drop-only=true \
    ! video/x-raw,framerate=10/1 ! videoscale add-borders=false n-threads=1 ! videoconvert n-threads=1 \
    ! jpegenc quality=85 ! fakesink";

fn main() {
    let camera = BenchCamera::start();
    jpeg(&camera);
    passthrough(&camera);
}

fn jpeg(camera: &BenchCamera) {
    let bus = kafka().bus("bench-ingest", 1);
    let service = start(&bus);
    bus.put_camera(&config(camera, v1::Encoding::Jpeg, 0));
    let peer = gst_launch(camera);
    wait_for_frames(&bus, 1);
    let cpu = beside(&service, &peer, &bus, 10.0);
    let versions = format!("gst-launch-1.0 {} of the same elements", gstreamer::version_string());
    BenchRow::of("ingest/jpeg", &cpu, 1.0, "CPU s/s", Goal::AtMost(1.1), &versions).save();

    // A small machine cannot decode more streams.
    let memory = memory_of_more(&service, &peer, &bus, camera, v1::Encoding::Jpeg, 2);
    BenchRow::of("memory/ingest jpeg", &memory, 1.0, "MB", Goal::AtMost(1.2), &versions).save();
}

fn passthrough(camera: &BenchCamera) {
    let bus = kafka().bus("bench-ingest", 1);
    let service = start(&bus);
    bus.put_camera(&config(camera, v1::Encoding::H264, 0));
    let peer = publishing_peer(camera, 1);
    wait_for_frames(&bus, 1);
    let cpu = beside(&service, &peer, &bus, 30.0);
    let versions = format!("rtspsrc to librdkafka and nothing else, {}, one process", gstreamer::version_string());
    BenchRow::of("ingest/passthrough", &cpu, 1.0, "CPU s/s", Goal::AtMost(1.2), &versions).save();

    let memory = memory_of_more(&service, &peer, &bus, camera, v1::Encoding::H264, MORE_CAMERAS);
    BenchRow::of("memory/ingest passthrough", &memory, 1.0, "MB", Goal::Within(5.0), &versions).save();

    drop(peer);
    let cameras = 1 + MORE_CAMERAS;
    let peer = publishing_peer(camera, cameras);
    let cpu = beside(&service, &peer, &bus, 30.0 * f64::from(cameras));
    let name = format!("ingest/passthrough {cameras} cameras");
    BenchRow::of(&name, &cpu, 1.0, "CPU s/s", Goal::AtMost(1.2), &versions).save();
    let mut a_core = Turns::default();
    a_core.add(f64::from(cameras) / cpu.ours(), f64::from(cameras) / cpu.peers());
    let name = "ingest/passthrough cameras a core";
    BenchRow::of(name, &a_core, 1.0, "cameras", Goal::Reaches(50.0), &versions).save();
}

fn start(bus: &Bus) -> ServiceProcess {
    let service = ServiceLaunch::new("vru-ingest")
        .bus(bus)
        .set("push.enabled", "false")
        .set("pull.allow_this_host", "true")
        .set("live.decoder_threads", "1")
        .set("group", format!("{}ingest", bus.prefix()))
        .start();
    service.wait_ready(DEADLINE);
    service
}

/// CPU seconds per second of both. Panics when ours does not publish the frames that its cameras send.
fn beside(service: &ServiceProcess, peer: &Process, bus: &Bus, frames_per_second: f64) -> Turns {
    std::thread::sleep(SETTLE);
    let mut cpu = Turns::default();
    let (begun, frames) = (Instant::now(), bus.written(Topic::Frames));
    for _ in 0..TURNS {
        let (started, ours, peers) = (Instant::now(), cpu_seconds(service.pid()), cpu_seconds(peer.pid()));
        std::thread::sleep(WINDOW);
        let seconds = started.elapsed().as_secs_f64();
        cpu.add((cpu_seconds(service.pid()) - ours) / seconds, (cpu_seconds(peer.pid()) - peers) / seconds);
    }
    let rate = (bus.written(Topic::Frames) - frames) as f64 / begun.elapsed().as_secs_f64();
    assert!((rate / frames_per_second - 1.0).abs() < 0.1, "{rate} frames/s instead of {frames_per_second}");
    assert!(peer.ended().is_none(), "the peer ended: {}", peer.log_tail());
    cpu
}

/// Megabytes of each further camera, beside those of the peer with one.
fn memory_of_more(
    service: &ServiceProcess,
    peer: &Process,
    bus: &Bus,
    camera: &BenchCamera,
    encoding: v1::Encoding,
    more: u32,
) -> Turns {
    let one = service.resident_bytes();
    for number in 1..=more {
        bus.put_camera(&config(camera, encoding, number));
    }
    std::thread::sleep(SETTLE + SETTLE);
    let grown = service.resident_bytes().saturating_sub(one) as f64 / f64::from(more);
    let mut memory = Turns::default();
    memory.add(grown / 1e6, peer.resident_bytes() as f64 / 1e6);
    memory
}

fn config(camera: &BenchCamera, encoding: v1::Encoding, number: u32) -> v1::CameraConfig {
    let pull = v1::PullSource { url: camera.url(), ..v1::PullSource::default() };
    v1::CameraConfig {
        id: format!("camera-{number}"),
        enabled: true,
        source: Some(v1::camera_config::Source::Pull(pull)),
        output: Some(v1::Output { encoding: encoding.into(), max_fps: 10.0, ..v1::Output::default() }),
        ..v1::CameraConfig::default()
    }
}

fn gst_launch(camera: &BenchCamera) -> Process {
    let source = format!("rtspsrc location={} protocols=tcp latency=200 ! rtph264depay !", camera.url());
    Launch::new("gst-launch-1.0", folder("gst-launch").join("gst-launch.log"))
        .args(["-q"])
        .args(source.split(' '))
        .args(JPEG.split_whitespace())
        .spawn()
}

/// Its frames go to a topic of its own on the same broker.
fn publishing_peer(camera: &BenchCamera, cameras: u32) -> Process {
    let bus = kafka().bus("bench-ingest-peer", 1);
    let peer = Launch::new(binary("publishing-peer"), folder("publishing-peer").join("publishing-peer.log"))
        .args([camera.url(), cameras.to_string(), bus.config().brokers, bus.name(Topic::Frames)])
        .spawn();
    wait_for_frames(&bus, 1);
    peer
}

fn wait_for_frames(bus: &Bus, count: u64) {
    let started = Instant::now();
    while bus.written(Topic::Frames) < count {
        assert!(started.elapsed() < DEADLINE, "no frame came");
        std::thread::sleep(Duration::from_millis(200));
    }
}
