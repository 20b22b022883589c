//! Live feeds of one camera, from Kafka to WebSocket clients: CPU time of `vru-api` beside a bare axum WebSocket server that sends the
//! same bytes, in a process of its own, and whether memory stays flat.
//!
//! Does not measure: TLS, networks, browsers, and smaller renditions, which are made once for all viewers.

#[path = "live_feed_parts/bare_socket.rs"]
mod bare_socket;
#[path = "live_feed_parts/crowd.rs"]
mod crowd;
#[path = "live_feed_parts/street.rs"]
mod street;

use std::time::Duration;

use vru_benches::inputs::hand_over;
use vru_benches::measure::Turns;
use vru_benches::note;
use vru_benches::process::cpu_seconds;
use vru_benches::row::{BenchRow, Goal};

use crowd::Crowd;
use street::Street;

const TURNS: usize = 5;
/// Of a turn, 10 a second.
const FRAMES: u64 = 50;
const INTERVAL: Duration = Duration::from_millis(100);
const MEMORY_FRAMES: u64 = 300;
const MB: f64 = 1e-6;

fn main() {
    if bare_socket::is_requested() {
        return bare_socket::serve();
    }
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    runtime.block_on(measure());
}

async fn measure() {
    let mut street = Street::start().await;
    viewers(&mut street, "full", 200, Goal::AtMost(1.5), "live_feed/200 viewers").await;
    viewers(&mut street, "none", 1_000, Goal::AtMost(1.5), "live_feed/1000 viewers of boxes").await;
    street.stop();
}

/// CPU time of each server for one delivered message. Messages that a slow viewer skips are not delivered, on either side.
async fn viewers(street: &mut Street, rendition: &str, viewers: usize, goal: Goal, name: &str) {
    let ours = Crowd::gather(&street.feed(), Some(street.cookie()), Some(&Street::watch(rendition)), viewers).await;
    street.show_until(async || ours.everybody_has_one()).await;
    let mut socket = bare_socket::start(&hand_over("live-message.bin", &ours.last_message()));
    let bare = Crowd::gather(&bare_socket::url(&socket), None, None, viewers).await;
    let (mut turns, mut cores) = (Turns::default(), Turns::default());
    // The first turn is the warm-up of both sides.
    for turn in 0..=TURNS {
        let ours_turn = async {
            let (cpu, before) = (cpu_seconds(street.pid()), ours.received());
            let began = tokio::time::Instant::now();
            street.show(FRAMES, INTERVAL).await;
            ours.settle().await;
            (cpu_seconds(street.pid()) - cpu, ours.received() - before, began.elapsed().as_secs_f64())
        };
        let (ours_cpu, ours_messages, took) = ours_turn.await;
        let (cpu, before) = (cpu_seconds(socket.pid()), bare.received());
        for _ in 0..FRAMES {
            socket.command("");
            tokio::time::sleep(INTERVAL).await;
        }
        bare.settle().await;
        let (bare_cpu, bare_messages) = (cpu_seconds(socket.pid()) - cpu, bare.received() - before);
        if turn > 0 {
            turns.add(ours_cpu / ours_messages as f64, bare_cpu / bare_messages as f64);
            cores.add(ours_cpu / took, bare_cpu / took);
            note(&format!("{name}: delivered {ours_messages} and {bare_messages} of {}", FRAMES * viewers as u64));
        }
    }
    let peer = "a bare axum 0.8 WebSocket server that sends the same bytes";
    BenchRow::of(name, &turns, 1e6, "CPU µs/message", goal, peer).save();
    BenchRow::of(&format!("{name}, cores"), &cores, 1.0, "CPU s/s", Goal::Within(1.0), peer).save();
    let before = street.resident_bytes();
    street.show(MEMORY_FRAMES, INTERVAL).await;
    ours.settle().await;
    let mut memory = Turns::default();
    memory.add(street.resident_bytes() as f64, before as f64);
    let peer = "the same process 30 s before";
    BenchRow::of(&format!("{name}, memory"), &memory, MB, "MB", Goal::AtMost(1.1), peer).save();
}
