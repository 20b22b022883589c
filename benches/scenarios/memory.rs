//! Growth of resident memory: of `vru-infer` with the number of cameras, and of `vru-sink` with all three sinks with the number
//! of records. The bench `ingest` measures the memory of cameras in ingest.
//!
//! Does not measure: GPU memory, subscribers, and cameras that send more than the model can process (up to four pictures of each
//! such camera wait).

#[path = "memory_parts/infer.rs"]
mod infer;
#[path = "memory_parts/sinks.rs"]
mod sinks;

use std::time::Duration;

use vru_benches::measure::median;
use vru_benches::note;
use vru_runtime::test_util::ServiceProcess;

const DEADLINE: Duration = Duration::from_mins(3);
const SAMPLES: usize = 9;
const PAUSE: Duration = Duration::from_millis(500);

fn main() {
    infer::measure();
    sinks::measure();
}

/// Resident megabytes: the median of some samples, because memory that is about to be released is no growth.
fn resident_mb(service: &ServiceProcess, what: &str) -> f64 {
    let sample = |_| {
        std::thread::sleep(PAUSE);
        service.resident_bytes() as f64 / 1e6
    };
    let resident = median(&(0..SAMPLES).map(sample).collect::<Vec<f64>>());
    note(&format!("{what}: {resident:.1} MB"));
    resident
}
