//! Samples of the memory, handles, threads and counters of each process. Counters are lost with their process, so the last sample
//! is kept.

use std::fs;
use std::time::{Duration, Instant};

use vru_runtime::test_util::{Metrics, ServiceProcess, http_get};

use super::SAMPLE_EVERY;
use super::cameras::SoakCameras;

/// After this time a process has filled its caches and pools.
const WARM_UP: Duration = Duration::from_mins(1);
/// With fewer samples growth cannot be measured.
const LEAST_SAMPLES: usize = 20;
/// Allowed growth from the second quarter of the samples to the last one: the allocator follows the load, and connections are
/// opened again.
const MEMORY: f64 = 24.0 * 1024.0 * 1024.0;
const HANDLES: f64 = 8.0;
const THREADS: f64 = 4.0;

/// Memory in bytes, open file handles, threads.
type Usage = [f64; 3];

/// One process of a service.
pub struct SampledProcess {
    /// Index of the service in the pipeline.
    pub service: usize,
    /// The counters in the last sample.
    pub counted: Metrics,
    pid: u32,
    since: Instant,
    usage: Vec<Usage>,
}

/// Samples the services every few seconds.
pub struct Sampler {
    processes: Vec<SampledProcess>,
}

impl Sampler {
    /// Takes the first sample.
    pub fn new(services: &[ServiceProcess; 3]) -> Self {
        let mut sampler = Self { processes: Vec::new() };
        sampler.sample(services);
        sampler
    }

    /// All processes in the order of their start.
    pub fn processes(&self) -> &[SampledProcess] {
        &self.processes
    }

    /// Samples for this time, and restarts cameras whose connection broke.
    pub fn sample_for(&mut self, time: Duration, cameras: &mut SoakCameras, services: &[ServiceProcess; 3]) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            cameras.reconnect();
            self.sample(services);
            std::thread::sleep(SAMPLE_EVERY.min(until.saturating_duration_since(Instant::now())));
        }
    }

    /// Takes one sample of each service.
    pub fn sample(&mut self, services: &[ServiceProcess; 3]) {
        for (number, service) in services.iter().enumerate() {
            let Ok(answer) = http_get(service.admin(), "/metrics") else { continue };
            let (pid, counted) = (service.pid(), Metrics::parse(&answer.body).unwrap());
            let known = self.processes.iter().position(|process| process.pid == pid);
            let at = known.unwrap_or_else(|| {
                let (since, usage) = (Instant::now(), Vec::new());
                self.processes.push(SampledProcess { service: number, counted: counted.clone(), pid, since, usage });
                self.processes.len() - 1
            });
            let process = &mut self.processes[at];
            process.counted = counted;
            if process.since.elapsed() > WARM_UP {
                process.usage.extend(usage_of(pid));
            }
        }
    }

    /// Asserts that no process with enough samples has grown.
    pub fn assert_flat(&self) {
        let mut judged = 0;
        let mut grown = Vec::new();
        for SampledProcess { service, pid, usage, .. } in &self.processes {
            if usage.len() < LEAST_SAMPLES {
                continue;
            }
            judged += 1;
            let quarter = usage.len() / 4;
            let (second, last) = (medians(&usage[quarter..2 * quarter]), medians(&usage[3 * quarter..]));
            println!(
                "service {service}, process {pid}: {} samples, second quarter {second:?}, last quarter {last:?}",
                usage.len()
            );
            let limits = [MEMORY, HANDLES, THREADS];
            if (0..3).any(|what| last[what] > second[what] + limits[what]) {
                grown.push(format!("service {service}, process {pid}: {second:?} became {last:?}"));
            }
        }
        assert!(grown.is_empty(), "memory, handles or threads grew: {grown:#?}");
        assert!(judged > 0, "no process has enough samples: run the soak for longer");
    }
}

fn usage_of(pid: u32) -> Option<Usage> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    let handles = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count();
    Some([number("VmRSS:")? * 1024.0, handles as f64, number("Threads:")?])
}

fn medians(samples: &[Usage]) -> Usage {
    [0, 1, 2].map(|what| {
        let mut values: Vec<f64> = samples.iter().map(|usage| usage[what]).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    })
}
