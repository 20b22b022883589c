//! Frames per second of one inference worker, from Kafka to Kafka: the real program, JPEG pictures of the sample clip, one thread for
//! the model. The peer is a loop that only runs the same model on one thread of the same runtime.
//!
//! Does not measure: GPUs, batches of several cameras, and H.264 (a decoder's time).

use std::time::{Duration, Instant};

use prost::Message as _;
use vru_benches::measure::Turns;
use vru_benches::messages::{clip_jpegs, jpeg_frame};
use vru_benches::peer::{Environment, Peer};
use vru_benches::publish::publish_all;
use vru_benches::row::{BenchRow, Goal};
use vru_benches::worker::{MODEL, infer_worker};
use vru_runtime::kafka::ProducerOptions;
use vru_runtime::test_util::{Bus, Topic, kafka, require_asset};

const TURNS: u64 = 5;
const FRAMES: u64 = 200;
const DEADLINE: Duration = Duration::from_mins(2);

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let pictures = clip_jpegs(FRAMES as usize);
    let model = require_asset(MODEL);
    let mut peer = Peer::start(Environment::Tests, "infer.py", &[model.to_str().expect("a plain path"), "1"]);
    let bus = kafka().bus("bench-infer", 1);
    let producer = bus.config().producer(&ProducerOptions::default()).expect("a producer can be made");
    let service = infer_worker(&bus).start();
    service.wait_ready(DEADLINE);

    let mut turns = Turns::default();
    // The first turn is the warm-up of both sides.
    for turn in 0..=TURNS {
        let frames: Vec<Vec<u8>> = (turn * FRAMES..)
            .zip(&pictures)
            .map(|(sequence, jpeg)| jpeg_frame("camera", sequence, jpeg).encode_to_vec())
            .collect();
        let records = frames.iter().map(|frame| ("camera", frame.as_slice()));
        runtime.block_on(publish_all(&producer, &bus.name(Topic::FileFrames), records));
        let ours = frames_per_second(&bus, (turn + 1) * FRAMES);
        let peers = FRAMES as f64 / peer.run(FRAMES);
        if turn > 0 {
            turns.add(ours, peers);
        }
    }
    BenchRow::of("infer_worker", &turns, 1.0, "frames/s", Goal::AtLeast(0.95), &peer.versions).save();
}

/// The rate from the timestamps of the last turn's results: the start and the polling of this bench do not count.
fn frames_per_second(bus: &Bus, expected: u64) -> f64 {
    let started = Instant::now();
    while bus.written(Topic::Detections) < expected {
        assert!(started.elapsed() < DEADLINE, "not all frames were analysed");
        std::thread::sleep(Duration::from_millis(500));
    }
    let results = bus.records(Topic::Detections);
    assert_eq!(results.len() as u64, expected, "each frame once");
    let last = &results[results.len() - FRAMES as usize..];
    let stamp = |at: usize| last[at].timestamp_ms.expect("Kafka stamps every record") as f64 / 1e3;
    (FRAMES - 1) as f64 / (stamp(last.len() - 1) - stamp(0))
}
