//! Latency from the camera to a subscriber: the real programs on real Kafka, 1 to 16 cameras at 10 pictures per second, one
//! inference worker with one thread for the model. The cameras draw the wall clock into each picture. An alert carries its
//! picture, from which this bench reads the capture time; our own timestamps are not used.
//!
//! Below saturation the goal is one inference (the model alone, on one thread, measured before each number of cameras) plus at
//! most 60 ms. Past saturation the latency must not grow with time, and every frame must be a result or a counted drop. A number
//! of cameras saturates when more than 1 in 100 frames is dropped; one camera never counts as saturation.
//!
//! The peer is a minimal pipeline in Python (`peers/diy.py`) on the same cameras, for one and two of them.
//!
//! Does not measure: networks, encoders of cameras other than `x264enc` at its fastest, GPUs, several workers, TLS. Cameras,
//! broker and subscriber share the machine's cores with the measured programs.

#[path = "glass_to_alert_parts/diy.rs"]
mod diy;
#[path = "glass_to_alert_parts/frame_balance.rs"]
mod frame_balance;
#[path = "glass_to_alert_parts/pipeline.rs"]
mod pipeline;
#[path = "glass_to_alert_parts/sightings.rs"]
mod sightings;
#[path = "glass_to_alert_parts/stages.rs"]
mod stages;
#[path = "glass_to_alert_parts/subscriber.rs"]
mod subscriber;

use std::time::Duration;

use vru_benches::clock_camera::ClockCameras;
use vru_benches::measure::{Turns, quantile};
use vru_benches::note;
use vru_benches::peer::{Environment, Peer};
use vru_benches::row::{BenchRow, Goal, delete_rows};
use vru_benches::worker::MODEL;
use vru_runtime::test_util::require_asset;

use pipeline::MeasuredPipeline;
use sightings::Sightings;

/// Numbers of cameras to measure. The peer is measured up to `PEER_CAMERAS`.
const CAMERAS: [usize; 5] = [1, 2, 4, 8, 16];
const PEER_CAMERAS: usize = 2;
/// Length of each measurement.
const WINDOW: Duration = Duration::from_secs(24);
/// Time between the first picture of every camera and the measurement.
const SETTLE: Duration = Duration::from_secs(6);
const DEADLINE: Duration = Duration::from_mins(1);
/// Share of dropped frames above which a number of cameras saturates.
const SATURATED: f64 = 0.01;
const RUNS: u64 = 40;

fn main() {
    let model = require_asset(MODEL);
    let mut bare = Peer::start(Environment::Tests, "infer.py", &[model.to_str().expect("a plain path"), "1"]);
    // The numbers that saturate differ from run to run, and with them the rows.
    delete_rows("glass_to_alert/");
    let cameras = ClockCameras::start();
    let mut capture = Vec::new();
    bare.run(RUNS);
    for count in CAMERAS {
        let one_inference = bare.run(RUNS) / RUNS as f64 * 1e3;
        let mut seen = ours(&cameras, count, one_inference, &bare.versions);
        capture.append(&mut seen.capture_errors_ms);
        if count <= PEER_CAMERAS {
            let theirs = diy::watch(&cameras, count, &model);
            note(&format!("{count} cameras, diy: {}", theirs.summary()));
            let mut turns = Turns::default();
            turns.add(seen.p95_ms(), theirs.p95_ms());
            let name = format!("glass_to_alert/{count:02} cameras beside diy");
            BenchRow::of(&name, &turns, 1.0, "ms", Goal::None, &diy::versions()).save();
        }
    }
    note(&format!("capture times of {} alerts compared with the burnt clock", capture.len()));
    let mut turns = Turns::default();
    turns.add(quantile(&capture, 0.95), quantile(&capture, 0.5));
    let peer = "median difference of capture time and burnt clock; ours: p95 of the same";
    BenchRow::of("glass_to_alert/capture time", &turns, 1.0, "ms", Goal::Within(20.0), peer).save();
}

fn ours(cameras: &ClockCameras, count: usize, one_inference: f64, bare: &str) -> Sightings {
    let pipeline = MeasuredPipeline::start();
    let (seen, ..) = pipeline.watch(cameras, count, |_, _| ());
    let balance = pipeline.balance();
    note(&format!("{count} cameras: one inference {one_inference:.1} ms; {}; {balance}", seen.summary()));
    pipeline.print_stages(&seen);

    let mut latency = Turns::default();
    latency.add(seen.p95_ms(), one_inference);
    let saturated = count > 1 && balance.dropped_share() > SATURATED;
    let goal = if saturated { Goal::None } else { Goal::Over(60.0) };
    BenchRow::of(&format!("glass_to_alert/{count:02} cameras p95"), &latency, 1.0, "ms", goal, bare).save();
    if saturated {
        let mut flat = Turns::default();
        let (first, last) = seen.p95_of_halves_ms();
        flat.add(last, first);
        let name = format!("glass_to_alert/{count:02} cameras past saturation");
        BenchRow::of(&name, &flat, 1.0, "ms", Goal::AtMost(1.3), "p95 of the first half; ours: p95 of the last half")
            .save();
    }
    let mut accounted = Turns::default();
    accounted.add(balance.accounted() as f64, balance.frames as f64);
    let name = format!("glass_to_alert/{count:02} cameras accounted");
    BenchRow::of(&name, &accounted, 1.0, "frames", Goal::Equals, "frames in; ours: results + counted drops").save();
    seen
}
