//! Live feeds of one camera, from Kafka to WebSocket clients: CPU time of `vru-api` beside a bare axum WebSocket server that sends the
//! same bytes, in a process of its own, and whether memory stays flat. What reading Kafka and making the messages costs, however many
//! watch, is measured with one viewer. The rows named "each further viewer" are without it, those named "all" with it.
//!
//! Does not measure: TLS, networks, browsers, and smaller renditions, which are made once for all viewers.

#[path = "live_feed_parts/bare_socket.rs"]
mod bare_socket;
#[path = "live_feed_parts/crowd.rs"]
mod crowd;
#[path = "live_feed_parts/street.rs"]
mod street;

use std::time::{Duration, Instant};

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
    let first = cost_of_one(street, rendition).await;
    let ours = Crowd::gather(&street.feed(), Some(street.cookie()), Some(&Street::watch(rendition)), viewers).await;
    street.show_until(async || ours.everybody_has_one()).await;
    let mut socket = bare_socket::start(&hand_over("live-message.bin", &ours.last_message()));
    let bare = Crowd::gather(&bare_socket::url(&socket), None, None, viewers).await;
    let (mut all, mut further, mut cores) = (Turns::default(), Turns::default(), Turns::default());
    // The first turn is the warm-up of both sides.
    for turn in 0..=TURNS {
        let Cost { cpu: ours_cpu, messages: ours_messages, took } = cost(street, &ours).await;
        let (cpu, before) = (cpu_seconds(socket.pid()), bare.received());
        for _ in 0..FRAMES {
            socket.command("");
            tokio::time::sleep(INTERVAL).await;
        }
        bare.settle().await;
        let (bare_cpu, bare_messages) = (cpu_seconds(socket.pid()) - cpu, bare.received() - before);
        if turn > 0 {
            let bare_each = bare_cpu / bare_messages as f64;
            all.add(ours_cpu / ours_messages as f64, bare_each);
            further.add((ours_cpu - first.cpu) / ours_messages.saturating_sub(first.messages) as f64, bare_each);
            cores.add(ours_cpu / took, bare_cpu / took);
            note(&format!("{name}: delivered {ours_messages} and {bare_messages} of {}", FRAMES * viewers as u64));
        }
    }
    let peer = "a bare axum 0.8 WebSocket server that sends the same bytes";
    BenchRow::of(&format!("{name}, each further viewer"), &further, 1e6, "CPU µs/message", goal, peer).save();
    BenchRow::of(&format!("{name}, all"), &all, 1e6, "CPU µs/message", goal, peer).save();
    BenchRow::of(&format!("{name}, cores"), &cores, 1.0, "CPU s/s", Goal::Within(1.0), peer).save();
    let before = street.resident_bytes();
    street.show(MEMORY_FRAMES, INTERVAL).await;
    ours.settle().await;
    let mut memory = Turns::default();
    memory.add(street.resident_bytes() as f64, before as f64);
    let peer = "the same process 30 s before";
    BenchRow::of(&format!("{name}, memory"), &memory, MB, "MB", Goal::AtMost(1.1), peer).save();
}

/// Of our server in one turn.
struct Cost {
    cpu: f64,
    messages: u64,
    took: f64,
}

async fn cost(street: &mut Street, viewers: &Crowd) -> Cost {
    let (cpu, before) = (cpu_seconds(street.pid()), viewers.received());
    let began = Instant::now();
    street.show(FRAMES, INTERVAL).await;
    viewers.settle().await;
    let (cpu, messages) = (cpu_seconds(street.pid()) - cpu, viewers.received() - before);
    Cost { cpu, messages, took: began.elapsed().as_secs_f64() }
}

/// Of the turns with one viewer, the one with the median CPU time.
async fn cost_of_one(street: &mut Street, rendition: &str) -> Cost {
    let one = Crowd::gather(&street.feed(), Some(street.cookie()), Some(&Street::watch(rendition)), 1).await;
    street.show_until(async || one.everybody_has_one()).await;
    let mut costs = Vec::new();
    for _ in 0..TURNS {
        costs.push(cost(street, &one).await);
    }
    costs.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
    costs.swap_remove(TURNS / 2)
}
