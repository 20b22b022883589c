//! What each process of a service holds, and what it last counted: counters die with their process.

use std::fs;
use std::time::{Duration, Instant};

use vru_runtime::test_util::{Metrics, ServiceProcess, http_get};

use super::LOOK;
use super::cameras::Cameras;

/// A process has filled its caches and pools after this.
const WARM_UP: Duration = Duration::from_mins(1);
/// Too few looks say nothing about growth.
const LEAST_LOOKS: usize = 20;
/// The last quarter may hold more than the second by this: memory of an allocator that follows the load, and connections that
/// are opened again.
const MEMORY: f64 = 24.0 * 1024.0 * 1024.0;
const HANDLES: f64 = 8.0;
const THREADS: f64 = 4.0;

/// Memory in bytes, open file handles, threads.
type Held = [f64; 3];

/// One process of a service.
pub struct Incarnation {
    /// Its place in the pipeline.
    pub service: usize,
    /// What it counted when it was last asked.
    pub counted: Metrics,
    pid: u32,
    since: Instant,
    held: Vec<Held>,
}

/// Looks at the services every few seconds.
pub struct Watch {
    incarnations: Vec<Incarnation>,
}

impl Watch {
    /// Begins with a first look.
    pub fn new(services: &[ServiceProcess; 3]) -> Self {
        let mut watch = Self { incarnations: Vec::new() };
        watch.look(services);
        watch
    }

    /// Every process there was, in order.
    pub fn incarnations(&self) -> &[Incarnation] {
        &self.incarnations
    }

    /// Looks again and again, while cameras whose connection broke connect again.
    pub fn look_for(&mut self, time: Duration, cameras: &mut Cameras, services: &[ServiceProcess; 3]) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            cameras.reconnect();
            self.look(services);
            std::thread::sleep(LOOK.min(until.saturating_duration_since(Instant::now())));
        }
    }

    /// One look at each.
    pub fn look(&mut self, services: &[ServiceProcess; 3]) {
        for (number, service) in services.iter().enumerate() {
            let Ok(answer) = http_get(service.admin(), "/metrics") else { continue };
            let (pid, counted) = (service.pid(), Metrics::parse(&answer.body).unwrap());
            let known = self.incarnations.iter().position(|one| one.pid == pid);
            let at = known.unwrap_or_else(|| {
                let (since, held) = (Instant::now(), Vec::new());
                self.incarnations.push(Incarnation { service: number, counted: counted.clone(), pid, since, held });
                self.incarnations.len() - 1
            });
            let incarnation = &mut self.incarnations[at];
            incarnation.counted = counted;
            if incarnation.since.elapsed() > WARM_UP {
                incarnation.held.extend(held(pid));
            }
        }
    }

    /// No process that lived long enough has grown.
    pub fn assert_flat(&self) {
        let mut judged = 0;
        let mut grown = Vec::new();
        for Incarnation { service, pid, held, .. } in &self.incarnations {
            if held.len() < LEAST_LOOKS {
                continue;
            }
            judged += 1;
            let quarter = held.len() / 4;
            let (second, last) = (medians(&held[quarter..2 * quarter]), medians(&held[3 * quarter..]));
            println!("service {service}, process {pid}: {} looks, then {second:?}, at the end {last:?}", held.len());
            let limits = [MEMORY, HANDLES, THREADS];
            if (0..3).any(|what| last[what] > second[what] + limits[what]) {
                grown.push(format!("service {service}, process {pid}: {second:?} became {last:?}"));
            }
        }
        assert!(grown.is_empty(), "memory, handles or threads grew: {grown:#?}");
        assert!(judged > 0, "no process lived long enough to be judged: let it run for longer");
    }
}

fn held(pid: u32) -> Option<Held> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    let handles = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count();
    Some([number("VmRSS:")? * 1024.0, handles as f64, number("Threads:")?])
}

fn medians(held: &[Held]) -> Held {
    [0, 1, 2].map(|what| {
        let mut values: Vec<f64> = held.iter().map(|held| held[what]).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    })
}
