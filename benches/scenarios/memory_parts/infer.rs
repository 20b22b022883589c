//! One worker with a growing number of cameras, which send so slowly that no picture waits.

use bytes::Bytes;
use prost::Message as _;
use vru_benches::measure::Turns;
use vru_benches::messages::{clip_jpegs, clip_units, jpeg_frame};
use vru_benches::row::{BenchRow, Goal};
use vru_benches::worker::infer_worker;
use vru_proto::v1;
use vru_runtime::clock::now_us;
use vru_runtime::test_util::{Bus, ServiceProcess, Topic, kafka, wait_for};

use super::{DEADLINE, resident_mb};

const FEW: usize = 8;
const MANY: usize = 40;
/// Pictures of each camera before memory is measured; every tenth picture of the clip is a key frame.
const ROUNDS: usize = 20;
/// Cameras that send at the same time.
const AT_ONCE: usize = 2;

/// Measures JPEG, and H.264 for comparison: each H.264 camera has a decoder with reference pictures.
pub fn measure() {
    let jpegs: Vec<(Bytes, bool)> = clip_jpegs(2 * ROUNDS).into_iter().map(|jpeg| (jpeg, true)).collect();
    row("jpeg", Goal::Within(2.0), &jpegs, v1::Encoding::Jpeg);
    row("h264 passthrough", Goal::None, &clip_units(2 * ROUNDS), v1::Encoding::H264);
}

fn row(kind: &str, goal: Goal, pictures: &[(Bytes, bool)], encoding: v1::Encoding) {
    let bus = kafka().bus("bench-memory", 4);
    let service = infer_worker(&bus).start();
    service.wait_ready(DEADLINE);
    send(&bus, &service, FEW, 0, pictures, encoding);
    let few = resident_mb(&service, &format!("infer, {FEW} cameras of {kind}"));
    send(&bus, &service, MANY, ROUNDS, pictures, encoding);
    let many = resident_mb(&service, &format!("infer, {MANY} cameras of {kind}"));
    let mut turns = Turns::default();
    turns.add((many - few) / (MANY - FEW) as f64, few);
    let peer = format!("the whole of vru-infer with {FEW} cameras; ours: one more camera");
    BenchRow::of(&format!("memory/infer {kind}"), &turns, 1.0, "MB", goal, &peer).save();
}

/// Sends rounds of pictures, a few cameras at a time. Waits each time until all earlier pictures are analysed.
fn send(
    bus: &Bus,
    service: &ServiceProcess,
    cameras: usize,
    from: usize,
    pictures: &[(Bytes, bool)],
    encoding: v1::Encoding,
) {
    let sent = |service: &ServiceProcess| service.count("infer_sent_frames_total", &[]);
    let mut expected = sent(service);
    for (number, (payload, key_frame)) in pictures.iter().enumerate().skip(from).take(ROUNDS) {
        for group in (0..cameras).collect::<Vec<usize>>().chunks(AT_ONCE) {
            for camera in group {
                let name = format!("camera-{camera:02}");
                let now = now_us();
                let frame = v1::Frame {
                    encoding: encoding.into(),
                    key_frame: *key_frame,
                    delivery: v1::Delivery::Live.into(),
                    clock_source: v1::ClockSource::Arrival.into(),
                    captured_at_us: now,
                    ingested_at_us: now,
                    ..jpeg_frame(&name, number as u64, payload)
                };
                bus.produce(Topic::Frames, &name, Some(&frame.encode_to_vec()));
            }
            expected += group.len() as u64;
            wait_for(DEADLINE, "the pictures to be analysed", || {
                let dropped = service.count("infer_dropped_frames_total", &[]);
                assert_eq!(dropped, 0, "frames were dropped; the log ends:\n{}", service.log_tail());
                let sent = sent(service);
                if sent == expected { Ok(()) } else { Err(format!("{sent} of {expected}")) }
            });
        }
    }
}
