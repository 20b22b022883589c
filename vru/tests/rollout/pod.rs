//! One pod: a real program, what its node does with it (probes, preStop, signals), and what went wrong.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::node::{Node, Program, Variables};
use crate::workload::{Probe, Workload};

const TICK: Duration = Duration::from_millis(50);

pub struct Pod {
    pub name: String,
    pub address: Ipv4Addr,
    pub revision: u32,
    pub workload: Arc<Workload>,
    program: Program,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    started: bool,
    containers_ready: bool,
    /// The readiness gate: none where the pod has none.
    gate: Option<bool>,
    deleted: Option<Instant>,
    signalled: bool,
    ended: Option<ExitStatus>,
    faults: Vec<String>,
}

impl Pod {
    /// Starts its program on the node.
    pub fn start(
        node: &Node,
        workload: &Arc<Workload>,
        number: usize,
        revision: u32,
        address: Ipv4Addr,
        gated: bool,
        replaced: Variables,
    ) -> Arc<Self> {
        let name = format!("{}-{revision}-{number}", workload.name);
        let program = node.start(&name, workload, address, replaced);
        let state = State { gate: gated.then_some(false), ..State::default() };
        let (workload, state) = (workload.clone(), Mutex::new(state));
        let pod = Arc::new(Self { name, address, revision, workload, program, state });
        let watched = pod.clone();
        std::thread::spawn(move || watched.run());
        pod
    }

    /// Ready containers, and open gates.
    pub fn is_ready(&self) -> bool {
        let state = self.state.lock();
        state.containers_ready && state.gate != Some(false)
    }

    pub fn containers_are_ready(&self) -> bool {
        self.state.lock().containers_ready
    }

    /// The load balancer reaches it.
    pub fn open_gate(&self) {
        let mut state = self.state.lock();
        state.gate = state.gate.map(|_| true);
    }

    /// As the API server's deletion.
    pub fn delete(&self) {
        self.state.lock().deleted.get_or_insert_with(Instant::now);
    }

    pub fn is_terminating(&self) -> bool {
        self.state.lock().deleted.is_some()
    }

    pub fn is_gone(&self) -> bool {
        self.state.lock().ended.is_some()
    }

    /// What must not happen to a pod.
    pub fn faults(&self) -> Vec<String> {
        let faults = self.state.lock().faults.clone();
        faults.into_iter().map(|fault| format!("{}: {fault}; its log ends:\n{}", self.name, self.log_tail())).collect()
    }

    /// The process of its program, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.program.pid()
    }

    pub fn log(&self) -> String {
        self.program.process().log()
    }

    pub fn log_tail(&self) -> String {
        self.program.process().log_tail()
    }

    fn fault(&self, what: impl Into<String>) {
        self.state.lock().faults.push(what.into());
    }

    /// What the node does, until the process has ended.
    fn run(&self) {
        let container = self.workload.container();
        let mut startup = Series::new(&container.startup_probe);
        let mut liveness = Series::new(&container.liveness_probe);
        let mut readiness = Series::new(&container.readiness_probe);
        let (startup_failures, live_failures) = (startup.threshold, liveness.threshold);
        loop {
            if let Some(status) = self.program.process().ended() {
                self.end(status);
                return;
            }
            let (started, deleted) = {
                let state = self.state.lock();
                (state.started, state.deleted)
            };
            match deleted {
                Some(since) => self.terminate(since),
                None if !started => {
                    if startup.is_due() {
                        let passed = self.ask(&mut startup);
                        self.state.lock().started = passed;
                        if startup.failures >= startup_failures {
                            self.fault("its start-up probe failed: it would be started again");
                            self.program.process().kill();
                        }
                    }
                }
                None => {
                    if liveness.is_due() && !self.ask(&mut liveness) && liveness.failures >= live_failures {
                        self.fault("its liveness probe failed: it would be started again");
                        self.program.process().kill();
                    }
                }
            }
            if started && readiness.is_due() {
                self.ask(&mut readiness);
                self.judge_readiness(&readiness);
            }
            std::thread::sleep(TICK);
        }
    }

    fn judge_readiness(&self, readiness: &Series) {
        let mut state = self.state.lock();
        let was_ready = state.containers_ready;
        if readiness.failures == 0 {
            state.containers_ready = true;
        } else if readiness.failures >= readiness.threshold {
            state.containers_ready = false;
            if was_ready && state.deleted.is_none() {
                // On a busy machine a broker may be silent for a while. Nothing may be lost by that.
                println!("{} stopped being ready: {}", self.name, readiness.answer);
            }
        }
    }

    fn terminate(&self, since: Instant) {
        let pre_stop = self.workload.pre_stop();
        let mut state = self.state.lock();
        if since.elapsed() >= pre_stop && !state.signalled {
            state.signalled = true;
            self.program.terminate();
        }
        if since.elapsed() >= pre_stop + self.workload.drain() {
            state.faults.push("it did not end within its grace period and was killed".to_owned());
            drop(state);
            self.program.process().kill();
        }
    }

    fn end(&self, status: ExitStatus) {
        let mut state = self.state.lock();
        state.containers_ready = false;
        state.ended = Some(status);
        if !state.signalled || !status.success() {
            let told = if state.signalled { "" } else { " although nobody told it to" };
            state.faults.push(format!("it ended ({status}){told}"));
        }
    }

    fn ask(&self, series: &mut Series) -> bool {
        let address = SocketAddr::from((self.address, self.workload.port(&series.probe.http_get.port)));
        let timeout = Duration::from_secs(series.probe.timeout_seconds);
        let answer = get(address, &series.probe.http_get.path, timeout);
        let passed = answer.as_ref().is_ok_and(|answer| is_ok(answer));
        series.failures = if passed { 0 } else { series.failures + 1 };
        series.answer = answer.unwrap_or_else(|error| error.to_string());
        passed
    }
}

/// A probe that is asked again and again.
struct Series {
    probe: Probe,
    threshold: u32,
    due: Instant,
    failures: u32,
    answer: String,
}

impl Series {
    fn new(probe: &Probe) -> Self {
        let threshold = probe.failure_threshold;
        Self { probe: probe.clone(), threshold, due: Instant::now(), failures: 0, answer: String::new() }
    }

    fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let due = now >= self.due;
        if due {
            self.due = now + Duration::from_secs(self.probe.period_seconds);
        }
        due
    }
}

/// The whole answer, within the time limit of a probe.
pub fn get(address: SocketAddr, path: &str, timeout: Duration) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Whether the answer's status is 200.
pub fn is_ok(answer: &str) -> bool {
    answer.split(' ').nth(1) == Some("200")
}
