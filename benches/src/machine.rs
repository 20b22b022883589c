//! The machine of a measurement.

use std::fs;
use std::process::Command;

use serde::Serialize;

use crate::{peer, repository};

/// The machine, and the versions that affect the figures.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    pub processor: String,
    /// Hardware threads.
    pub threads: usize,
    pub memory_gib: u64,
    /// Kernel release.
    pub kernel: String,
    /// Load average over one minute when the table was made. Above the number of threads, the figures are noisy.
    pub load: f64,
    pub rustc: String,
    pub onnxruntime: String,
    pub model: String,
    pub commit: String,
}

impl Machine {
    pub fn here() -> Self {
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let kib: u64 = after(&memory, "MemTotal").trim_end_matches(" kB").parse().unwrap_or_default();
        Self {
            processor: after(&cpu, "model name").to_owned(),
            threads: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gib: kib / (1024 * 1024),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            load: load.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or_default(),
            rustc: output("rustc", &["--version"]),
            onnxruntime: fs::read_to_string(peer::cache().join("onnxruntime/VERSION"))
                .unwrap_or_default()
                .trim()
                .to_owned(),
            model: "nanodet-g, 416x416, one thread".to_owned(),
            commit: output("git", &["describe", "--always", "--dirty"]),
        }
    }
}

fn after<'a>(text: &'a str, key: &str) -> &'a str {
    let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
    line.split_once(':').map_or("", |(_, value)| value.trim())
}

fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).current_dir(repository()).output();
    output.map_or_else(|_| "unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
