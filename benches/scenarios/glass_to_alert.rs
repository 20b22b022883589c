//! From light on a camera to a subscriber: the real programs on real Kafka, 1 to 16 cameras at 10 pictures a second, one
//! inference worker with one thread for the model. The cameras draw the wall clock into each picture; an alert carries its
//! picture, from which the subscriber's side reads how long it took. No stamp of ours counts.
//!
//! Until saturation an alert takes one inference (the model alone, on one thread, measured here before each number of cameras)
//! and 60 ms at most. Past saturation it takes no longer as time goes on, and every frame is a result or a counted drop. A
//! number of cameras saturates when more than 1 in 100 frames is dropped; one camera never counts as saturation.
//!
//! Beside it the pipeline that one writes in an afternoon (`peers/diy.py`), on the same cameras, for one and two of them.
//!
//! Does not measure: networks, the camera's own encoder beyond `x264enc` at its fastest, GPUs, several workers, TLS. Cameras,
//! broker and subscriber share the machine's cores with what is measured.

#[path = "glass_to_alert_parts/books.rs"]
mod books;
#[path = "glass_to_alert_parts/diy.rs"]
mod diy;
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
use vru_benches::row::{Goal, Row, forget};
use vru_benches::worker::MODEL;
use vru_runtime::test_util::require_asset;

use pipeline::Pipeline;
use sightings::Sightings;

/// How many cameras, and how many of these numbers the peer is shown.
const CAMERAS: [usize; 5] = [1, 2, 4, 8, 16];
const PEER_CAMERAS: usize = 2;
/// What is measured of each.
const WINDOW: Duration = Duration::from_secs(24);
/// After the first picture of every camera.
const SETTLE: Duration = Duration::from_secs(6);
const DEADLINE: Duration = Duration::from_mins(1);
/// Frames that may be dropped before a number of cameras counts as too many.
const SATURATED: f64 = 0.01;
const RUNS: u64 = 40;

fn main() {
    let model = require_asset(MODEL);
    let mut bare = Peer::start(Environment::Tests, "infer.py", &[model.to_str().expect("a plain path"), "1"]);
    // Which numbers saturate is not the same each time.
    forget("glass_to_alert/");
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
            Row::of(&name, &turns, 1.0, "ms", Goal::None, &diy::versions()).save();
        }
    }
    note(&format!("capture time of {} alerts against the burnt clock", capture.len()));
    let mut turns = Turns::default();
    turns.add(quantile(&capture, 0.95), quantile(&capture, 0.5));
    let peer = "the median of the same; ours is the p95 distance of capture time and burnt clock";
    Row::of("glass_to_alert/capture time", &turns, 1.0, "ms", Goal::Within(20.0), peer).save();
}

fn ours(cameras: &ClockCameras, count: usize, one_inference: f64, bare: &str) -> Sightings {
    let pipeline = Pipeline::start();
    let seen = pipeline.watch(cameras, count);
    let books = pipeline.books();
    note(&format!("{count} cameras: one inference {one_inference:.1} ms; {}; {books}", seen.summary()));
    pipeline.print_stages(&seen);

    let mut latency = Turns::default();
    latency.add(seen.p95_ms(), one_inference);
    let saturated = count > 1 && books.dropped_share() > SATURATED;
    let goal = if saturated { Goal::None } else { Goal::Over(60.0) };
    Row::of(&format!("glass_to_alert/{count:02} cameras p95"), &latency, 1.0, "ms", goal, bare).save();
    if saturated {
        let mut flat = Turns::default();
        let (first, last) = seen.p95_of_halves_ms();
        flat.add(last, first);
        let name = format!("glass_to_alert/{count:02} cameras past saturation");
        Row::of(&name, &flat, 1.0, "ms", Goal::AtMost(1.3), "p95 of the first half; ours: of the last").save();
    }
    let mut accounted = Turns::default();
    accounted.add(books.accounted() as f64, books.frames as f64);
    let name = format!("glass_to_alert/{count:02} cameras books");
    Row::of(&name, &accounted, 1.0, "frames", Goal::Equals, "frames in; ours: results + counted drops").save();
    seen
}
