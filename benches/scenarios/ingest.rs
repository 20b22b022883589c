//! The cost of a 1080p30 camera in ingest: CPU seconds per second, and resident memory of one more camera. The peer is
//! `gst-launch-1.0` with the same elements on the same camera, at the same time. Ours also adds timestamps, publishes to Kafka and
//! counts.
//!
//! Does not measure: hardware decoders, H.265, UDP, and the work of the camera's server and the broker.

use std::time::{Duration, Instant};

use vru_benches::camera::BenchCamera;
use vru_benches::measure::Turns;
use vru_benches::process::cpu_seconds;
use vru_benches::row::{BenchRow, Goal};
use vru_proto::v1;
use vru_runtime::test_util::{Bus, Launch, Process, ServiceLaunch, Topic, folder, kafka};

const TURNS: usize = 5;
const WINDOW: Duration = Duration::from_secs(6);
// Buffers, caches and the allocator's arenas have reached their size after this time.
const SETTLE: Duration = Duration::from_secs(8);
const DEADLINE: Duration = Duration::from_mins(1);
const MORE_CAMERAS: u32 = 7;

const JPEG: &str = "h264parse ! avdec_h264 max-threads=1 output-corrupt=false ! videorate drop-only=true \
    ! video/x-raw,framerate=10/1 ! videoscale add-borders=false n-threads=1 ! videoconvert n-threads=1 \
    ! jpegenc quality=85 ! fakesink";
const PASSTHROUGH: &str =
    "h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream,alignment=au ! fakesink";

struct OutputKind {
    name: &'static str,
    encoding: v1::Encoding,
    elements: &'static str,
    frames_per_second: f64,
}

fn main() {
    let camera = BenchCamera::start();
    let kinds = [
        OutputKind { name: "jpeg", encoding: v1::Encoding::Jpeg, elements: JPEG, frames_per_second: 10.0 },
        OutputKind {
            name: "passthrough",
            encoding: v1::Encoding::H264,
            elements: PASSTHROUGH,
            frames_per_second: 30.0,
        },
    ];
    for kind in &kinds {
        measure(&camera, kind);
    }
}

fn measure(camera: &BenchCamera, kind: &OutputKind) {
    let bus = kafka().bus("bench-ingest", 1);
    let service = ServiceLaunch::new("vru-ingest")
        .bus(&bus)
        .set("push.enabled", "false")
        .set("live.decoder_threads", "1")
        .set("group", format!("{}ingest", bus.prefix()))
        .start();
    service.wait_ready(DEADLINE);
    bus.put_camera(&config(camera, kind, 0));
    let peer = gst_launch(camera, kind);
    wait_for_frames(&bus, 1);
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
    assert!(
        (rate / kind.frames_per_second - 1.0).abs() < 0.1,
        "{} frames/s instead of {}",
        rate,
        kind.frames_per_second
    );
    assert!(peer.ended().is_none(), "the peer ended: {}", peer.log_tail());

    let versions = format!("gst-launch-1.0 {} of the same elements", gstreamer::version_string());
    let name = format!("ingest/{}", kind.name);
    BenchRow::of(&name, &cpu, 1.0, "CPU s/s", Goal::AtMost(1.1), &versions).save();

    let (mut memory, one) = (Turns::default(), service.resident_bytes());
    // A small machine cannot decode eight streams, but it can pass them through.
    let more_cameras = if kind.encoding == v1::Encoding::Jpeg { 2 } else { MORE_CAMERAS };
    for number in 1..=more_cameras {
        bus.put_camera(&config(camera, kind, number));
    }
    std::thread::sleep(SETTLE + SETTLE);
    let more = service.resident_bytes().saturating_sub(one) as f64 / f64::from(more_cameras);
    memory.add(more / 1e6, peer.resident_bytes() as f64 / 1e6);
    let name = format!("memory/ingest {}", kind.name);
    if kind.encoding == v1::Encoding::Jpeg {
        BenchRow::of(&name, &memory, 1.0, "MB", Goal::AtMost(1.2), &versions).save();
    } else {
        BenchRow::of(&name, &memory, 1.0, "MB", Goal::Within(5.0), &versions).save();
        let (started, ours) = (Instant::now(), cpu_seconds(service.pid()));
        std::thread::sleep(WINDOW);
        let all = (cpu_seconds(service.pid()) - ours) / started.elapsed().as_secs_f64();
        let mut cameras = Turns::default();
        cameras.add(f64::from(1 + MORE_CAMERAS) / all, 1.0 / cpu.peers());
        let name = "ingest/passthrough cameras a core";
        BenchRow::of(name, &cameras, 1.0, "cameras", Goal::Reaches(50.0), &versions).save();
    }
}

fn config(camera: &BenchCamera, kind: &OutputKind, number: u32) -> v1::CameraConfig {
    let pull = v1::PullSource { url: camera.url(), ..v1::PullSource::default() };
    v1::CameraConfig {
        id: format!("camera-{number}"),
        enabled: true,
        source: Some(v1::camera_config::Source::Pull(pull)),
        output: Some(v1::Output { encoding: kind.encoding.into(), max_fps: 10.0, ..v1::Output::default() }),
        ..v1::CameraConfig::default()
    }
}

fn gst_launch(camera: &BenchCamera, kind: &OutputKind) -> Process {
    let source = format!("rtspsrc location={} protocols=tcp latency=200 ! rtph264depay", camera.url());
    Launch::new("gst-launch-1.0", folder("gst-launch").join("gst-launch.log"))
        .args(["-q"])
        .args(source.split(' '))
        .args(["!"])
        .args(kind.elements.split_whitespace())
        .spawn()
}

fn wait_for_frames(bus: &Bus, count: u64) {
    let started = Instant::now();
    while bus.written(Topic::Frames) < count {
        assert!(started.elapsed() < DEADLINE, "no frame came");
        std::thread::sleep(Duration::from_millis(200));
    }
}
