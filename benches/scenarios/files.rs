//! Frames per second of a file whose pictures are JPEGs of about 400 kB: `vru-ingest`, real Kafka and `vru-infer` with default settings
//! and a model that costs nothing. The reference is the same programs with the limits that were made for the embedded broker: 2 MB and
//! 64 frames ahead of the consumers, who commit every second.
//!
//! Does not measure: the embedded broker, and models that are slower than the file.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use vru_benches::measure::Turns;
use vru_benches::row::{BenchRow, Goal};
use vru_proto::v1;
use vru_runtime::test_util::{ServiceLaunch, Topic, folder, kafka, require_asset};

const TURNS: usize = 3;
const FRAMES: u64 = 240;
const DEADLINE: Duration = Duration::from_mins(3);
/// What the issue is about; the pictures differ a little.
const PICTURE_BYTES: std::ops::Range<usize> = 350_000..450_000;

fn main() {
    let video = folder("bench-files").join("large.avi");
    make(&video);
    let mut turns = Turns::default();
    for _ in 0..TURNS {
        let ours = frames_per_second(&video, &[]);
        let before = frames_per_second(&video, &[("file.max_lag_bytes", "2000000"), ("file.max_lag", "64")]);
        turns.add(ours, before);
    }
    let peer = "the same programs, limited as for the embedded broker";
    BenchRow::of("files/400 kB", &turns, 1.0, "frames/s", Goal::AtLeast(2.0), peer).save();
}

/// A video whose pictures are as large when they are encoded again.
fn make(video: &Path) {
    let source = "testsrc2=s=1280x720:r=25,noise=alls=20:allf=t";
    let status = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", source, "-frames:v", &FRAMES.to_string()])
        .args(["-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p"])
        .arg(video)
        .status();
    assert!(status.expect("ffmpeg is installed").success());
}

fn frames_per_second(video: &Path, limits: &[(&str, &str)]) -> f64 {
    let bus = kafka().bus("bench-files", 1);
    let ingest = ServiceLaunch::new("vru-ingest")
        .bus(&bus)
        .set("push.enabled", "false")
        .set("group", format!("{}ingest", bus.prefix()))
        .set("file.consumer_groups", format!("[\"{}infer\"]", bus.prefix()));
    let ingest = limits.iter().fold(ingest, |launch, (key, value)| launch.set(key, *value)).start();
    let model =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").join("models/fixtures/probe-whole.onnx");
    let infer = ServiceLaunch::new("vru-infer")
        .bus(&bus)
        .env("MODEL_PATH", model)
        .set("model.onnxruntime", require_asset("onnxruntime/libonnxruntime.so"))
        .set("model.provider", "cpu")
        .set("group", format!("{}infer", bus.prefix()))
        .set("camera_tests.group", format!("{}camera-test-pictures", bus.prefix()))
        .start();
    ingest.wait_ready(DEADLINE);
    infer.wait_ready(DEADLINE);
    let source = v1::FileSource { path: video.display().to_string(), ..Default::default() };
    bus.put_camera(&v1::CameraConfig {
        id: "file".to_owned(),
        enabled: true,
        source: Some(v1::camera_config::Source::File(source)),
        ..Default::default()
    });
    let started = Instant::now();
    while bus.written(Topic::Detections) < FRAMES {
        assert!(started.elapsed() < DEADLINE, "not all frames were analysed: {}", ingest.log_tail());
        std::thread::sleep(Duration::from_millis(500));
    }
    let sizes: Vec<usize> =
        bus.records(Topic::FileFrames).iter().filter_map(|record| Some(record.payload.as_ref()?.len())).collect();
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    assert!(PICTURE_BYTES.contains(&mean), "a picture has {mean} bytes");
    let results = bus.records(Topic::Detections);
    assert_eq!(results.len() as u64, FRAMES, "each frame once");
    let stamp = |at: usize| results[at].timestamp_ms.expect("Kafka stamps every record") as f64 / 1e3;
    (FRAMES - 1) as f64 / (stamp(results.len() - 1) - stamp(0))
}
