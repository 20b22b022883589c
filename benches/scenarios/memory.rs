//! What memory grows with, and what it does not: resident memory of `vru-infer` by cameras, and of `vru-sink` with all three
//! sinks by records. The cameras' memory in ingest is measured beside its time, in `ingest`.
//!
//! Does not measure: GPUs' memory, subscribers, and cameras that send more than the model can see: of each such camera up to
//! four pictures wait.

#[path = "memory_parts/infer.rs"]
mod infer;
#[path = "memory_parts/sinks.rs"]
mod sinks;

use std::time::Duration;

use vru_benches::measure::median;
use vru_benches::note;
use vru_runtime::test_util::ServiceProcess;

const DEADLINE: Duration = Duration::from_mins(3);
const LOOKS: usize = 9;
const PAUSE: Duration = Duration::from_millis(500);

fn main() {
    infer::measure();
    sinks::measure();
}

/// Resident megabytes, looked at some times: what is about to be given back is no growth.
fn resident_mb(service: &ServiceProcess, what: &str) -> f64 {
    let look = |_| {
        std::thread::sleep(PAUSE);
        service.resident_bytes() as f64 / 1e6
    };
    let resident = median(&(0..LOOKS).map(look).collect::<Vec<f64>>());
    note(&format!("{what}: {resident:.1} MB"));
    resident
}
