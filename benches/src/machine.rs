//! What the figures were measured on.

use std::fs;
use std::process::Command;

use serde::Serialize;

use crate::{peer, repository};

/// The machine, and the versions that count.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// Name of the processor.
    pub processor: String,
    /// Threads it runs at once.
    pub threads: usize,
    /// Of the machine, GiB.
    pub memory_gib: u64,
    /// Name of the kernel.
    pub kernel: String,
    /// How busy it was (load over a minute) when the table was made: above the threads, figures are noisy.
    pub load: f64,
    /// The compiler.
    pub rustc: String,
    /// Version of ONNX Runtime's library.
    pub onnxruntime: String,
    /// The model of the benches that run one.
    pub model: String,
    /// Of this repository.
    pub commit: String,
}

impl Machine {
    /// This one.
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
